#!/bin/bash
# Rebuilds every object of tests/corpus from its source, deterministically.
#
# usage: scripts/build-corpus.sh [SOURCE...]        default: everything
#
#   CLANG       clang with the BPF target           default: clang-22, then clang
#   LLVM_STRIP, LLVM_OBJCOPY  of the same release   default: beside CLANG by name
#
# A C source becomes the object beside it: foo.c -> foo.o. Flags are -O2 -g
# -mcpu=v3, and those of a line `// BUILD ...` at the head of the source. DWARF is
# stripped, BTF stays. Nothing but clang is needed: tests/corpus/include holds all
# headers. Afterwards scripts/corrupt-corpus.py makes the malformed/ files from
# built ones. The Rust object has a script of its own, tests/corpus/rust/build.sh.
set -euo pipefail
cd "$(dirname "$0")/../tests/corpus"

clang=${CLANG:-$(command -v clang-22 || command -v clang)}
suffix=${clang##*clang}
objcopy=${LLVM_OBJCOPY:-$(command -v "llvm-objcopy$suffix" || command -v llvm-objcopy)}
strip=${LLVM_STRIP:-$(command -v "llvm-strip$suffix" || command -v llvm-strip)}

sources=()
for s in "$@"; do sources+=("$(realpath --relative-to=. "$OLDPWD/$s")"); done
[ $# -gt 0 ] || mapfile -t sources < <(LC_ALL=C ls {accept,reject,imprecise,lint,explain,profile}/*.c)

[ $# -gt 0 ] || sources+=(malformed/base.c btf/kernel.c)
for s in "${sources[@]}"; do
  flags=$(sed -n 's,^// BUILD ,,p' "$s")
  # shellcheck disable=SC2086  # flags are words
  "$clang" -target bpf -O2 -g -mcpu=v3 -std=gnu17 -Wall -Werror -Wno-unused-variable -Wno-uninitialized \
    -Wno-unused-function -Wno-unknown-attributes -Wno-missing-declarations -Wno-address-of-packed-member \
    -fno-ident -fdebug-compilation-dir=. -Iinclude $flags -c "$s" -o "${s%.c}.o"
  "$strip" -g "${s%.c}.o"
done
if [ $# -eq 0 ]; then
  mv malformed/base.o malformed/base.obj
  "$objcopy" --dump-section .BTF=btf/kernel.btf btf/kernel.o
  rm btf/kernel.o
  python3 ../../scripts/corrupt-corpus.py
fi
echo "built ${#sources[@]} objects with $("$clang" --version | head -1)"
