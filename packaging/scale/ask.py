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
    only = int(files.pop(1)) if files[:1] == ["--only"] and files.pop(0) else None
    db = duckdb.connect()
    parquet = all(name.endswith(".parquet") for name in files)
    table = db.read_parquet(files) if parquet else db.read_json(files, format="newline_delimited", columns=COLUMNS)
    table.create_view("lines")
    text = Path(__file__).with_name("queries.sql").read_text()
    questions = [part.strip() for part in text.split(";") if "SELECT" in part]
    for at, question in enumerate(questions, 1):
        if only in (None, at):
            for line in question.splitlines():
                if line.startswith("-- ") and only is None:
                    print(line)
            print(db.sql(question))


if __name__ == "__main__":
    main(sys.argv[1:])
