//! The rbpf engine: lowered texts, and the driver that goes from one to another.
//!
//! rbpf executes a text until it is left; the driver then does what was asked
//! (a call of the program's functions, a helper with callbacks, a tail call) and
//! enters the next text. See `lower` for what a text looks like, `traps` for
//! what it calls. There is no unsafe code here: rbpf is given addresses of nothing
//! but its own stack and a read-only array of registers.

mod insn;
pub mod lower;
mod traps;
mod writer;

use std::cell::OnceCell;
use std::sync::Arc;

use self::lower::{Leave, Lowered, lower};
use self::traps::Session;
use super::engine::{Engine, FaultKind, Invoke, RunResult, Site, Stop};
use super::image::{Image, code_site};
use super::reference::{by_number, catching};
use super::runtime::Runtime;
use super::{helpers, semantics as sem};
use crate::programs::insn::{AluOp, Callee, Op, Width};

/// An image, lowered. Its [`Prepared::engine`] runs it any number of times.
pub struct Prepared {
    image: Arc<Image>,
    lowered: Vec<Lowered>,
}

impl Prepared {
    /// Lowers all programs of an image.
    pub fn new(image: &Arc<Image>) -> Prepared {
        let lowered = image.programs.iter().map(lower).collect();
        Prepared {
            image: Arc::clone(image),
            lowered,
        }
    }

    /// An engine for this image only; it keeps rbpf's machines from run to run.
    pub fn engine(&self) -> Bound<'_> {
        let machines = self
            .lowered
            .iter()
            .map(|l| l.texts.iter().map(|_| OnceCell::new()).collect());
        Bound(Driver {
            image: &self.image,
            lowered: &self.lowered,
            machines: machines.collect(),
        })
    }
}

/// The engine of one image.
pub struct Bound<'a>(Driver<'a>);

impl Engine for Bound<'_> {
    fn name(&self) -> &'static str {
        "rbpf"
    }

    fn call(
        &mut self,
        image: &Arc<Image>,
        site: Site,
        args: [u64; 5],
        rt: &mut Runtime,
    ) -> RunResult {
        let driver = &mut self.0;
        if !Arc::ptr_eq(image, driver.image) {
            return Prepared::new(image).engine().call(image, site, args, rt);
        }
        catching(image, site, args, rt, |rt, site, args| {
            driver.exec(rt, site, args)
        })
    }
}

/// The engine for any image, for single runs: it lowers at each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rbpf;

impl Engine for Rbpf {
    fn name(&self) -> &'static str {
        "rbpf"
    }

    fn call(
        &mut self,
        image: &Arc<Image>,
        site: Site,
        args: [u64; 5],
        rt: &mut Runtime,
    ) -> RunResult {
        Prepared::new(image).engine().call(image, site, args, rt)
    }
}

type Machine<'a> = rbpf::EbpfVmMbuff<'a>;

struct Driver<'a> {
    image: &'a Arc<Image>,
    lowered: &'a [Lowered],
    machines: Vec<Vec<OnceCell<Machine<'a>>>>,
}

/// How a text ends.
enum Ended {
    Return,
    Left(Leave, u32),
}

/// Where a call returns to.
struct Return {
    site: Site,
    regs: [u64; 4],
}

fn broken(what: impl std::fmt::Debug) -> Stop {
    FaultKind::NotModelled(format!("rbpf: {what:?}")).into()
}

/// The last instruction of a program.
fn last(image: &Image, program: u32) -> u32 {
    let ops = image
        .programs
        .get(program as usize)
        .map_or(&[][..], |c| &c.ops);
    let slots = if ops.last() == Some(&Op::Second) {
        2
    } else {
        1
    };
    (ops.len() as u32).saturating_sub(slots)
}

/// A machine with a text and the traps.
fn machine(bytes: &[u8]) -> Result<Machine<'_>, Stop> {
    let mut machine = Machine::new(Some(bytes)).map_err(broken)?;
    for (key, trap) in traps::all() {
        machine.register_helper(key, trap).map_err(broken)?;
    }
    Ok(machine)
}

