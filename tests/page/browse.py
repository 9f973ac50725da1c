#!/usr/bin/env python3
"""Opens report pages in a real browser and uses them as a person would.

    browse.py BPFASSAY [SCREENSHOTS]

Needs a Chromium in the path; speaks its debugging protocol with nothing but the
standard library. Ends with 0 if every step showed what it must, 77 if there is no
browser (the reason is printed), 1 otherwise.
"""
import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ["chromium", "chromium-browser", "google-chrome", "chrome"]


class Browser:
    """A headless browser with one tab."""

    def __init__(self, program, folder):
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        told = Path(folder) / "DevToolsActivePort"
        deadline = time.monotonic() + 60
        while not (told.exists() and told.read_text().count("\n")):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SystemExit("the browser does not start")
            time.sleep(0.1)
        port = told.read_text().split()[0]
        tabs = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json"))
        url = next(t["webSocketDebuggerUrl"] for t in tabs if t["type"] == "page")
        self.socket = socket.create_connection(("127.0.0.1", int(port)))
        self.socket.settimeout(120)
        key = base64.b64encode(os.urandom(16)).decode()
        path = "/" + url.split("/", 3)[3]
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                             "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.socket.recv(1)
        self.count, self.complaints = 0, []
        for domain in ["Runtime", "Log", "Page"]:
            self.ask(f"{domain}.enable")

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise SystemExit("the browser is gone")
            data += part
        return data

    def receive(self):
        message = b""
        while True:
            first, second = self.read(2)
            length = second & 127
            if length == 126:
                length = struct.unpack(">H", self.read(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self.read(8))[0]
            message += self.read(length)
            if first & 0x80:
                return json.loads(message)

    def ask(self, method, **params):
        self.count += 1
        data = json.dumps({"id": self.count, "method": method, "params": params}).encode()
        mask, n = os.urandom(4), len(data)
        head = bytes([0x81])
        if n < 126:
            head += bytes([0x80 | n])
        elif n < 65536:
            head += b"\xfe" + struct.pack(">H", n)
        else:
            head += b"\xff" + struct.pack(">Q", n)
        self.socket.sendall(head + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(data)))
        while True:
            answer = self.receive()
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            name = answer.get("method", "")
            if name in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"):
                self.complaints.append(answer["params"])

    def js(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise SystemExit(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def open(self, file, width=1400, height=900, shown="nav table"):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                 mobile=width < 600)
        self.ask("Page.navigate", url=Path(file).as_uri())
        deadline = time.monotonic() + 60
        while self.js(f"document.readyState + !!document.querySelector('{shown}')") != "completetrue":
            if time.monotonic() > deadline:
                raise SystemExit(f"{file} is not shown")
            time.sleep(0.1)

    def key(self, key, code=0):
        for kind in ["keyDown", "keyUp"]:
            more = {"text": key} if kind == "keyDown" and len(key) == 1 else {}
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more)

    def shot(self, file):
        if file:
            data = self.ask("Page.captureScreenshot")["data"]
            file.write_bytes(base64.b64decode(data))

    def close(self):
        self.process.kill()
        self.process.wait()


FAILED = []


def check(what, got, want=True):
    print(f"{'ok  ' if got == want else 'FAIL'} {what}" + ("" if got == want else f": {got!r}, not {want!r}"))
    if got != want:
        FAILED.append(what)


ROWS = "document.querySelectorAll('nav tbody tr:not(.object)').length"
STEP = "document.querySelector('.bar .mono').textContent"
TAB = "[...document.querySelectorAll('.tabs button')].find(b => b.textContent.startsWith('{}')).click()"


