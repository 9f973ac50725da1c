#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes the damaged objects of tests/corpus/malformed from a sound one.

Each is the base object with one fault; malformed/CASES says what we answer.
usage: corrupt-corpus.py [BASE.o]    default: tests/corpus/malformed/base.obj
"""
import os
import struct
import sys

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/corpus/malformed")
BASE = open(sys.argv[1] if len(sys.argv) > 1 else f"{HERE}/base.obj", "rb").read()


class Elf:
    """A copy of the base object that may be overwritten."""

    def __init__(self):
        self.data = bytearray(BASE)
        (self.table,) = self.get("Q", 40)
        self.count, self.names = self.get("HH", 60)
        (strings,) = self.get("Q", self.head(self.names) + 24)
        self.sections = {}
        for i in range(self.count):
            (name,) = self.get("I", self.head(i))
            end = self.data.index(b"\0", strings + name)
            self.sections[self.data[strings + name : end].decode()] = i

    def head(self, index):
        return self.table + 64 * index

    def get(self, form, at):
        return struct.unpack_from("<" + form, self.data, at)

    def put(self, form, at, *values):
        struct.pack_into("<" + form, self.data, at, *values)

    def section(self, name):
        """(header, offset, size) of a section."""
        head = self.head(self.sections[name])
        return (head, *self.get("QQ", head + 24))


def made(name):
    def wrap(change):
        elf = Elf()
        changed = change(elf)
        open(f"{HERE}/{name}.o", "wb").write(bytes(elf.data if changed is None else changed))
        return change

    return wrap


@made("empty")
def _(elf):
    return b""


@made("magic_only")
def _(elf):
    return elf.data[:4]


@made("half_header")
def _(elf):
    return elf.data[:40]


@made("not_elf")
def _(elf):
    return b"#!/bin/sh\necho this is not an object\n" + bytes(64)


@made("truncated")
def _(elf):
    return elf.data[: len(elf.data) // 2]


@made("other_machine")
def _(elf):
    elf.put("H", 18, 62)  # x86-64


@made("executable")
def _(elf):
    elf.put("H", 16, 2)


@made("class_32")
def _(elf):
    elf.data[4] = 1


@made("section_table_outside")
def _(elf):
    elf.put("Q", 40, len(elf.data) + 4096)


@made("section_count_huge")
def _(elf):
    elf.put("H", 60, 0xFEFF)


@made("section_outside")
def _(elf):
    elf.put("Q", elf.section("xdp")[0] + 24, 1 << 40)


@made("section_size_huge")
def _(elf):
    elf.put("Q", elf.section("xdp")[0] + 32, 1 << 62)


@made("code_size_odd")
def _(elf):
    head, _, size = elf.section("xdp")
    elf.put("Q", head + 32, size - 3)


@made("names_outside")
def _(elf):
    elf.put("I", elf.section("xdp")[0], 0x7FFFFFFF)


@made("symbol_name_outside")
def _(elf):
    _, off, _ = elf.section(".symtab")
    elf.put("I", off + 24 * 3, 0x7FFFFFFF)


@made("symbol_section_outside")
def _(elf):
    _, off, size = elf.section(".symtab")
    for at in range(off + 24, off + size, 24):
        if elf.get("B", at + 4)[0] & 15 == 2:
            elf.put("H", at + 6, 0x7000)


@made("function_past_section")
def _(elf):
    _, off, size = elf.section(".symtab")
    for at in range(off + 24, off + size, 24):
        if elf.get("B", at + 4)[0] & 15 == 2:
            elf.put("Q", at + 16, 1 << 20)


@made("reloc_symbol_outside")
def _(elf):
    _, off, _ = elf.section(".relxdp")
    elf.put("Q", off + 8, 9999 << 32 | elf.get("Q", off + 8)[0] & 0xFFFFFFFF)


@made("reloc_offset_outside")
def _(elf):
    _, off, _ = elf.section(".relxdp")
    elf.put("Q", off, 1 << 30)


@made("reloc_unaligned")
def _(elf):
    _, off, _ = elf.section(".relxdp")
    elf.put("Q", off, elf.get("Q", off)[0] + 3)


@made("reloc_type_unknown")
def _(elf):
    _, off, _ = elf.section(".relxdp")
    elf.put("Q", off + 8, elf.get("Q", off + 8)[0] & ~0xFFFFFFFF | 77)


@made("btf_magic")
def _(elf):
    elf.put("H", elf.section(".BTF")[1], 0x1234)


@made("btf_version")
def _(elf):
    elf.data[elf.section(".BTF")[1] + 2] = 9


@made("btf_header_long")
def _(elf):
    elf.put("I", elf.section(".BTF")[1] + 4, 1 << 20)


@made("btf_strings_outside")
def _(elf):
    elf.put("I", elf.section(".BTF")[1] + 20, 1 << 30)


@made("btf_kind_unknown")
def _(elf):
    _, off, _ = elf.section(".BTF")
    elf.put("I", off + 24 + 4, 31 << 24)


@made("btf_members_outside")
def _(elf):
    _, off, _ = elf.section(".BTF")
    elf.put("I", off + 24 + 4, 4 << 24 | 0xFFFF)  # a structure of 65,535 members


@made("btf_self_reference")
def _(elf):
    """The first typedef names itself."""
    _, off, _ = elf.section(".BTF")
    size, at, number = elf.get("I", off + 12)[0], off + 24, 1
    extra = {1: 4, 3: 12, 14: 4, 17: 4}
    each = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
    while at < off + 24 + size:
        _, info, _ = elf.get("III", at)
        kind, vlen = info >> 24 & 31, info & 0xFFFF
        if kind == 8:
            elf.put("I", at + 8, number)
            return
        at += 12 + extra.get(kind, 0) + vlen * each.get(kind, 0)
        number += 1


@made("btf_missing")
def _(elf):
    """Maps in .maps can't be read without types."""
    head = elf.section(".BTF")[0]
    elf.put("I", head, elf.get("I", head)[0] + 1)  # now it is called "BTF"


@made("ext_magic")
def _(elf):
    elf.put("H", elf.section(".BTF.ext")[1], 0)


@made("ext_lines_outside")
def _(elf):
    elf.put("I", elf.section(".BTF.ext")[1] + 20, 1 << 30)


@made("ext_record_size")
def _(elf):
    _, off, _ = elf.section(".BTF.ext")
    elf.put("I", off + elf.get("I", off + 4)[0] + elf.get("I", off + 16)[0], 2)


@made("license_unterminated")
def _(elf):
    head, off, _ = elf.section("license")
    elf.put("Q", head + 32, 2)


@made("maps_size_wrong")
def _(elf):
    head, _, size = elf.section(".maps")
    elf.put("Q", head + 32, size // 2)