impl Invoke for Driver<'_> {
    fn invoke(&mut self, rt: &mut Runtime, function: u64, args: [u64; 5]) -> Result<u64, Stop> {
        match code_site(function) {
            Some(site) => self.exec(rt, site, args),
            None => Err(FaultKind::BadCodeAddress(function).into()),
        }
    }
}

impl<'a> Driver<'a> {
    /// Runs from an instruction until the frame entered here is left.
    fn exec(&mut self, rt: &mut Runtime, from: Site, args: [u64; 5]) -> Result<u64, Stop> {
        let mut regs = [0; 10];
        regs[1..6].copy_from_slice(&args);
        rt.enter().map_err(|kind| Stop::from(kind).at(from))?;
        let mut site = from;
        rt.nest().map_err(|kind| Stop::from(kind).at(from))?;
        let result = self.texts(rt, &mut site, &mut regs);
        rt.unnest();
        result.map_err(|stop| stop.at(site))
    }

    fn texts(
        &mut self,
        rt: &mut Runtime,
        site: &mut Site,
        regs: &mut [u64; 10],
    ) -> Result<u64, Stop> {
        let mut returns: Vec<Return> = Vec::new();
        loop {
            let returned = match self.text(rt, *site, regs)? {
                Ended::Return => true,
                Ended::Left(Leave::Jump, insn) => {
                    let code = self.image.programs.get(site.program as usize);
                    if code.is_none_or(|c| insn as usize >= c.ops.len()) {
                        site.insn = last(self.image, site.program);
                        return Err(FaultKind::OutOfProgram(i64::from(insn)).into());
                    }
                    site.insn = insn;
                    false
                }
                Ended::Left(Leave::Site, insn) => {
                    site.insn = insn;
                    self.step(rt, site, regs, &mut returns)?
                }
            };
            rt.burn(1)?;
            if returned {
                rt.leave();
                match returns.pop() {
                    Some(back) => {
                        regs[1..6].fill(0);
                        regs[6..10].copy_from_slice(&back.regs);
                        *site = back.site;
                    }
                    None => return Ok(regs[0]),
                }
            }
        }
    }

    /// Executes one text from an entry.
    fn text(&mut self, rt: &mut Runtime, at: Site, regs: &mut [u64; 10]) -> Result<Ended, Stop> {
        let nowhere = FaultKind::OutOfProgram(i64::from(at.insn));
        let lowered: &'a Lowered = self
            .lowered
            .get(at.program as usize)
            .ok_or(nowhere.clone())?;
        let (text, entry) = lowered.at.get(&at.insn).copied().ok_or(nowhere)?;
        let bytes: &'a [u8] = lowered.texts.get(text).map_or(&[], |t| &t.bytes);
        let cell = self
            .machines
            .get(at.program as usize)
            .and_then(|m| m.get(text));
        let cell = cell.ok_or_else(|| broken("no machine"))?;
        if cell.get().is_none() {
            let _ = cell.set(machine(bytes)?);
        }
        let machine = cell.get().ok_or_else(|| broken("no machine"))?;
        let mut buffer = [0u8; 88];
        let values = regs.iter().copied().chain([entry as u64]);
        for (place, value) in buffer.chunks_exact_mut(8).zip(values) {
            place.copy_from_slice(&value.to_ne_bytes());
        }
        let session = Session::new(std::mem::take(rt), Arc::clone(self.image), at.program);
        traps::begin(Box::new(session));
        let result = machine.execute_program(&[], &buffer);
        let session = traps::end().ok_or_else(|| broken("the session is gone"))?;
        let Session {
            rt: state,
            regs: saved,
            left,
            stop,
            ..
        } = *session;
        *rt = state;
        if let Some(stop) = stop {
            return Err(stop);
        }
        let r0 = result.map_err(broken)?;
        match left {
            None => {
                regs[0] = r0;
                Ok(Ended::Return)
            }
            Some((how, insn)) => {
                *regs = saved;
                let how = if how == Leave::Jump as u64 {
                    Leave::Jump
                } else {
                    Leave::Site
                };
                Ok(Ended::Left(how, insn))
            }
        }
    }

