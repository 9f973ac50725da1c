#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Fills in the measured part of the corpus's expectations, and reports conflicts.

usage: bless-corpus.py CLASSES.json VERDICTS.jsonl SOURCE...

CLASSES.json   {"classes": [{"id", "regex"}...]}: message classes, in order
VERDICTS.jsonl what a kernel said of each program, one JSON object a line, with
               program, verdict, stage, insns, processed, error (the verifier's
               message) and log_tail (the end of its log at level 1, long enough
               to hold the refused instruction's source line)

What an author states (verdict, code) is compared and never changed; what only a
kernel can tell (class, insn, processed, insns) is written into the EXPECT line,
and `// ERROR <code>` onto the refused source line. An expectation with
`oracle=none` is left alone. Bless, then read the diff.
"""
import glob
import json
import os
import re
import struct
import sys
import tomllib

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
IGNORED = {"stats", "trace_log"}


def codes():
    """Rejection code name -> message class, by number, from the pages of rules/."""
    pages = {}
    for path in glob.glob(f"{ROOT}/rules/*/*.toml"):
        with open(path, "rb") as f:
            pages[os.path.splitext(os.path.basename(path))[0]] = tomllib.load(f)
    names = sorted((n for n in pages if "class" in pages[n]), key=lambda n: pages[n]["number"])
    return {n: pages[n]["class"] for n in names}


def classify(classes, record):
    """Every class that a line of the message belongs to, as {class: line}."""
    found = {}
    for line in record["error"].split("\n"):
        if line.startswith("; "):
            continue
        for name, regex in classes:
            if name not in IGNORED and regex.search(line):
                found.setdefault(name, line)
    return found


def lines_of(path):
    """{program: [source line of each instruction]} of an object, main functions
    only: where subprograms end up is the loader's business."""
    data = open(path, "rb").read()
    at = lambda form, off: struct.unpack_from("<" + form, data, off)
    text = lambda base, off: data[base + off : data.index(b"\0", base + off)].decode()
    (table,), (count, names) = at("Q", 40), at("HH", 60)
    heads = [at("IIQQQQIIQQ", table + 64 * i) for i in range(count)]
    named = {text(heads[names][4], h[0]): h for h in heads}
    if ".BTF.ext" not in named:
        return {}
    ext, btf = named[".BTF.ext"][4], named[".BTF"][4]
    strings = btf + at("I", btf + 4)[0] + at("I", btf + 16)[0]
    off, size = at("II", ext + 16)
    cursor, end = ext + at("I", ext + 4)[0] + off, ext + at("I", ext + 4)[0] + off + size
    (width,), cursor = at("I", cursor), cursor + 4
    infos = {}
    while cursor < end:
        section, n = at("II", cursor)
        cursor += 8
        for _ in range(n):
            where, _, _, packed = at("IIII", cursor)
            infos.setdefault(text(strings, section), []).append((where, packed >> 10))
            cursor += width
    found, symbols = {}, named[".symtab"]
    for i in range(symbols[5] // 24):
        name, info, _, section, value, length = at("IBBHQQ", symbols[4] + 24 * i)
        if info & 15 == 2 and section < count:
            known, lines = infos.get(text(heads[names][4], heads[section][0]), []), []
            for insn in range(value, value + length, 8):
                before = [line for where, line in known if value <= where <= insn]
                lines.append(before[-1] if before else None)
            found[text(heads[symbols[6]][4], name)] = lines
    return found


def place(record, known):
    """(refused instruction, source line or None) from the log and the object."""
    insn = line = None
    for text in record["error"].split("\n") + record["log_tail"]:
        if m := re.match(r"^; .* @ [^:]*\.c:(\d+)", text):
            line = int(m[1])
        elif m := re.match(r"^(\d+): \([0-9a-f]{2}\) ", text):
            insn = int(m[1])
    if insn is None or re.search(r"unreachable insn|jump out of range", record["error"]):
        m = re.search(r"insn (\d+)", record["error"])
        insn = int(m[1]) if m else insn
        line = None
    if insn is not None and insn < len(known):
        line = known[insn]
    return insn, line


def bless(path, records, classes, table):
    lines = open(path).read().split("\n")
    conflicts, marks = [], {}
    built = os.path.splitext(path)[0] + ".o"
    known = lines_of(built) if os.path.exists(built) else {}
    for number, text in enumerate(lines):
        if not text.startswith("// EXPECT "):
            continue
        fields = dict(f.split("=", 1) for f in text[10:].split())
        if fields.get("oracle") == "none":
            continue
        record = records.get(fields["prog"])
        if record is None:
            conflicts.append(f"{fields['prog']}: no verdict")
            continue
        got = record["verdict"] if record["stage"] == "verifier" else f"load-error({record['stage']})"
        want = fields["verdict"] if fields["verdict"] != "load-error" else f"load-error({fields.get('stage')})"
        if got != want:
            conflicts.append(f"{fields['prog']}: expected {want}, kernel says {got}: {record['error'][-300:]} {record['libbpf'][-400:]}")
            continue
        if got == "accept":
            fields |= {"insns": record["insns"], "processed": record["processed"]}
        elif got == "reject":
            found = classify(classes, record)
            insn, line = place(record, known.get(fields["prog"], []))
            code = fields.setdefault("code", next((c for n in found for c, k in table.items() if k == n), "?"))
            name = table.get(code)
            if found and name not in found:
                conflicts.append(f"{fields['prog']}: code {code} is of class {name}, message of {found}")
                continue
            fields["class"] = name
            if insn is not None:
                fields["insn"] = insn
            if line:
                marks.setdefault(line, set()).add(code)
            print(f"  {fields['prog']}: {code} insn {insn} line {line}: {found.get(name, record['error'])[:120]}")
        lines[number] = "// EXPECT " + " ".join(f"{k}={v}" for k, v in fields.items())
    for number, text in enumerate(lines):
        text = re.sub(r"\s*// ERROR .*", "", text)
        if number + 1 in marks:
            text += "".join(f" // ERROR {code}" for code in sorted(marks[number + 1]))
        lines[number] = text
    if not conflicts:
        open(path, "w").write("\n".join(lines))
    return conflicts


def main():
    classes = [(c["id"], re.compile(c["regex"])) for c in json.load(open(sys.argv[1]))["classes"]]
    by_object = {}
    for text in open(sys.argv[2]):
        record = json.loads(text)
        by_object.setdefault(os.path.basename(record["object"]), {})[record["program"]] = record
    failed = False
    for source in sys.argv[3:]:
        name = os.path.splitext(os.path.basename(source))[0] + ".o"
        for conflict in bless(source, by_object.get(name, {}), classes, codes()):
            print(f"{source}: {conflict}")
            failed = True
    sys.exit(failed)


main()
