//! Registers held against rules.
//!
//! An argument passes if it meets every demand: those of its parameter, then, once it
//! is settled what it is passed as, those of its purpose. The demands are two lists;
//! which of them is broken first decides what a program is told, so their order is a
//! rule too: what is missing comes before what is wrong, and where a pointer points
//! before what it points to.

use super::super::arg_pointer::{self, ArgOff};
use super::facts::Facts;
use super::kfunc::Kfunc;
use super::purpose;
use super::rule::{ArgRule, Purpose, Trust, Unfit};
use super::shape::Shapes;
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::value::{Flags, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::KfFlags;
use crate::prelude::*;

/// The most arguments of a call.
const MAX_ARGS: usize = 5;

/// One argument of a call.
pub struct Arg<'e, 'a> {
    /// The machine.
    pub vm: &'e Vm<'a>,
    /// The callee.
    pub k: &'e Kfunc<'a>,
    /// The parameter's rule.
    pub rule: &'e ArgRule<'a>,
    /// The register.
    pub r: u8,
    /// What it holds.
    pub reg: &'e Reg,
}

/// A demand of the parameter, whatever the argument is for.
type Demand = fn(&Arg<'_, '_>) -> Check<()>;
/// A demand of the purpose.
type PurposeDemand = fn(&Arg<'_, '_>, &Purpose<'_>) -> Check<()>;

const OF_PARAMETER: &[Demand] = &[present, held];
const OF_PURPOSE: &[PurposeDemand] = &[trusted, placed, shaped, referenced];

/// Holds the registers of a call of `k` against its rules.
pub fn check<'a>(vm: &Vm<'a>, k: &Kfunc<'a>) -> Check<Facts> {
    if k.rules.len() > MAX_ARGS {
        return refuse(Fault::KfuncParameters {
            name: k.name.into(),
            count: k.rules.len() as u64,
            limit: MAX_ARGS as u64,
        });
    }
    let mut facts = Facts::default();
    let mut rules = (1u8..).zip(&k.rules);
    while let Some((r, rule)) = rules.next() {
        let reg = vm.reg(r);
        let arg = Arg {
            vm,
            k,
            rule,
            r,
            reg,
        };
        if arg.check(&mut facts)? == Taken::WithSize {
            rules.next();
        }
    }
    if k.is(KfFlags::RELEASE) && facts.release.is_none() && facts.dynptr.is_none() {
        let name = k.name.into();
        return refuse(Fault::KfuncReleasesNothing { name });
    }
    Ok(facts)
}

/// How many parameters an argument has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// Its own.
    Alone,
    /// Its own and the size after it.
    WithSize,
}

impl<'e> Arg<'e, '_> {
    fn check(&self, f: &mut Facts) -> Check<Taken> {
        match &self.rule.purpose {
            Purpose::Implicit => return Ok(Taken::Alone),
            Purpose::Number(number) => {
                purpose::number(self.vm, self.r, *number, f)?;
                return Ok(Taken::Alone);
            }
            Purpose::Unfit(unfit @ Unfit::Parameter(_)) => return self.unfit(*unfit),
            _ => {}
        }
        OF_PARAMETER.iter().try_for_each(|demand| demand(self))?;
        if self.reg.ref_id.is_some() {
            f.ref_id = self.reg.ref_id;
            if self.rule.given_back {
                f.release = Some(self.r);
            }
        }
        let is_context = matches!(self.rule.purpose, Purpose::Context);
        if self.rule.nullable && self.reg.is_null() && !is_context {
            return Ok(Taken::Alone);
        }
        let settled = self.settled()?;
        OF_PURPOSE
            .iter()
            .try_for_each(|demand| demand(self, settled))?;
        purpose::gather(self, settled, f)?;
        Ok(match settled {
            Purpose::Sized(_) => Taken::WithSize,
            _ => Taken::Alone,
        })
    }

    /// The purpose of what is passed.
    fn settled(&self) -> Check<&'e Purpose<'e>> {
        let settled = match &self.rule.purpose {
            Purpose::Open(open) => match &open.sized {
                _ if open.objects.hold(self.reg) => &open.object,
                Some(sized) if self.vm.reg(self.r + 1).is_scalar() => sized,
                _ => &open.alone,
            },
            fixed => fixed,
        };
        match settled {
            Purpose::Map { takes, .. } if !takes.hold(self.reg) => {
                refuse_reg(self.r, Fault::MapExpected)
            }
            Purpose::Unfit(Unfit::Struct(_)) => Ok(settled),
            Purpose::Unfit(unfit) => self.unfit(*unfit),
            Purpose::Unmodelled => unknown(format!("kfunc:{}", self.k.name)),
            _ => Ok(settled),
        }
    }

    /// Refuses an argument that nothing could be passed for.
    fn unfit<T>(&self, unfit: Unfit) -> Check<T> {
        let named = |id| self.k.btf.describe(id).into();
        let fault = match unfit {
            Unfit::Parameter(id) => Fault::KfuncParameter { ty: named(id) },
            Unfit::Memory(id) => Fault::MemoryArgument { ty: named(id) },
            Unfit::SizedMemory(id) => Fault::SizedMemoryArgument { ty: named(id) },
            Unfit::Object(id) => Fault::KfuncPointer {
                name: self.k.name.into(),
                ty: named(id),
            },
            Unfit::Struct(id) => Fault::StructExpected {
                held: *self.reg,
                name: self.k.btf.name(id).into(),
            },
        };
        refuse_reg(self.r, fault)
    }
}

