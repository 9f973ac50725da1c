//! The reference interpreter: one decoded operation after another.
//!
//! Registers are plain numbers; what they may point at is the memory's business
//! (see [`super::memory`]), which checks every access against an object's exact
//! bounds. A [`Tracer`] sees the registers before each instruction; with
//! [`NoTrace`] the calls vanish.

use std::sync::Arc;

use super::engine::{Engine, FaultKind, Invoke, Outcome, RunResult, Site, Stop};
use super::helpers;
use super::image::{Code, Image, code_site};
use super::inputs::Input;
use super::runtime::Runtime;
use super::semantics as sem;
use crate::programs::insn::{Callee, Op, Size, Src, Width};

/// Sees each instruction before it is executed.
pub trait Tracer {
    /// Whether anything is to be seen at all.
    const ACTIVE: bool = true;
    /// A run on this input begins.
    fn begin(&mut self, _: &Input) {}
    /// The instruction, r0 to r10, and how many frames are entered.
    fn step(&mut self, site: Site, regs: &[u64; 11], depth: usize, rt: &Runtime);
}

/// Sees nothing, at no cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTrace;

impl Tracer for NoTrace {
    const ACTIVE: bool = false;
    fn step(&mut self, _: Site, _: &[u64; 11], _: usize, _: &Runtime) {}
}

/// The engine, with its tracer.
#[derive(Clone, Debug, Default)]
pub struct Reference<T = NoTrace> {
    /// What sees the instructions.
    pub tracer: T,
}

impl<T: Tracer> Engine for Reference<T> {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn call(
        &mut self,
        image: &Arc<Image>,
        site: Site,
        args: [u64; 5],
        rt: &mut Runtime,
    ) -> RunResult {
        let mut interp = Interp {
            image,
            tracer: &mut self.tracer,
        };
        catching(image, site, args, rt, |rt, site, args| {
            interp.exec(rt, site, args)
        })
    }
}

/// Runs a function with an engine's way to execute; an exception that reaches the
/// outermost frame goes to the program's exception callback, if it has one.
pub(super) fn catching(
    image: &Image,
    site: Site,
    args: [u64; 5],
    rt: &mut Runtime,
    mut exec: impl FnMut(&mut Runtime, Site, [u64; 5]) -> Result<u64, Stop>,
) -> RunResult {
    let depth = rt.depth();
    let mut result = exec(rt, site, args);
    let mut thrown = false;
    if let Err(Stop::Throw(cookie)) = result {
        rt.unwind(depth);
        thrown = true;
        let code = image.programs.get(site.program as usize);
        result = match code.and_then(|c| c.exception) {
            Some(insn) => exec(rt, Site { insn, ..site }, [cookie, 0, 0, 0, 0]),
            None => Ok(cookie),
        };
    }
    rt.unwind(depth);
    match result {
        Ok(ret) => Ok(Outcome { ret, thrown }),
        Err(Stop::Placed(fault)) => Err(fault),
        Err(Stop::Fault(kind)) => Err(kind.at(site)),
        Err(Stop::Throw(_)) => {
            let kind = FaultKind::Misuse("exception thrown by an exception callback");
            Err(kind.at(site))
        }
    }
}

struct Interp<'a, T> {
    image: &'a Image,
    tracer: &'a mut T,
}

impl<T: Tracer> Invoke for Interp<'_, T> {
    fn invoke(&mut self, rt: &mut Runtime, function: u64, args: [u64; 5]) -> Result<u64, Stop> {
        match code_site(function) {
            Some(site) => self.exec(rt, site, args),
            None => Err(FaultKind::BadCodeAddress(function).into()),
        }
    }
}

/// Where a call returns to, and what it preserves.
struct Return<'a> {
    code: &'a Code,
    site: Site,
    regs: [u64; 4],
    frame: u64,
}

/// Registers with a length that needs no bounds checks.
type Regs = [u64; 16];

#[inline(always)]
fn get(regs: &Regs, r: u8) -> u64 {
    regs[(r & 15) as usize]
}

#[inline(always)]
fn set(regs: &mut Regs, r: u8, value: u64) {
    regs[(r & 15) as usize] = value;
}

#[inline(always)]
fn operand(regs: &Regs, src: Src) -> u64 {
    match src {
        Src::Reg(r) => get(regs, r),
        Src::Imm(imm) => imm as i64 as u64,
    }
}

#[inline(always)]
fn address(regs: &Regs, base: u8, off: i16) -> u64 {
    get(regs, base).wrapping_add(off as i64 as u64)
}

