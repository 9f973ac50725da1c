//! Traps: the functions that a lowered text calls.
//!
//! rbpf gives its functions five registers and no context, so the run's state is
//! kept by thread while a text executes. A fault is recorded once; from then on
//! every trap yields zero and changes nothing, and `CHARGE` tells the text to end.

use std::cell::RefCell;
use std::sync::Arc;

use crate::programs::insn::{AtomicOp, Callee, Op, Size};
use crate::smoke::engine::{FaultKind, Invoke, Site, Stop};
use crate::smoke::helpers;
use crate::smoke::image::Image;
use crate::smoke::runtime::Runtime;
use crate::smoke::semantics as sem;

/// Numbers under which traps are registered.
pub mod key {
    use crate::programs::insn::Size;

    /// Keeps r1 to r5.
    pub const SAVE_LOW: u32 = 1;
    /// Keeps r6 to r9 and r0, which are passed in r1 to r5.
    pub const SAVE_HIGH: u32 = 2;
    /// Says why the text is left (r1) and at which instruction (r2).
    pub const LEAVE: u32 = 3;
    /// The program's r10.
    pub const FRAME: u32 = 4;
    /// Spends r1 instructions; not zero when there are none left.
    pub const CHARGE: u32 = 5;
    /// Whether `may_goto` jumps.
    pub const MAY_GOTO: u32 = 6;
    /// The instruction that the next helper call is.
    pub const SITE: u32 = 7;
    /// A helper call with its own arguments.
    pub const HELPER: u32 = 8;
    /// Does the instruction r1 with operands in r2 to r4.
    pub const EXEC: u32 = 9;
    const LOAD: u32 = 16;
    const STORE: u32 = 32;

    /// A load from address r1 (offset to r10 with `fp`) by the instruction r2.
    pub const fn load(size: Size, sx: bool, fp: bool) -> u32 {
        LOAD + size as u32 + 4 * sx as u32 + 8 * fp as u32
    }

    /// A store of r3 to address r1 (offset to r10 with `fp`) by the instruction r2.
    pub const fn store(size: Size, fp: bool) -> u32 {
        STORE + size as u32 + 4 * fp as u32
    }
}

/// The state of a run while a text executes.
pub struct Session {
    /// The run.
    pub rt: Runtime,
    /// Its programs.
    pub image: Arc<Image>,
    /// The program that executes.
    pub program: u32,
    /// r10 of the frame.
    pub frame: u64,
    /// r0 to r9 as the text left them.
    pub regs: [u64; 10],
    /// Why the text was left, if not by `exit`.
    pub left: Option<(u64, u32)>,
    /// Why the run ends.
    pub stop: Option<Stop>,
    site: u32,
}

impl Session {
    /// A session that is about to execute a text.
    pub fn new(rt: Runtime, image: Arc<Image>, program: u32) -> Session {
        let frame = rt.frame_pointer();
        Session {
            rt,
            image,
            program,
            frame,
            regs: [0; 10],
            left: None,
            stop: None,
            site: 0,
        }
    }

    fn at(&self, insn: u64) -> Site {
        Site {
            program: self.program,
            insn: insn as u32,
        }
    }

    fn settle(&mut self, insn: u64, result: Result<u64, Stop>) -> u64 {
        match result {
            Ok(value) => value,
            Err(stop) => {
                self.stop = Some(stop.at(self.at(insn)));
                0
            }
        }
    }
}

thread_local! {
    static SESSION: RefCell<Option<Box<Session>>> = const { RefCell::new(None) };
}

/// Puts a session in place.
pub fn begin(session: Box<Session>) {
    SESSION.set(Some(session));
}

/// Takes the session back.
pub fn end() -> Option<Box<Session>> {
    SESSION.take()
}

fn with(f: impl FnOnce(&mut Session) -> u64) -> u64 {
    SESSION.with_borrow_mut(|session| match session {
        Some(session) if session.stop.is_none() => f(session),
        _ => 0,
    })
}

/// A trap as rbpf calls it.
pub type Trap = fn(u64, u64, u64, u64, u64) -> u64;

/// Every trap with its number.
pub fn all() -> Vec<(u32, Trap)> {
    let mut out: Vec<(u32, Trap)> = vec![
        (key::SAVE_LOW, save_low),
        (key::SAVE_HIGH, save_high),
        (key::LEAVE, leave),
        (key::FRAME, frame),
        (key::CHARGE, charge),
        (key::MAY_GOTO, may_goto),
        (key::SITE, site),
        (key::HELPER, helper),
        (key::EXEC, exec),
    ];
    macro_rules! sized {
        ($($size:ident),*) => {$(
            out.push((key::load(Size::$size, false, false), load::<{ Size::$size as u8 }, false, false>));
            out.push((key::load(Size::$size, true, false), load::<{ Size::$size as u8 }, true, false>));
            out.push((key::load(Size::$size, false, true), load::<{ Size::$size as u8 }, false, true>));
            out.push((key::load(Size::$size, true, true), load::<{ Size::$size as u8 }, true, true>));
            out.push((key::store(Size::$size, false), store::<{ Size::$size as u8 }, false>));
            out.push((key::store(Size::$size, true), store::<{ Size::$size as u8 }, true>));
        )*};
    }
    sized!(B, H, W, DW);
    out
}