def page(tool, folder, name, *arguments, verb="check"):
    file = Path(folder) / name
    quiet = ["-q", "-o", os.devnull] if verb == "check" else []
    subprocess.run([tool, verb, *map(str, arguments), *quiet, "--report", f"html={file}"],
                   cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return file


def main():
    tool = Path(sys.argv[1]).resolve()
    shots = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    shot = lambda name: shots and shots / name
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        print("no browser: none of", ", ".join(BROWSERS))
        return 77
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(program, folder)
        try:
            corpus = Path("tests/corpus")
            few = page(tool, folder, "few.html", "--source-root", corpus, corpus / "reject/memory.o", corpus / "accept/xdp_l4lb.o",
                       "-t", "linux-6.1,linux-6.18")
            browser.open(few)
            programs = browser.js(ROWS)
            check("programs are listed", programs > 20)
            check("a column for each target", browser.js("document.querySelectorAll('nav thead th').length"), 3)
            browser.key("/")
            check("/ goes to the filter", browser.js("document.activeElement.id"), "search")
            for letter in "balancer":
                browser.key(letter)
            check("the filter leaves one program", browser.js(ROWS), 1)
            browser.key("Escape")
            browser.key("j")
            check("j chooses it", browser.js("document.querySelector('#detail h2').textContent.split(' ')[0]"), "balancer")
            check("it is accepted", browser.js("!!document.querySelector('#detail .chip.accept')"))
            browser.js(TAB.format("Steps"))
            first = browser.js(STEP)
            check("the stepper begins at the first step", first.startswith("step 1 of "))
            browser.key("ArrowRight")
            browser.key("ArrowRight")
            check("the arrows step", browser.js(STEP).startswith("step 3 of "))
            check("registers are told", browser.js("!!document.querySelector('.state td')"))
            browser.js("[...document.querySelectorAll('.state button')].find(b => b.title).click()")
            check("a register leads to where it was made", browser.js(STEP).split()[1] in ("1", "2"))
            shot("steps.png") and browser.shot(shot("steps.png"))
            browser.js(TAB.format("Flow"))
            check("blocks are drawn", browser.js("document.querySelectorAll('svg.flow .block').length") > 10)
            check("edges are drawn", browser.js("document.querySelectorAll('svg.flow .edge').length") > 10)
            shot("flow.png") and browser.shot(shot("flow.png"))
            browser.js(TAB.format("Cost"))
            check("lines have their cost", browser.js("document.querySelector('.code .n').textContent.trim().length > 2"))
            browser.js("document.getElementById('search').value = ''; document.getElementById('search').dispatchEvent(new Event('input'))")
            browser.js("[...document.querySelectorAll('#totals button')].find(b => b.textContent.includes('accept')).click()")
            check("a verdict filters", browser.js(ROWS), 1)
            browser.js("[...document.querySelectorAll('#totals button')].find(b => b.textContent.includes('reject')).click()")
            browser.js("[...document.querySelectorAll('nav tbody button')].find(b => b.textContent === 'packet_unchecked').click()")
            browser.js(TAB.format("Explanation"))
            check("a refusal shows its place", browser.js("document.querySelectorAll('.snippet .hit.primary').length >= 1"))
            check("and how it is mended", browser.js("!!document.querySelector('.help .diff .add')"))
            check("all parts are texts", browser.js("document.body.innerText.includes('[object')"), False)
            shot("refusal.png") and browser.shot(shot("refusal.png"))
            browser.js(TAB.format("Steps"))
            check("its stepper begins at the refusal", browser.js("!!document.querySelector('.row.now.refused')"))
            dark = "getComputedStyle(document.body).backgroundColor"
            before = browser.js(dark)
            browser.js("document.getElementById('theme').click()")
            check("there is a dark side", browser.js(dark) != before)
            browser.open(few, 390, 800)
            check("nothing overflows a phone", browser.js("document.documentElement.scrollWidth <= 390"))
            shot("phone.png") and browser.shot(shot("phone.png"))

            everything = page(tool, folder, "all.html", corpus, "-t", "linux-5.10,linux-6.18")
            size = everything.stat().st_size
            check("the page of the corpus is below 64 MiB", size < 64 << 20)
            browser.open(everything)
            check("and opens", browser.js(ROWS) > 300)

            balancer = corpus / "accept/xdp_l4lb.o"
            audit = page(tool, folder, "audit.html", balancer, verb="audit")
            browser.open(audit, shown="h2")
            count = lambda what: browser.js(f"document.querySelectorAll('{what}').length")
            check("an audit has its tables", count("table") >= 3)
            check("and who uses what, drawn", count("svg rect") > 5 and count("svg path") > 5)
            check("what leads to what is told", browser.js("document.querySelector('svg path title').textContent.length > 3"))
            shot("audit.png") and browser.shot(shot("audit.png"))
            browser.open(audit, 390, 800, shown="h2")
            check("it does not overflow a phone", browser.js("document.documentElement.scrollWidth <= 390"))
            run = page(tool, folder, "run.html", balancer, "--prog", "balancer", "--dump-maps", verb="run")
            browser.open(run, shown="h2")
            check("a run has a row for each input", count("table:first-of-type tbody tr") >= 8)
            check("its result has a name", browser.js("/XDP_/.test(document.querySelector('tbody').textContent)"))
            check("lines that were reached are told", count("pre .all") > 3)
            shot("run.png") and browser.shot(shot("run.png"))
            browser.open(run, 390, 800, shown="h2")
            check("it does not overflow a phone, either", browser.js("document.documentElement.scrollWidth <= 390"))
            check("no complaint of the browser", browser.complaints, [])
        finally:
            browser.close()
    print(f"{len(FAILED)} failed" if FAILED else "all shown")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
