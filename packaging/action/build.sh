#!/usr/bin/env bash
# Builds the tool: the reference that is asked for, or the sources of this action.
set -euo pipefail
mkdir -p "$BIN"
if [ -n "${VERSION:-}" ]; then
    : "${GITHUB_SERVER_URL:?}" "${GITHUB_ACTION_REPOSITORY:?}"
    from=$(mktemp -d)
    git clone --quiet "$GITHUB_SERVER_URL/$GITHUB_ACTION_REPOSITORY" "$from"
    git -C "$from" -c advice.detachedHead=false checkout --quiet "$VERSION"
else
    from=$ACTION
fi
cargo build --release --locked --manifest-path "$from/Cargo.toml" --bin bpfassay --target-dir "$BIN/target"
mv "$BIN/target/release/bpfassay" "$BIN/bpfassay"
rm -rf "$BIN/target"