impl<'a, T: Tracer> Interp<'a, T> {
    /// Runs from an instruction until the frame entered here is left.
    fn exec(&mut self, rt: &mut Runtime, from: Site, args: [u64; 5]) -> Result<u64, Stop> {
        let mut regs: Regs = [0; 16];
        regs[1..6].copy_from_slice(&args);
        regs[10] = rt.enter().map_err(|k| Stop::from(k).at(from))?;
        let mut site = from;
        rt.nest().map_err(|k| Stop::from(k).at(from))?;
        let result = self.steps(rt, &mut site, &mut regs);
        rt.unnest();
        result.map_err(|stop| stop.at(site))
    }

    fn code(&self, program: u32) -> Result<&'a Code, Stop> {
        let code = self.image.programs.get(program as usize);
        code.ok_or_else(|| FaultKind::BadArgument("program index").into())
    }

    fn steps(&mut self, rt: &mut Runtime, site: &mut Site, regs: &mut Regs) -> Result<u64, Stop> {
        let mut code = self.code(site.program)?;
        let mut returns: Vec<Return<'a>> = Vec::new();
        let mut pc = site.insn as usize;
        macro_rules! jump {
            ($off:expr) => {
                pc = (pc as i64 + i64::from($off)) as usize
            };
        }
        loop {
            let Some(op) = code.ops.get(pc) else {
                return Err(FaultKind::OutOfProgram(pc as i64).into());
            };
            site.insn = pc as u32;
            rt.burn(1)?;
            if T::ACTIVE
                && let Some(seen) = regs.first_chunk()
            {
                self.tracer.step(*site, seen, rt.depth(), rt);
            }
            if code.frame_written && sem::writes_r10(op) {
                return Err(FaultKind::Misuse("r10 is written").into());
            }
            match *op {
                Op::Alu { w, op, dst, src } => {
                    let value = sem::alu(w, op, get(regs, dst), operand(regs, src));
                    set(regs, dst, value);
                }
                Op::Jmp {
                    w,
                    op,
                    dst,
                    src,
                    off,
                } => {
                    if op.holds(w, get(regs, dst), operand(regs, src)) {
                        jump!(off);
                    }
                }
                Op::Ja { off, .. } => jump!(off),
                Op::Load {
                    dst,
                    base,
                    off,
                    size,
                    sx,
                } => {
                    let value = rt.mem.load(address(regs, base, off), size.bytes())?;
                    set(regs, dst, sem::extend(size, sx, value));
                }
                Op::LoadAcquire {
                    dst,
                    base,
                    off,
                    size,
                } => {
                    let value = rt.mem.load(address(regs, base, off), size.bytes())?;
                    set(regs, dst, value);
                }
                Op::Store {
                    base,
                    off,
                    size,
                    src,
                } => {
                    let value = operand(regs, src);
                    rt.mem
                        .store(address(regs, base, off), size.bytes(), value)?;
                }
                Op::StoreRelease {
                    base,
                    off,
                    size,
                    src,
                } => {
                    let value = get(regs, src);
                    rt.mem
                        .store(address(regs, base, off), size.bytes(), value)?;
                }
                Op::Neg { w, dst } => {
                    let value = sem::neg(w, get(regs, dst));
                    set(regs, dst, value);
                }
                Op::MovSx { w, dst, src, bits } => {
                    let value = sem::sign_extend(w, get(regs, src), bits);
                    set(regs, dst, value);
                }
                Op::End { dst, kind, bits } => {
                    let value = sem::end(kind, bits, get(regs, dst));
                    set(regs, dst, value);
                }
                Op::AddrSpaceCast { dst, src, imm } => {
                    let value = rt.addr_space_cast(get(regs, src), imm);
                    set(regs, dst, value);
                }
                Op::LdImm64 { dst, src } => {
                    let value = rt.wide(self.image, *site, src)?;
                    set(regs, dst, value);
                    pc += 1;
                }
                Op::Atomic {
                    op,
                    fetch,
                    size,
                    base,
                    off,
                    src,
                } => {
                    let addr = address(regs, base, off);
                    let old = rt.mem.load(addr, size.bytes())?;
                    let new = sem::atomic(op, size, old, get(regs, src), regs[0]);
                    rt.mem.store(addr, size.bytes(), new)?;
                    if fetch {
                        let to = if op == crate::programs::insn::AtomicOp::CmpXchg {
                            0
                        } else {
                            src
                        };
                        set(regs, to, old);
                    }
                }
                Op::LdAbs { .. } | Op::LdInd { .. } => {
                    let (size, at) = legacy(*op, regs);
                    match rt.ld_abs(size, at) {
                        Some(value) => regs[0] = value,
                        None => {
                            regs[0] = 0;
                            rt.leave();
                            match returns.pop() {
                                Some(ret) => (code, pc) = resume(ret, site, regs),
                                None => return Ok(0),
                            }
                        }
                    }
                }
                Op::MayGoto { off } => {
                    if rt.may_goto() {
                        jump!(off);
                    }
                }
                Op::Exit => {
                    rt.leave();
                    match returns.pop() {
                        Some(ret) => (code, pc) = resume(ret, site, regs),
                        None => return Ok(regs[0]),
                    }
                }
                Op::Call(Callee::Local(rel)) => {
                    returns.push(saved(code, *site, regs));
                    regs[10] = rt.enter()?;
                    jump!(rel);
                }
                Op::CallX { dst } if by_number(rt, get(regs, dst)).is_some() => {
                    let number = by_number(rt, get(regs, dst)).unwrap_or(0);
                    let args = arguments(regs);
                    let callee = Callee::Helper(number);
                    regs[0] = helpers::call(rt, self.image, *site, callee, args, self)?;
                }
                Op::CallX { dst } => {
                    let to = get(regs, dst);
                    let target = code_site(to).ok_or(FaultKind::BadCodeAddress(to))?;
                    returns.push(saved(code, *site, regs));
                    regs[10] = rt.enter()?;
                    code = self.code(target.program)?;
                    *site = target;
                    pc = target.insn as usize;
                    continue;
                }
                Op::Gotox { dst } => {
                    let to = get(regs, dst);
                    let target = code_site(to).filter(|t| t.program == site.program);
                    pc = target.ok_or(FaultKind::BadCodeAddress(to))?.insn as usize;
                    continue;
                }
                Op::Call(Callee::TAIL_CALL) => {
                    let args = arguments(regs);
                    match helpers::tail_call(rt, args)? {
                        Some(program) => {
                            code = self.code(program)?;
                            rt.restart_frame();
                            *site = Site { program, insn: 0 };
                            let ctx = regs[1];
                            let fp = regs[10];
                            *regs = [0; 16];
                            (regs[1], regs[10]) = (ctx, fp);
                            pc = 0;
                            continue;
                        }
                        None => regs[0] = (-2i64) as u64,
                    }
                }
                Op::Call(callee) => {
                    let args = arguments(regs);
                    regs[0] = helpers::call(rt, self.image, *site, callee, args, self)?;
                }
                Op::LoadArg { .. } | Op::StoreArg { .. } => {
                    return Err(FaultKind::NotModelled("arguments on the stack".into()).into());
                }
                Op::Second => return Err(FaultKind::OutOfProgram(pc as i64).into()),
                Op::Invalid(why) => return Err(FaultKind::Invalid(why).into()),
            }
            pc = pc.wrapping_add(1);
        }
    }
}

