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
import json
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
IGNORED = {"stats", "trace_log"}


def codes():
    """Rejection code name -> message class, read from the engine's table."""
    text = open(f"{ROOT}/src/abstract_interp/violation.rs").read()
    return dict(re.findall(r'= \d+, "([^"]+)", "([^"]+)";', text))


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


def place(record):
    """(refused instruction, source line or None) from the log."""
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
    return insn, line


def bless(path, records, classes, table):
    lines = open(path).read().split("\n")
    conflicts, marks = [], {}
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
            insn, line = place(record)
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
