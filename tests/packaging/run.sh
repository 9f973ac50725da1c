#!/usr/bin/env bash
# Tries what is under packaging/ with a built bpfassay, as far as this machine goes; what
# it has no tool for is named. Usage: run.sh BPFASSAY
set -euo pipefail
tool=$(realpath "$1")
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"
ok() { printf 'ok   %s\n' "$*"; }
fail() { printf 'FAIL %s\n' "$*"; exit 1; }
skip() { printf 'NOT CHECKED: %s\n' "$*"; }

# The action: its scripts, with what a runner gives them.
export RUNNER_TEMP=$work ACTION=$root VERSION="" GITHUB_OUTPUT=$work/outputs GITHUB_STEP_SUMMARY=$work/summary
bash packaging/action/where.sh
grep -q '^key=[0-9a-f]\{32\}$' "$GITHUB_OUTPUT" || fail "the action has no key for its cache"
mkdir -p "$work/bpfassay-bin" && cp "$tool" "$work/bpfassay-bin/bpfassay"
export BIN=$work/bpfassay-bin SUMMARY=true ARGS="--no-smoke"
FILES="tests/corpus/accept/xdp_*.o" TARGETS=linux-6.12 bash packaging/action/check.sh > "$work/annotations"
grep -q '^code=0$' "$GITHUB_OUTPUT" || fail "the action refuses what is accepted"
: > "$GITHUB_OUTPUT"
FILES=$'tests/corpus/reject/memory.o\ntests/corpus/accept' TARGETS=linux-6.1,linux-6.12 bash packaging/action/check.sh > "$work/annotations"
grep -q '^code=1$' "$GITHUB_OUTPUT" || fail "the action passes what is refused"
for file in sarif page; do
    [ -s "$(sed -n "s/^$file=//p" "$GITHUB_OUTPUT")" ] || fail "the action wrote no $file"
done
[ "$(grep -c '^::error' "$work/annotations")" = 10 ] || fail "not ten annotations of a level"
[ "$(wc -m < "$GITHUB_STEP_SUMMARY")" -le 131072 ] || fail "the summary is too long"
ok "the action's steps"

# GitLab: the same command as its job, and its reports read by a parser.
"$tool" check --target linux-6.1,linux-6.12 --no-smoke --report gitlab="$work/quality.json" \
    --report junit="$work/junit.xml" --report html="$work/page.html" tests/corpus/reject > /dev/null || true
if command -v python3 > /dev/null; then
    python3 - "$work" <<'PY' || fail "GitLab's reports"
import json, sys, xml.etree.ElementTree as tree
issues = json.load(open(sys.argv[1] + "/quality.json"))
prints = [i["fingerprint"] for i in issues]
assert issues and len(set(prints)) == len(prints), "fingerprints are not unique"
for i in issues:
    assert i["severity"] in ("info", "minor", "major", "critical", "blocker"), i
    assert i["location"]["lines"]["begin"] >= 1 and not i["location"]["path"].startswith("/"), i
assert tree.parse(sys.argv[1] + "/junit.xml").getroot().tag == "testsuites"
PY
    ok "GitLab's reports"
    if python3 -c 'import yaml' 2> /dev/null; then
        python3 -c 'import sys, yaml; [yaml.safe_load(open(f)) for f in sys.argv[1:]]' \
            action.yml packaging/gitlab/bpfassay.yml .pre-commit-hooks.yaml || fail "YAML"
        ok "YAML is read"
    else
        skip "YAML of the action, GitLab and pre-commit: no parser (pip install pyyaml)"
    fi
else
    skip "GitLab's reports: no python3"
fi

# An image without an engine: every blob is what its name says.
if command -v python3 > /dev/null; then
    bash packaging/docker/oci.sh "$work/image" "$tool" > /dev/null
    for blob in "$work"/image/blobs/sha256/*; do
        [ "$(sha256sum "$blob" | cut -d' ' -f1)" = "$(basename "$blob")" ] || fail "a blob is not what its name says"
    done
    python3 -c 'import json, sys
i = json.load(open(sys.argv[1] + "/index.json"))["manifests"][0]["digest"].split(":")[1]
m = json.load(open(f"{sys.argv[1]}/blobs/sha256/{i}"))
assert len(m["layers"]) == 1 and m["config"]["digest"]' "$work/image" || fail "the image's index"
    ok "the image's folder"
fi
if docker info > /dev/null 2>&1; then
    ok "a container engine is here: docker build -f packaging/docker/Dockerfile . takes it from there"
else
    skip "the container's build: no engine that runs"
fi

# A release of the binaries that are here: the same bytes twice, and what its bill says.
cargo_tool=$(dirname "$tool")/cargo-bpfassay
if [ -x "$cargo_tool" ] && command -v python3 > /dev/null && command -v cargo > /dev/null; then
    for folder in once again; do
        bash packaging/release/release.sh "$work/$folder" "$tool" "$cargo_tool" x86_64-unknown-linux-gnu > /dev/null || fail "the release"
        (cd "$work/$folder" && sha256sum --quiet -c SHA256SUMS) || fail "the release's checksums"
    done
    cmp "$work/once/SHA256SUMS" "$work/again/SHA256SUMS" || fail "a release is not the same twice"
    tar -tzf "$work"/once/*.tar.gz > "$work/names"
    for file in bpfassay cargo-bpfassay completions/bpfassay.zsh man/bpfassay-check.1 LICENSE-MIT; do
        grep -q "/$file\$" "$work/names" || fail "the release has no $file"
    done
    python3 -c 'import json, sys
b = json.load(open(sys.argv[1]))
names = {c["name"] for c in b["components"]}
assert b["specVersion"] == "1.6" and {"goblin", "clap", "serde"} <= names and "proptest" not in names, names
refs = {c["bom-ref"] for c in b["components"]} | {b["metadata"]["component"]["bom-ref"]}
assert all(d in refs for e in b["dependencies"] for d in e["dependsOn"])' "$work"/once/*.cdx.json || fail "the bill of materials"
    ok "the release: archive, checksums, bill of materials"
else
    skip "the release: no cargo-bpfassay beside the tool, no python3 or no cargo"
fi

# Many machines, on this one.
if command -v python3 > /dev/null; then
    bash packaging/scale/run.sh "$tool" tests/corpus/accept tests/corpus/reject -- linux-6.1,linux-6.18 || fail "the recipes for many machines"
fi

# The recipes.
cp packaging/recipes/* "$work/" && cd "$work"
export PATH="$BIN:$PATH"
if command -v clang > /dev/null && command -v make > /dev/null; then
    make -s > /dev/null && [ -f xdp_count.bpf.checked ] || fail "the Makefile"
    printf '#define SEC(n) __attribute__((section(n), used))\nSEC("xdp") int p(int *c) { return *(int *)(long)c[0]; }\n' > bad.bpf.c
    if make -s > /dev/null 2>&1; then fail "the Makefile lets a refused program pass"; fi
    rm bad.bpf.c
    ok "the Makefile"
else
    skip "the Makefile: no clang or no make"
fi
if command -v clang > /dev/null && command -v cmake > /dev/null; then
    cmake -S . -B build > /dev/null && cmake --build build > /dev/null && ctest --test-dir build > /dev/null || fail "CMake"
    ok "CMake"
else
    skip "CMake: no clang or no cmake"
fi
if command -v clang > /dev/null && command -v meson > /dev/null; then
    meson setup m > /dev/null && meson test -C m > /dev/null || fail "Meson"
    ok "Meson"
else
    skip "Meson: no clang or no meson"
fi
if command -v pre-commit > /dev/null && command -v clang > /dev/null; then
    git init -q hook && cp xdp_count.bpf.o hook/ && (
        cd hook && git add . && printf 'repos:\n- repo: local\n  hooks:\n  - {id: b, name: b, entry: bpfassay check --quiet, language: system, files: "[.]bpf[.]o$"}\n' > .pre-commit-config.yaml &&
        git add . && pre-commit run --all-files > /dev/null) || fail "the hook"
    ok "the hook"
else
    skip "the hook: no pre-commit or no clang"
fi
echo "all that can be tried here was"