const fn size(number: u8) -> Size {
    match number {
        0 => Size::B,
        1 => Size::H,
        2 => Size::W,
        _ => Size::DW,
    }
}

fn load<const SIZE: u8, const SX: bool, const FP: bool>(
    addr: u64,
    insn: u64,
    _: u64,
    _: u64,
    _: u64,
) -> u64 {
    with(|s| {
        let addr = if FP { s.frame.wrapping_add(addr) } else { addr };
        match s.rt.mem.load(addr, size(SIZE).bytes()) {
            Ok(value) => sem::extend(size(SIZE), SX, value),
            Err(error) => s.settle(insn, Err(error.into())),
        }
    })
}

fn store<const SIZE: u8, const FP: bool>(addr: u64, insn: u64, value: u64, _: u64, _: u64) -> u64 {
    with(|s| {
        let addr = if FP { s.frame.wrapping_add(addr) } else { addr };
        match s.rt.mem.store(addr, size(SIZE).bytes(), value) {
            Ok(()) => 0,
            Err(error) => s.settle(insn, Err(error.into())),
        }
    })
}

fn save_low(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64) -> u64 {
    with(|s| {
        s.regs[1..6].copy_from_slice(&[r1, r2, r3, r4, r5]);
        0
    })
}

fn save_high(r6: u64, r7: u64, r8: u64, r9: u64, r0: u64) -> u64 {
    with(|s| {
        s.regs[6..10].copy_from_slice(&[r6, r7, r8, r9]);
        s.regs[0] = r0;
        0
    })
}

fn leave(how: u64, insn: u64, _: u64, _: u64, _: u64) -> u64 {
    with(|s| {
        s.left = Some((how, insn as u32));
        0
    })
}

fn frame(_: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    with(|s| s.frame)
}

fn charge(cost: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    with(|s| {
        if let Err(kind) = s.rt.burn(cost) {
            s.stop = Some(Stop::Fault(kind));
        }
        0
    });
    // A stopped session must end the text, so this is not for `with` to say.
    SESSION.with_borrow(|s| u64::from(s.as_ref().is_none_or(|s| s.stop.is_some())))
}

fn may_goto(_: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    // Stopped, it jumps: that is the way out of the loop.
    SESSION.with_borrow_mut(|s| match s {
        Some(s) if s.stop.is_none() => u64::from(s.rt.may_goto()),
        _ => 1,
    })
}

fn site(insn: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    with(|s| {
        s.site = insn as u32;
        0
    })
}

/// For helpers that call nothing back.
struct Nowhere;

impl Invoke for Nowhere {
    fn invoke(&mut self, _: &mut Runtime, function: u64, _: [u64; 5]) -> Result<u64, Stop> {
        Err(FaultKind::BadCodeAddress(function).into())
    }
}

fn helper(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64) -> u64 {
    with(|s| {
        let insn = u64::from(s.site);
        let site = s.at(insn);
        let Some(Op::Call(callee @ Callee::Helper(_))) = s.image.op(site) else {
            return s.settle(insn, Err(FaultKind::BadArgument("helper call").into()));
        };
        let image = Arc::clone(&s.image);
        let args = [r1, r2, r3, r4, r5];
        let result = helpers::call(&mut s.rt, &image, site, callee, args, &mut Nowhere);
        s.settle(insn, result)
    })
}

fn exec(insn: u64, a: u64, b: u64, c: u64, _: u64) -> u64 {
    with(|s| {
        let site = s.at(insn);
        let image = Arc::clone(&s.image);
        let result = match image.op(site) {
            Some(op) => operation(&mut s.rt, &image, site, op, [a, b, c]),
            None => Err(FaultKind::OutOfProgram(insn as i64).into()),
        };
        s.settle(insn, result)
    })
}

/// What rbpf cannot do.
fn operation(
    rt: &mut Runtime,
    image: &Image,
    site: Site,
    op: Op,
    [a, b, c]: [u64; 3],
) -> Result<u64, Stop> {
    match op {
        Op::Alu { w, op, .. } => Ok(sem::alu(w, op, a, b)),
        Op::AddrSpaceCast { imm, .. } => Ok(rt.addr_space_cast(a, imm)),
        Op::LdImm64 { src, .. } => rt.wide(image, site, src),
        Op::Atomic { op, size, .. } => {
            let old = rt.mem.load(a, size.bytes())?;
            let expected = if op == AtomicOp::CmpXchg { c } else { 0 };
            let new = sem::atomic(op, size, old, b, expected);
            rt.mem.store(a, size.bytes(), new)?;
            Ok(old)
        }
        _ => Err(FaultKind::BadArgument("trapped instruction").into()),
    }
}
