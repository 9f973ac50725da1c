#!/usr/bin/env bash
# Runs every recipe on this machine, and holds its totals against those of one process.
# Usage: run.sh BPFASSAY [PLACE... [-- TARGETS]]; what it has no engine for is named.
set -euo pipefail
export BPFASSAY=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
shift
places=() targets=linux-6.1,linux-6.12,linux-6.18
while [ $# -gt 0 ]; do
    if [ "$1" = -- ]; then targets=$2; shift 2; else places+=("$(realpath "$1")"); shift; fi
done
[ ${#places[@]} -gt 0 ] || places=("$here/../../tests/corpus/accept" "$here/../../tests/corpus/reject")
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$here"
ok() { printf 'ok   %s (%ss)\n' "$1" "$SECONDS"; SECONDS=0; }
skip() { printf 'NOT CHECKED: %s\n' "$*"; }
same() { diff -u "$work/one" "$work/$1" || { printf 'FAIL %s: other totals\n' "$1"; exit 1; }; }
SECONDS=0

"$python" one.py "$targets" "${places[@]}" > "$work/one"
tail -1 "$work/one"
ok "one process"

# The parts of a Job, one after another, and what comes of merging them.
mkdir "$work/results"
for index in 0 1 2 3; do
    sh shard.sh "$index" 4 "$work/results" --no-smoke -t "$targets" -- $("$python" -c '
import sys; sys.path.insert(0, "."); from lines import objects; print(*objects(sys.argv[1:]))' "${places[@]}")
done
"$BPFASSAY" merge --format jsonl -o "$work/merged.jsonl" "$work"/results/part-*.json || [ $? -le 2 ]
"$python" -c 'import sys; from lines import show, totals; show(totals(open(sys.argv[1])))' "$work/merged.jsonl" > "$work/job"
same job
cat "$work"/results/part-*.jsonl > "$work/parts.jsonl"
"$python" -c 'import sys; from lines import show, totals; show(totals(open(sys.argv[1])))' "$work/parts.jsonl" > "$work/lines"
same lines
ok "the parts of an indexed Job, merged"
if "$python" -c 'import yaml' 2> /dev/null; then
    "$python" -c 'import yaml; j = yaml.safe_load(open("job.yaml")); s = j["spec"]
assert j["kind"] == "Job" and s["completionMode"] == "Indexed"
args = s["template"]["spec"]["containers"][0]["args"]
assert args[1] == str(s["completions"]), "as many parts as completions"'
    ok "job.yaml is read"
else
    skip "job.yaml: no parser (pip install pyyaml)"
fi

if "$python" -c 'import pyspark' 2> /dev/null && command -v java > /dev/null; then
    "$python" spark.py "$targets" "$work/parquet" "${places[@]}" > "$work/spark" 2> "$work/spark.err" || { tail -20 "$work/spark.err"; exit 1; }
    same spark
    ok "Spark"
else
    skip "Spark: no pyspark or no java (pip install pyspark)"
fi
if "$python" -c 'import ray' 2> /dev/null; then
    "$python" ray_check.py "$targets" "$work/ray.jsonl" "${places[@]}" > "$work/ray" 2> "$work/ray.err" || { tail -20 "$work/ray.err"; exit 1; }
    same ray
    ok "Ray"
else
    skip "Ray: it is not there (pip install ray)"
fi
if "$python" -c 'import duckdb' 2> /dev/null; then
    "$python" ask.py "$work"/results/part-*.jsonl > "$work/answers"
    grep -q 'What works where' "$work/answers"
    # The first question has no answer in most sets: here is one.
    printf '.type kprobe\n.license "GPL"\n*(u64 *)(r10 - 8) = 0\nr1 = 0\nr2 = r10\nr2 += -8\nr3 = 8\ncall 36\nr1 = 0\nr2 = 0\ncall 211\nr0 = 0\nexit\n' > "$work/writer.bpfasm"
    "$BPFASSAY" check -q --format jsonl -t linux-6.1 "$work/writer.bpfasm" > "$work/writer.jsonl" || true
    "$python" ask.py --only 1 "$work/merged.jsonl" "$work/writer.jsonl" | tee "$work/answer"
    grep -q writer.bpfasm "$work/answer" || { printf 'FAIL: who writes user memory and fails on 6.1?\n'; exit 1; }
    [ ! -d "$work/parquet" ] || "$python" ask.py "$work"/parquet/*.parquet > /dev/null
    ok "DuckDB's answers"
else
    skip "DuckDB: it is not there (pip install duckdb)"
fi
