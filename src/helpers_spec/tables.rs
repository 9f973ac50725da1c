//! The tables that `cargo xtask tables` makes of `data/`, and the constructors
//! that its rows are written with.

use super::attach::OpsRule;
use super::context::CtxLayout;
use super::helpers::{Availability, HelperProto, HelperSlot};
use super::kfuncs::{KfuncSet, KfuncSpec};
use super::programs::{IterArg, PacketAccess, ProgTypeFacts, SectionRule};
use super::words::{
    ArgSpec, ArgType, AttachType, KfFlags, KfRole, ProgType, RegBase, RegClass, RetSpec, RetType,
    Semantics, TypeFlags,
};

#[rustfmt::skip]
#[path = "generated/mod.rs"]
mod generated;

pub use generated::helper;
pub(super) use generated::*;

/// A set of helper numbers.
pub(super) type Set = [u64; 4];

/// No argument.
const NONE: ArgSpec = ArgSpec::NONE;

const fn arg(base: ArgType, flags: u32, name: &'static str) -> ArgSpec {
    ArgSpec {
        base,
        flags: TypeFlags(flags),
        name,
        ..NONE
    }
}

/// Memory whose size the argument of that number holds.
const fn sized(base: ArgType, flags: u32, size_arg: u8, name: &'static str) -> ArgSpec {
    ArgSpec {
        size_arg,
        ..arg(base, flags, name)
    }
}

/// Memory of a size that the signature fixes.
const fn fixed(base: ArgType, flags: u32, size: u32, name: &'static str) -> ArgSpec {
    ArgSpec {
        fixed_size: Some(size),
        ..arg(base, flags, name)
    }
}

/// An object of a kernel struct.
const fn btf(base: ArgType, flags: u32, btf: &'static str, name: &'static str) -> ArgSpec {
    ArgSpec {
        btf: Some(btf),
        ..arg(base, flags, name)
    }
}

const fn ret(base: RetType, flags: u32, btf: Option<&'static str>) -> RetSpec {
    RetSpec {
        base,
        flags: TypeFlags(flags),
        btf,
    }
}

const fn reg(base: RegBase, flags: u32) -> RegClass {
    RegClass {
        base,
        flags: TypeFlags(flags),
    }
}

/// Whether a string of flags holds a letter.
const fn has(flags: &str, letter: u8) -> bool {
    let bytes = flags.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == letter {
            return true;
        }
        i += 1;
    }
    false
}

/// A signature; `flags` are the letters of `data/helpers.tsv`.
const fn proto(
    id: u32,
    name: &'static str,
    flags: &str,
    semantics: u32,
    ret: RetSpec,
    args: [ArgSpec; 5],
) -> HelperProto {
    let semantics = Semantics(semantics);
    HelperProto {
        id,
        name,
        gpl_only: has(flags, b'g'),
        pkt_access: has(flags, b'p'),
        might_sleep: has(flags, b's'),
        allow_fastcall: has(flags, b'f'),
        ret,
        args,
        semantics,
        acquire: semantics.has(Semantics::ACQUIRE),
        release: semantics.has(Semantics::RELEASE),
        ptr_cast: semantics.has(Semantics::PTR_CAST),
        dynptr_ref: semantics.has(Semantics::DYNPTR_REF),
        callback_sync: semantics.has(Semantics::CALLBACK_SYNC),
        callback_async: semantics.has(Semantics::CALLBACK_ASYNC),
        storage_get: semantics.has(Semantics::STORAGE_GET),
        retval_refined: semantics.has(Semantics::RETVAL_REFINED),
        changes_pkt_data: semantics.has(Semantics::CHANGES_PKT_DATA),
    }
}

/// A series without the helper.
const ABSENT: HelperSlot = main(u16::MAX);

/// A helper with one signature for all.
const fn main(main: u16) -> HelperSlot {
    HelperSlot {
        main,
        variants: &[],
    }
}

/// Nobody may call anything.
const NOBODY: Availability = Availability {
    base: [0; 4],
    attach: &[],
    sleepable: &[],
    cap_bpf: [0; 4],
    cap_perfmon: [0; 4],
    cap_sys_admin: [0; 4],
    sockopt_hook: [0; 4],
    iters: &[],
    not_member: &[],
};

/// The cells of a context, one hexadecimal digit each.
const fn cells<const N: usize>(digits: &[u8; N]) -> [u8; N] {
    let mut out = [0; N];
    let mut i = 0;
    while i < N {
        out[i] = match digits[i] {
            d @ b'0'..=b'9' => d - b'0',
            d @ b'a'..=b'f' => d - b'a' + 10,
            _ => panic!("not a hexadecimal digit"),
        };
        i += 1;
    }
    out
}

/// A context with cells.
const fn layout(
    struct_name: &'static str,
    size: u32,
    cells: Option<&'static [u8]>,
    cells_no_caps: Option<&'static [u8]>,
    fields: &'static [(&'static str, u16, u16)],
) -> CtxLayout {
    CtxLayout {
        struct_name,
        size,
        cells,
        cells_no_caps,
        fields,
        buffer: None,
    }
}

const fn kfunc(
    name: &'static str,
    flags: u32,
    role: KfRole,
    ret: &'static str,
    args: &'static str,
    sets: &'static [KfuncSet],
) -> KfuncSpec {
    KfuncSpec {
        name,
        flags: KfFlags(flags),
        role,
        sets,
        ret,
        args,
    }
}

/// A set for the program types of a mask.
const fn set(
    name: &'static str,
    flags: u32,
    types: u64,
    filter: &'static str,
    config: &'static str,
) -> KfuncSet {
    KfuncSet {
        name,
        flags: KfFlags(flags),
        types,
        fmod_ret: false,
        filter,
        config,
    }
}

/// A section name; `flags` are the words of `data/sections.tsv` that a loader
/// heeds, a letter each.
const fn section(
    pattern: &'static str,
    prog_type: ProgType,
    attach: Option<AttachType>,
    flags: &str,
) -> SectionRule {
    SectionRule {
        pattern,
        prog_type,
        attach,
        attach_optional: has(flags, b'o'),
        attach_btf: has(flags, b'b'),
        sleepable: has(flags, b's'),
        xdp_frags: has(flags, b'f'),
        usdt: has(flags, b'u'),
        loose: has(flags, b'l'),
    }
}
