//! What is only modelled: outputs are filled, the result has the declared kind.

use super::{Cx, SPEC};
use crate::helpers_spec::{self, ArgType, HelperProto, KfFlags, KfuncSpec, RetType, TypeFlags};
use crate::programs::insn::Callee;
use crate::smoke::engine::{FaultKind, Stop};
use crate::smoke::maps::errno::{EINVAL, ENOENT};
use crate::smoke::memory::Kind;
use crate::smoke::runtime::Called;

/// Bytes of a modelled kernel object.
const OBJECT_BYTES: usize = 4096;
/// Outputs longer than this are left alone.
const MAX_OUTPUT: u64 = 1 << 16;

/// A call whose result is stated: it is counted, and its outputs are zero.
pub fn stated(cx: &mut Cx<'_>, callee: Callee, value: u64) -> Result<u64, Stop> {
    match callee {
        Callee::Helper(id) => {
            let id = u32::try_from(id).map_err(|_| FaultKind::UnknownHelper(id))?;
            cx.rt.count(Called::Helper(id));
            let attach = cx.rt.attach_type;
            if let Some(proto) = helpers_spec::helper_proto(id, cx.rt.prog_type, attach, SPEC) {
                outputs(cx, proto, |_| 0)?;
            }
        }
        Callee::Kfunc { imm, .. } => {
            let code = cx.image.programs.get(cx.site.program as usize);
            let kfunc = code.and_then(|c| c.program.kfuncs.get(imm as usize));
            let name = kfunc.map(|k| k.name.to_string()).unwrap_or_default();
            cx.rt.count(Called::Kfunc(name));
        }
        Callee::Local(_) => {}
    }
    Ok(value)
}

/// Fills what a helper writes to.
fn outputs(
    cx: &mut Cx<'_>,
    proto: &HelperProto,
    byte: impl Fn(&mut Cx<'_>) -> u8,
) -> Result<(), Stop> {
    for (n, arg) in proto.arguments().enumerate() {
        let writes = arg.flags.has(TypeFlags::UNINIT) || arg.flags.has(TypeFlags::WRITE);
        if arg.base != ArgType::Mem || !writes || cx.arg(n + 1) == 0 {
            continue;
        }
        let size = match arg.size_arg {
            0 => u64::from(arg.fixed_size.unwrap_or(0)),
            of => cx.arg(usize::from(of)),
        };
        if (1..=MAX_OUTPUT).contains(&size) {
            let byte = byte(cx);
            cx.fill(n + 1, size, byte)?;
        }
    }
    Ok(())
}

/// A helper from its signature.
pub fn helper(cx: &mut Cx<'_>, proto: &HelperProto) -> Result<u64, Stop> {
    outputs(cx, proto, |cx| cx.rt.rng.draw() as u8 & 0x7f)?;
    let nullable = proto.ret.flags.has(TypeFlags::MAYBE_NULL);
    match proto.ret.base {
        RetType::Void => Ok(0),
        RetType::Integer => Ok(number(cx)),
        _ if nullable && !cx.coin() => Ok(0),
        RetType::Mem | RetType::MapValue => buffer(cx),
        _ => object(cx, &format!("result of {}", proto.name)),
    }
}

/// Zero mostly, now and then an error: programs must live with both.
fn number(cx: &mut Cx<'_>) -> u64 {
    match cx.rt.rng.below(8) {
        0 => EINVAL as u64,
        1 => ENOENT as u64,
        _ => 0,
    }
}

fn buffer(cx: &mut Cx<'_>) -> Result<u64, Stop> {
    let id = cx.rt.mem.alloc_zeroed(Kind::Buffer, OBJECT_BYTES as u64);
    let id = id.ok_or_else(|| FaultKind::NotModelled("more memory objects".into()))?;
    Ok(cx.rt.mem.base(id))
}

pub(super) fn object(cx: &mut Cx<'_>, name: &str) -> Result<u64, Stop> {
    Ok(cx.rt.kernel_object(name, OBJECT_BYTES)?)
}

/// A kfunc from its prototype in C.
pub fn kfunc(cx: &mut Cx<'_>, spec: &KfuncSpec) -> Result<u64, Stop> {
    let nullable = spec.flags.contains(KfFlags::RET_NULL);
    let pointer = spec.ret.trim_end().ends_with('*');
    match (spec.ret.trim(), pointer) {
        ("void" | "", false) => Ok(0),
        (_, true) if nullable && !cx.coin() => Ok(0),
        (_, true) => object(cx, &format!("result of {}", spec.name)),
        ("bool" | "_Bool", false) => Ok(u64::from(cx.coin())),
        _ => Ok(number(cx)),
    }
}
