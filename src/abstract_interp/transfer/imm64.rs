//! `LD_IMM64`: constants and references to maps, functions, kernel symbols.
//!
//! What a reference may be was checked before exploring (`checks::map_load`);
//! here the register gets its value.

use crate::abstract_interp::checks::{map_load, operand};
use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::value::{Flags, Kind, MapRef, Reg};
use crate::abstract_interp::vm::{Check, Next, Vm, unknown};
use crate::helpers_spec::MapType;
use crate::programs::insn::{ImmRef, Op};

/// Carries out `LdImm64`.
pub fn step(vm: &mut Vm<'_>, op: Op) -> Check<Next> {
    let Op::LdImm64 { dst, src } = op else {
        return unknown("engine:ld-imm64");
    };
    operand::write_ok(dst)?;
    let reg = value(vm, src)?;
    vm.cur.set_reg(dst, reg);
    Ok(Next::Fallthrough)
}

fn value(vm: &Vm<'_>, src: ImmRef) -> Check<Reg> {
    match src {
        ImmRef::Const(value) => Ok(Reg::constant(value)),
        ImmRef::MapIdx(index) => {
            let map = MapRef::new(index);
            Ok(Reg::pointer(Kind::ConstMap { map, uid: 0 }, Flags::NONE))
        }
        ImmRef::MapIdxValue { idx, off } => {
            let map = MapRef::new(idx);
            let Some(def) = vm.env.map(map) else {
                return unknown("map:missing");
            };
            if def.map_type == MapType::Arena.id() {
                return Ok(Reg::unknown());
            }
            let kind = Kind::MapValue { map, uid: 0 };
            Ok(Reg {
                off: off as i32,
                ..Reg::pointer(kind, Flags::NONE)
            })
        }
        ImmRef::BtfId { imm, .. } => map_load::ksym(&vm.env, imm),
        ImmRef::Func(rel) => function(vm, rel),
        _ => refuse(Fault::ReferenceUnknown),
    }
}

/// The address of a function, to be given as a callback.
fn function(vm: &Vm<'_>, rel: i32) -> Check<Reg> {
    let at = (vm.insn as i64) + i64::from(rel) + 1;
    let program = vm.env.program;
    let found = u32::try_from(at)
        .ok()
        .and_then(|at| program.subprog_at(at))
        .and_then(|i| program.subprogs.get(i).map(|s| (i, s)));
    let Some((subprog, callee)) = found else {
        return refuse(Fault::CallNowhere);
    };
    if program.func_info.is_empty() {
        return refuse(Fault::FuncInfoMissing);
    }
    if callee.global {
        return refuse(Fault::CallbackGlobal);
    }
    Ok(Reg::pointer(
        Kind::Func {
            subprog: subprog as u32,
        },
        Flags::NONE,
    ))
}
