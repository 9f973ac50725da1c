#!/bin/sh
# One part of a run: shard.sh INDEX OF FOLDER [ARGUMENT...]; INDEX counts from 0, as the
# completion index of a Kubernetes Job does. Writes FOLDER/part-INDEX.json and .jsonl.
#
# Refused programs (1) and inputs that cannot be read (2) are results, and in the report: the
# part has failed where there is no report, or where the tool did (3, or a signal).
set -u
index=$1 of=$2 folder=$3
shift 3
code=0
# What an earlier run left there is no result of this one.
rm -f "$folder/part-$index.json" "$folder/part-$index.jsonl" || exit 2
"${BPFASSAY:-bpfassay}" check --quiet --shard "$((index + 1))/$of" \
    --format json --output "$folder/part-$index.json" \
    --report "jsonl=$folder/part-$index.jsonl" "$@" || code=$?
[ "$code" -le 2 ] && [ -s "$folder/part-$index.json" ]
