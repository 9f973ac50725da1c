#!/bin/bash
# Rebuilds tests/corpus/rust/aya_xdp.o from aya_xdp/ without bpf-linker: rustc
# emits LLVM bitcode for every crate (core included), LLVM's tools link, optimise
# and compile it. See the README for how that differs from `cargo build` with Aya.
#
# Needs: a nightly toolchain with rust-src whose LLVM is not newer than LLVM below.
#   TOOLCHAIN  default nightly      LLVM  suffix of LLVM's tools, default -22
set -euo pipefail
cd "$(dirname "$0")/aya_xdp"
llvm=${LLVM--22}
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT

# The linker is a stand-in that succeeds; the linked program is never used.
cp ../link-nothing.sh "$target/link"
flags=(--cfg=bpf_target_arch=\"x86_64\" -Zunstable-options -Clinker-flavor=bpf "-Clinker=$target/link" "--remap-path-prefix=$HOME=home" "--remap-path-prefix=$PWD=aya_xdp" --emit=llvm-bc)
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; echo "${flags[*]}") \
  cargo "+${TOOLCHAIN:-nightly}" build --release -Zbuild-std=core --target bpfel-unknown-none --target-dir "$target"

# Fat LTO has already put every crate into this one.
bitcode=$(echo "$target"/bpfel-unknown-none/release/deps/aya_xdp-*.bc)
keep=aya_filter,aya_count,aya_open,LICENSE,BLOCKED,SEEN,BYTES,SETTINGS,EVENTS,OPENS
"opt$llvm" -passes="internalize,globaldce,default<O2>,globaldce" -internalize-public-api-list="$keep" \
  -o "$target/btf.bc" "$bitcode"
"opt$llvm" -passes=strip -strip-debug "$target/btf.bc" -o "$target/plain.bc" 2>/dev/null ||
  "opt$llvm" -strip-debug "$target/btf.bc" -o "$target/plain.bc"
for name in plain btf; do
  "llc$llvm" -march=bpfel -mcpu=v3 -filetype=obj -o "$target/$name.o" "$target/$name.bc"
  "llvm-strip$llvm" -g "$target/$name.o"
done
cp "$target/plain.o" ../aya_xdp.o
cp "$target/btf.o" ../aya_xdp_btf.o