/// The helper that a register names where that is allowed.
pub(super) fn by_number(rt: &Runtime, value: u64) -> Option<i32> {
    let small = i32::try_from(value).ok()?;
    rt.config.call_by_number.then_some(small)
}

fn arguments(regs: &Regs) -> [u64; 5] {
    [regs[1], regs[2], regs[3], regs[4], regs[5]]
}

fn saved<'a>(code: &'a Code, site: Site, regs: &Regs) -> Return<'a> {
    let kept = [regs[6], regs[7], regs[8], regs[9]];
    Return {
        code,
        site,
        regs: kept,
        frame: regs[10],
    }
}

/// Restores what a call preserves; the instruction returned to is the call's own.
fn resume<'a>(ret: Return<'a>, site: &mut Site, regs: &mut Regs) -> (&'a Code, usize) {
    regs[1..6].fill(0);
    regs[6..10].copy_from_slice(&ret.regs);
    regs[10] = ret.frame;
    *site = ret.site;
    (ret.code, ret.site.insn as usize)
}

/// Size and position of a legacy packet load.
fn legacy(op: Op, regs: &Regs) -> (Size, u64) {
    match op {
        Op::LdInd { size, src, imm } => (
            size,
            sem::alu(
                Width::W32,
                crate::programs::insn::AluOp::Add,
                get(regs, src),
                imm as u64,
            ),
        ),
        Op::LdAbs { size, imm } => (size, imm as u32 as u64),
        _ => (Size::B, 0),
    }
}
