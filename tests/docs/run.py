#!/usr/bin/env python3
"""Runs every command of the book, and looks for what the book shows of its answer.

    run.py BPFASSAY

In a fence `console`, a line that begins with `$ ` is a command, which is run from the root of the
checkout (files that it writes go to a folder that is dropped); the lines below it must stand in
the answer. A comment `# exits N` states an exit code other than 0.
"""
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```console\n(.*?)^```", re.M | re.S)


def commands(text):
    for fence in FENCE.findall(text):
        command, shown = None, []
        for line in fence.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, shown
                command, shown = line[2:], []
            elif line.strip():
                shown.append(line.strip())
        if command:
            yield command, shown


def main():
    tool = str(Path(sys.argv[1]).resolve())
    count = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tests").symlink_to(ROOT / "tests")
        for page in sorted((ROOT / "docs/src").glob("*.md")) + [ROOT / "README.md"]:
            for command, shown in commands(page.read_text()):
                count += 1
                want = re.search(r"# exits (\d)", command)
                words = shlex.split(command, comments=True)
                words[0] = tool
                run = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
                answer = run.stdout + run.stderr
                code = int(want.group(1)) if want else 0
                missing = [s for s in shown if s not in answer]
                if run.returncode != code or missing:
                    failed += 1
                    print(f"FAIL {page.name}: {command}\n  exit code {run.returncode}, not {code}" if run.returncode != code
                          else f"FAIL {page.name}: {command}\n  without {missing}")
                    print("  " + "\n  ".join(answer.splitlines()[:12]))
                for summary in re.findall(r"\]\(([a-z-]+\.(?:png|md))\)", page.read_text()):
                    if not (page.parent / summary).exists():
                        failed += 1
                        print(f"FAIL {page.name}: there is no {summary}")
    print(f"{count} commands of the book, {failed} failed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
