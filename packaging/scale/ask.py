#!/usr/bin/env python3
"""Asks JSON lines (or Parquet) the questions of queries.sql: ask.py FILE...; patterns are
DuckDB's. With --only N, the Nth question alone."""
import sys
from pathlib import Path

import duckdb

COLUMNS = {
    name: kind
    for kind, names in {
        "VARCHAR": "schema object program section prog_type attach_type target variant verdict code class message "
                   "file smoke",
        "BIGINT": "insn line column insns processed total_states peak_states stack_depth verify_us map_bytes "
                  "map_bytes_per_cpu",
        "VARCHAR[]": "assumes callees",
        "MAP(VARCHAR, BIGINT)": "smoke_coverage",
    }.items()
    for name in names.split()
}


def main(files):
    only = int(files.pop(0)) if files[:1] == ["--only"] and files.pop(0) else None
    db = duckdb.connect()
    parquet = all(name.endswith(".parquet") for name in files)
    table = db.read_parquet(files) if parquet else db.read_json(files, format="newline_delimited", columns=COLUMNS)
    table.create_view("lines")
    # A question is a comment, then a statement; the page begins with a paragraph about itself.
    page = Path(__file__).with_name("queries.sql").read_text().split("\n\n")[1:]
    for at, part in enumerate(page, 1):
        lines = part.strip().splitlines()
        if only in (None, at):
            print("\n".join(line for line in lines if line.startswith("--")))
            print(db.sql("\n".join(line for line in lines if not line.startswith("--")).rstrip(";")))


if __name__ == "__main__":
    main(sys.argv[1:])
