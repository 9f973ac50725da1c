//! `LD_IMM64`: constants and references to maps, functions, kernel symbols.
//!
//! What a reference may be was checked before exploring (`checks::map_load`);
//! here the register gets its value.

use crate::abstract_interp::checks::{map_load, operand};
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
        ImmRef::Func(rel) => {
            let subprog = map_load::callback(vm, rel)?;
            Ok(Reg::pointer(Kind::Func { subprog }, Flags::NONE))
        }
        _ => map_load::no_reference(),
    }
}
