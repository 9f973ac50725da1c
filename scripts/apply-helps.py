#!/usr/bin/env python3
"""Applies every verified help of tests/corpus/explain to its source, compiles it, and
asks whether the program is accepted then.

usage: scripts/apply-helps.py BPFASSAY          the binary to ask
  CLANG    clang with the BPF target            default: clang
Ends with 1 if one of the edited programs is not accepted; says so and ends with 0
where there is no clang.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests/corpus/explain"
FLAGS = (
    "-target bpf -O2 -g -mcpu=v3 -std=gnu17 -Wall -Wno-unused-variable -Wno-uninitialized "
    "-Wno-unused-function -Wno-unknown-attributes -Wno-missing-declarations "
    "-Wno-address-of-packed-member -fno-ident -w"
).split()


def ask(binary, source, *more):
    command = [binary, "check", "--no-smoke", "--format", "json", "--fail-on", "never"]
    named = [l for l in source.read_text().splitlines() if l.startswith("// TARGET ")]
    target = named[0].split()[2] if named else "linux-6.18"
    command += ["--target", target, "--source-root", str(source.parent), *more]
    out = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(out.stdout)["objects"][0]["programs"]


def edited(lines, suggestion):
    at = suggestion["line"] - 1
    code = suggestion["old"].split("//")[0].strip()
    if lines[at].split("//")[0].strip() != code:
        return None
    end = at + 1 if suggestion["place"] == "instead" else at
    start = at + 1 if suggestion["place"] == "after" else at
    return lines[:start] + suggestion["new"] + lines[max(end, start):]


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    clang = os.environ.get("CLANG", "clang")
    if not shutil.which(clang):
        print(f"skipped: no {clang}")
        return 0
    programs = helps = accepted = 0
    bad = []
    for source in sorted(FOLDER.glob("*.c")):
        text = source.read_text().splitlines()
        for program in ask(binary, source, str(source.with_suffix(".o"))):
            programs += 1
            name = program["program"]
            found = (program["finding"] or {}).get("help", [])
            sure = [h for h in found if h["suggestion"] and h["tested"] == "verifies"]
            if not sure:
                continue
            helps += 1
            new = edited(text, sure[0]["suggestion"])
            if new is None:
                bad.append(f"{name}: the line is not as the help has it")
                continue
            with tempfile.TemporaryDirectory() as folder:
                place = pathlib.Path(folder) / source.name
                place.write_text("\n".join(new) + "\n")
                built = place.with_suffix(".o")
                command = [clang, *FLAGS, f"-I{FOLDER.parent}/include", "-c", str(place), "-o", str(built)]
                run = subprocess.run(command, capture_output=True, text=True, check=False)
                if run.returncode:
                    bad.append(f"{name}: does not compile: {run.stderr.splitlines()[0]}")
                    continue
                verdict = ask(binary, place, "--prog", name, str(built))[0]
                if verdict["verdict"] == "accept":
                    accepted += 1
                else:
                    bad.append(f"{name}: {verdict['verdict']} in line {verdict['line']}: {verdict['message']}")
    print(f"{programs} programs, {helps} with a verified edit, {accepted} accepted with it")
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
