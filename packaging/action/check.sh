#!/usr/bin/env bash
# Checks, annotates, and writes SARIF, the page and the job's summary. The exit code
# becomes an output: later steps upload what there is before the job fails.
set -euo pipefail
read -r -a files <<< "${FILES//$'\n'/ }"
read -r -a more <<< "${ARGS:-}"
# Globs are the shell's; one that names nothing stays, and bpfassay says so.
expanded=()
for file in "${files[@]}"; do
    # shellcheck disable=SC2206 # that is the point
    expanded+=($file)
done
out="${RUNNER_TEMP:?}/bpfassay"
mkdir -p "$out"
options=(--format github --report "sarif=$out/bpfassay.sarif" --report "html=$out/bpfassay.html")
options+=(--report "markdown=$out/summary.md")
[ -z "${TARGETS:-}" ] || options+=(--target "$TARGETS")
code=0
"$BIN/bpfassay" check "${options[@]}" "${more[@]}" -- "${expanded[@]}" || code=$?
{
    echo "code=$code"
    [ ! -s "$out/bpfassay.sarif" ] || echo "sarif=$out/bpfassay.sarif"
    [ ! -s "$out/bpfassay.html" ] || echo "page=$out/bpfassay.html"
} >> "$GITHUB_OUTPUT"
# A step's summary holds 1 MiB; the report keeps below what a comment holds, 64 Ki characters.
if [ "${SUMMARY:-true}" = true ] && [ -s "$out/summary.md" ]; then
    cat "$out/summary.md" >> "${GITHUB_STEP_SUMMARY:-/dev/null}"
fi
