#!/usr/bin/env python3
"""Applies every verified help of tests/corpus/explain, or of the sources named, to its
source, compiles it, and asks what becomes of the program then.

usage: scripts/apply-helps.py BPFASSAY [--cpu v2] [SOURCE...]     the binary to ask
  --cpu    build for this processor, also what has an object beside it
  CLANG    clang with the BPF target            default: clang
Flags are those of build-corpus.sh, with a source's own (`// BUILD ...`).
A help that is said to make the program load must do so, one that is said to go on must
lead past its refusal. Ends with 1 if one does not; says so and ends with 0 where there is
no clang. Sources without an object beside them are compiled.
"""

import argparse
import collections
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
CLANG = os.environ.get("CLANG", "clang")


def said(source, mark):
    """The words of a source's line `// MARK ...`."""
    lines = source.read_text().splitlines()
    return next((l.split()[2:] for l in lines if l.startswith(f"// {mark} ")), [])


def ask(binary, source, *more):
    command = [binary, "check", "--no-smoke", "--format", "json", "--fail-on", "never"]
    target = (said(source, "TARGET") or ["linux-6.18"])[0]
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


def compiled(source, built, cpu):
    flags = [*FLAGS, *said(source, "BUILD"), *([f"-mcpu={cpu}"] if cpu else [])]
    command = [CLANG, *flags, f"-I{FOLDER.parent}/include", "-c", source.name, "-o", str(built)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=source.parent)


def tried(binary, source, cpu, name, finding, help_):
    """What came of one help: a word, and why it is bad."""
    lines = source.read_text().splitlines()
    new = edited(lines, help_["suggestion"])
    if new is None:
        return "elsewhere", "the line is not as the help has it"
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / source.name
        place.write_text("\n".join(new) + "\n")
        built = place.with_suffix(".o")
        run = compiled(place, built, cpu)
        if run.returncode:
            return "uncompiled", f"does not compile: {run.stderr.splitlines()[0]}"
        verdict = ask(binary, place, "--prog", name, str(built))[0]
    if verdict["verdict"] == "accept":
        return "accepted", None
    told = f"{verdict['verdict']} in line {verdict['line']}: {verdict['message']}"
    grown = len(new) - len(lines) if help_["suggestion"]["line"] <= finding["line"] else 0
    same = verdict["message"] == finding["message"] and verdict["line"] == finding["line"] + grown
    if help_["tested"] == "verifies" or same:
        return "refused", told
    return "further", None


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("binary", type=pathlib.Path)
    options.add_argument("--cpu")
    options.add_argument("sources", nargs="*", type=pathlib.Path)
    given = options.parse_intermixed_args()
    binary, cpu = str(given.binary.resolve()), given.cpu
    if not shutil.which(CLANG):
        print(f"skipped: no {CLANG}")
        return 0
    sources = [a.resolve() for a in given.sources] or sorted(FOLDER.glob("*.c"))
    programs = 0
    came = collections.Counter()
    bad = []
    for source in sources:
        with tempfile.TemporaryDirectory() as folder:
            built = source.with_suffix(".o")
            if cpu or not built.exists():
                built = pathlib.Path(folder) / built.name
                run = compiled(source, built, cpu)
                if run.returncode:
                    print(run.stderr)
                    return 1
            told = ask(binary, source, str(built))
            if not told:
                print(f"{source.name}: has no programs, or cannot be loaded")
                return 1
        for program in told:
            programs += 1
            name = program["program"]
            finding = program["finding"] or {}
            for help_ in finding.get("help", []):
                if not help_["suggestion"] or help_["tested"] not in ("verifies", "goes-on", "passes"):
                    continue
                word, why = tried(binary, source, cpu, name, program, help_)
                came[help_["tested"], word] += 1
                if why:
                    bad.append(f"{name} ({help_['tested']}): {why}")
    print(f"{programs} programs; edits that were verified, and what they came to:")
    for (tested, word), count in sorted(came.items()):
        print(f"  {tested}: {count} {word}")
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
