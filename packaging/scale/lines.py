"""JSON lines of a list of objects: what the recipes share."""
import json
import os
import subprocess
from pathlib import Path

TOOL = os.environ.get("BPFASSAY", "bpfassay")


def objects(places):
    """The objects below some folders, and files, in order."""
    found = []
    for place in map(Path, places):
        found += sorted(map(str, place.rglob("*.o"))) if place.is_dir() else [str(place)]
    return found


def lines(paths, targets, arguments=("--no-smoke",)):
    """The lines of these objects. Refused programs (1) and inputs that cannot be read (2) are
    results; where the tool itself failed there are none to trust."""
    if not paths:
        return []
    command = [TOOL, "check", "--quiet", "--format", "jsonl", "-t", targets, *arguments, "--", *paths]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1, 2):
        raise RuntimeError(f"bpfassay ended with {run.returncode}: {run.stderr[-2000:]}")
    return run.stdout.splitlines()


def totals(all_lines):
    """How many programs came to which verdict, by target."""
    counts = {}
    for line in all_lines:
        row = json.loads(line)
        key = (row["target"], row["verdict"])
        counts[key] = counts.get(key, 0) + 1
    return counts


def show(counts, programs=None):
    """The totals as text, the same for every recipe."""
    for (target, verdict), count in sorted(counts.items()):
        print(f"{target}\t{verdict}\t{count}")
    print(f"all\t\t{sum(counts.values()) if programs is None else programs}")