/// It isn't null where it must be valid.
fn present(arg: &Arg<'_, '_>) -> Check<()> {
    let maybe = arg.reg.is_null() || arg.reg.maybe_null();
    if maybe && arg.rule.trust != Trust::AsIs && !arg.rule.nullable {
        return refuse_reg(arg.r, Fault::ArgumentNullTrusted);
    }
    Ok(())
}

/// There is a reference where one is given back. A dynptr has its own.
fn held(arg: &Arg<'_, '_>) -> Check<()> {
    let asked = arg.rule.given_back && arg.k.prototype_decides;
    if asked && arg.reg.ref_id.is_none() && !arg.rule.purpose.is_dynptr() {
        let name = arg.k.name.into();
        return refuse_reg(arg.r, Fault::KfuncReleasesUnreferenced { name });
    }
    Ok(())
}

/// It is as surely valid as the kfunc wants.
fn trusted(arg: &Arg<'_, '_>, purpose: &Purpose<'_>) -> Check<()> {
    if !purpose.wants_trust() || arg.vm.is_trusted(arg.reg) {
        return Ok(());
    }
    match arg.rule.trust {
        Trust::Trusted => refuse_reg(arg.r, Fault::ArgumentNotTrusted),
        Trust::OrRcu if !arg.reg.flags.has(Flags::RCU) => refuse_reg(arg.r, Fault::ArgumentNotRcu),
        Trust::OrRcu | Trust::AsIs => Ok(()),
    }
}

/// It points to the start of what is passed, as far as its kind asks that.
fn placed(arg: &Arg<'_, '_>, purpose: &Purpose<'_>) -> Check<()> {
    let freed = arg.k.is(KfFlags::RELEASE) && arg.reg.ref_id.is_some();
    let off = if freed { ArgOff::Release } else { ArgOff::Any };
    arg_pointer::reg_off(arg.vm, arg.r, off)?;
    match purpose {
        Purpose::Counted { at_start: true } => arg_pointer::unmodified(arg.reg, arg.r, false),
        _ => Ok(()),
    }
}

/// It looks like something that will do.
fn shaped(arg: &Arg<'_, '_>, purpose: &Purpose<'_>) -> Check<()> {
    let fits = |shapes: Shapes| shapes.hold(arg.reg) || purpose.takes_lent(arg.reg);
    if let Purpose::Unfit(unfit) = purpose {
        return arg.unfit(*unfit);
    }
    match purpose.demand() {
        Some((shapes, otherwise)) if !fits(shapes) => refuse_reg(arg.r, otherwise(arg.reg)),
        _ => Ok(()),
    }
}

/// Its object is the program's where it must be.
fn referenced(arg: &Arg<'_, '_>, purpose: &Purpose<'_>) -> Check<()> {
    let asked = purpose.wants_reference(arg.reg) && !purpose.takes_lent(arg.reg);
    if asked && arg.reg.ref_id.is_none() {
        return refuse_reg(arg.r, Fault::ObjectUnreferenced);
    }
    Ok(())
}
