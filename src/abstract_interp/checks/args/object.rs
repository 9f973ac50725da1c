//! Kernel objects as arguments: whether the struct passed is the one wanted.
//!
//! A struct will do if it is the wanted one or begins with it. Where the callee keeps
//! or frees what it is given, only the very struct will do.

use super::super::{btf_ptr, struct_match};
use super::facts::Facts;
use super::kfunc::Kfunc;
use crate::abstract_interp::refusal::{Fault, refuse_reg};
use crate::abstract_interp::value::{BtfSrc, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::KfFlags;

/// Structs that stand for one another, wanted and held: a context's public struct
/// and the kernel's own.
const PROJECTIONS: &[(&str, &str)] = &[("__sk_buff", "sk_buff"), ("xdp_md", "xdp_buff")];

/// A name with this ending is the same struct before it is set up.
const UNFINISHED: &str = "___init";

/// The struct that a kind of register points to, by the name that the kernel's
/// types have for it.
const fn struct_of(kind: Kind) -> &'static str {
    match kind {
        Kind::ConstMap { .. } => "bpf_map",
        Kind::SockCommon => "sock_common",
        Kind::TcpSock => "tcp_sock",
        Kind::XdpSock => "xdp_sock",
        _ => "sock",
    }
}

/// The object in register `r` is of struct `want` of the kfunc's types.
pub fn check(vm: &Vm, k: &Kfunc<'_>, r: u8, want: Option<u32>, f: &Facts) -> Check<()> {
    let reg = vm.reg(r);
    let have = match reg.kind {
        Kind::Btf { btf, id } => Some((btf, id)),
        kind => {
            let id = k.btf.find_struct(struct_of(kind));
            id.map(|id| (BtfSrc::Kernel, id))
        }
    };
    let (Some(want), Some(have)) = (want, have) else {
        return unknown("no-kernel-btf");
    };
    let want_name = k.btf.name(want);
    let of = btf_ptr::btf_of(vm, have.0);
    let have_name = of.map_or("", |b| b.name(b.skip_mods_typedefs(have.1)));
    let exact = keeps(k, reg, f) || unfinished(want_name, have_name);
    if struct_match::matches(vm, have, reg.off, (BtfSrc::Kernel, want), exact)
        || PROJECTIONS.contains(&(want_name, have_name))
    {
        return Ok(());
    }
    let fault = Fault::StructArgument {
        name: k.name.into(),
        want: want_name.into(),
        have: have_name.into(),
    };
    refuse_reg(r, fault)
}

/// Whether the callee keeps the object, or frees it.
fn keeps(k: &Kfunc<'_>, reg: &Reg, f: &Facts) -> bool {
    let keeps = k.is(KfFlags::ACQUIRE) && !k.prototype_decides;
    let frees = k.is(KfFlags::RELEASE) && f.ref_id.is_some() && reg.ref_id.is_some();
    keeps || frees
}

/// Whether one of the names is the other's before it is set up.
fn unfinished(a: &str, b: &str) -> bool {
    [(a, b), (b, a)]
        .iter()
        .any(|(early, late)| early.strip_suffix(UNFINISHED) == Some(late))
}
