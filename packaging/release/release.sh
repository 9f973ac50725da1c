#!/usr/bin/env bash
# An archive of a release: the binaries, completions, manual pages, licences, a bill of
# materials, and checksums of all. The same inputs give the same bytes.
#
#   release.sh FOLDER [BINARY CARGO_BINARY [TARGET]]
#
# Without binaries they are built for TARGET, static ones by default
# (`rustup target add x86_64-unknown-linux-musl`).
set -euo pipefail
out=${1:?folder}
target=${4:-x86_64-unknown-linux-musl}
mkdir -p "$out"
out=$(realpath "$out")
if [ $# -ge 3 ]; then
    binary=$(realpath "$2") cargo_binary=$(realpath "$3")
fi
cd "$(dirname "$0")/../.."
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2> /dev/null || echo 0)}
if [ $# -lt 3 ]; then
    cargo build --release --locked --bins --target "$target"
    binary=target/$target/release/bpfassay cargo_binary=target/$target/release/cargo-bpfassay
fi
version=$("$binary" --version | cut -d' ' -f2)
name=bpfassay-$version-$target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/$name
mkdir -p "$tree/completions" "$tree/man"
install -m 755 "$binary" "$tree/bpfassay"
install -m 755 "$cargo_binary" "$tree/cargo-bpfassay"
if command -v strip > /dev/null; then strip "$tree/bpfassay" "$tree/cargo-bpfassay" 2> /dev/null || true; fi
for shell in bash zsh fish powershell elvish; do
    "$binary" completions "$shell" > "$tree/completions/bpfassay.$shell"
done
"$binary" man --output "$tree/man" > /dev/null
cp LICENSE-MIT LICENSE-APACHE NOTICE README.md CHANGELOG.md "$tree/"
python3 packaging/release/sbom.py "$version" "$target" > "$out/$name.cdx.json"
cp "$out/$name.cdx.json" "$tree/"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    --mode='u+rw,go=rX' -cf "$work/$name.tar" "$name"
gzip -n9 < "$work/$name.tar" > "$out/$name.tar.gz"
(cd "$out" && sha256sum "$name.tar.gz" "$name.cdx.json" > SHA256SUMS)
cat "$out/SHA256SUMS"