    /// Does the instruction for which a text was left; true if it returns.
    fn step(
        &mut self,
        rt: &mut Runtime,
        site: &mut Site,
        regs: &mut [u64; 10],
        returns: &mut Vec<Return>,
    ) -> Result<bool, Stop> {
        let get = |r: u8| {
            regs.get(usize::from(r))
                .copied()
                .unwrap_or_else(|| rt.frame_pointer())
        };
        let next = Site {
            insn: site.insn.saturating_add(1),
            ..*site
        };
        let args = [regs[1], regs[2], regs[3], regs[4], regs[5]];
        let op = self
            .image
            .op(*site)
            .ok_or(FaultKind::OutOfProgram(i64::from(site.insn)))?;
        let to = match op {
            Op::Call(Callee::Local(rel)) => {
                let insn = i64::from(next.insn) + i64::from(rel);
                let to = u32::try_from(insn).ok().map(|insn| Site { insn, ..*site });
                let inside = to.filter(|to| self.image.op(*to).is_some());
                Some(inside.ok_or(FaultKind::OutOfProgram(insn))?)
            }
            Op::CallX { dst } if by_number(rt, get(dst)).is_some() => None,
            Op::CallX { dst } => {
                Some(code_site(get(dst)).ok_or(FaultKind::BadCodeAddress(get(dst)))?)
            }
            _ => None,
        };
        if let Some(to) = to {
            let kept = [regs[6], regs[7], regs[8], regs[9]];
            returns.push(Return {
                site: next,
                regs: kept,
            });
            rt.enter()?;
            *site = to;
            return Ok(false);
        }
        match op {
            Op::Gotox { dst } => {
                let to = code_site(get(dst)).filter(|to| to.program == site.program);
                *site = to.ok_or(FaultKind::BadCodeAddress(get(dst)))?;
                return Ok(false);
            }
            Op::Call(Callee::TAIL_CALL) => match helpers::tail_call(rt, args)? {
                Some(program) => {
                    rt.restart_frame();
                    let ctx = regs[1];
                    *regs = [0; 10];
                    regs[1] = ctx;
                    *site = Site { program, insn: 0 };
                    return Ok(false);
                }
                None => regs[0] = (-2i64) as u64,
            },
            Op::CallX { dst } => {
                let number = by_number(rt, get(dst)).unwrap_or(0);
                let image = Arc::clone(self.image);
                let callee = Callee::Helper(number);
                regs[0] = helpers::call(rt, &image, *site, callee, args, self)?;
            }
            Op::Call(callee) => {
                let image = Arc::clone(self.image);
                regs[0] = helpers::call(rt, &image, *site, callee, args, self)?;
            }
            Op::LdAbs { .. } | Op::LdInd { .. } => {
                let (size, position) = match op {
                    Op::LdInd { size, src, imm } => {
                        (size, sem::alu(Width::W32, AluOp::Add, get(src), imm as u64))
                    }
                    Op::LdAbs { size, imm } => (size, u64::from(imm as u32)),
                    _ => return Err(broken("not a packet load")),
                };
                match rt.ld_abs(size, position) {
                    Some(value) => regs[0] = value,
                    None => {
                        regs[0] = 0;
                        return Ok(true);
                    }
                }
            }
            Op::Jmp { .. } | Op::Ja { .. } | Op::MayGoto { .. } => {
                let to = i64::from(next.insn) + i64::from(op.jump_offset().unwrap_or(0));
                return Err(FaultKind::OutOfProgram(to).into());
            }
            Op::Invalid(why) => return Err(FaultKind::Invalid(why).into()),
            Op::LoadArg { .. } | Op::StoreArg { .. } => {
                return Err(FaultKind::NotModelled("arguments on the stack".into()).into());
            }
            Op::Second => return Err(FaultKind::OutOfProgram(i64::from(site.insn)).into()),
            _ => return Err(FaultKind::Misuse("r10 is written").into()),
        }
        *site = next;
        Ok(false)
    }
}
