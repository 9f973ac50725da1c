//! Refusals: which rule was broken, where, and the values that prove it.
//!
//! A check that refuses gives a [`Fault`] and, where one is at fault, a register.
//! A fault is facts only: numbers, types, names, kinds of section. From it derive
//! the code, and in rooms to the right the words of the target's kernel
//! (`diagnostics::kernel_words`), our own (`diagnostics::wording`), and whatever a
//! report reads. No text is made here and none is parsed anywhere.
//!
//! A log of a kernel gives the same type, with what little the log tells
//! ([`Logged`]): those who explain a refusal ask for its [`Key`] and its fields by
//! name, and need not know where it came from.
//!
//! Refusals are boxed and built only where a program is refused; nothing of them is
//! on the path of an instruction that passes.

mod evidence;
mod fault;

pub use evidence::{
    Buffer, End, Frame, Frames, IrqKind, Lock, Name, Open, Owner, RegClasses, Return, Section,
    Signed, StackObject, Tag, Value, Way,
};
pub use fault::{Fault, Key};

use super::codes::Code;
use super::explore::Hot;
use super::halt::{Check, Halt};
use super::value::Reg;
use crate::prelude::*;

/// What is known of the fault.
#[derive(Clone, Debug)]
pub enum Fact {
    /// The engine found it.
    Found(Fault),
    /// A kernel said so.
    Logged(Logged),
}

/// What a kernel's log tells of a refusal.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The code whose key words the log holds.
    pub code: Code,
    /// The fault, if its key words are told apart from others of the code.
    pub key: Option<Key>,
    /// The numbers that the log gives, by the names of the fault's fields.
    pub fields: Vec<(&'static str, i64)>,
    /// The refusing lines, as printed.
    pub lines: Vec<String>,
}

/// What a register held at the refusal.
#[derive(Clone, Debug)]
pub enum Held {
    /// As the engine knows it.
    Known(Box<Reg>),
    /// As a log words it.
    Logged(String),
}

/// The call of a global function whose arguments were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalCall {
    /// Number of the function.
    pub subprog: u32,
    /// Its name.
    pub name: Name,
}

/// One refusal: what, where, and how the program came there.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What was broken, and its evidence.
    pub fact: Fact,
    /// The register at fault, where one is.
    pub reg: Option<u8>,
    /// Index of the refused instruction slot in `Program::insns`.
    pub insn: usize,
    /// The call, if the fault lies in the arguments of a global function.
    pub call: Option<GlobalCall>,
    /// The instruction slots executed from the entry to the refusal, oldest
    /// first; only the last [`Refusal::MAX_PATH`] of them.
    pub path: Vec<u32>,
    /// Whether `path` lost its beginning.
    pub path_truncated: bool,
    /// The register file of the innermost frame at the refusal, initialised ones
    /// only.
    pub regs: Vec<(u8, Held)>,
    /// Of a program that is too large: where the most states were held.
    pub hot: Option<Box<Hot>>,
}

impl Refusal {
    /// The longest path kept, in instructions.
    pub const MAX_PATH: usize = 8192;

    /// A refusal whose place and path the exploration fills in.
    #[cold]
    pub fn new(fault: Fault) -> Box<Refusal> {
        Refusal::of(Fact::Found(fault))
    }

    /// A refusal that a log tells of.
    pub fn logged(logged: Logged) -> Box<Refusal> {
        Refusal::of(Fact::Logged(logged))
    }

    fn of(fact: Fact) -> Box<Refusal> {
        Box::new(Refusal {
            fact,
            reg: None,
            insn: usize::MAX,
            call: None,
            path: Vec::new(),
            path_truncated: false,
            regs: Vec::new(),
            hot: None,
        })
    }

    /// The same without its path, which is long.
    pub fn without_path(&self) -> Refusal {
        Refusal {
            fact: self.fact.clone(),
            reg: self.reg,
            insn: self.insn,
            call: self.call.clone(),
            path: Vec::new(),
            path_truncated: self.path_truncated || !self.path.is_empty(),
            regs: self.regs.clone(),
            hot: self.hot.clone(),
        }
    }

    /// Names the register at fault.
    #[must_use]
    pub fn on(mut self: Box<Self>, reg: u8) -> Box<Self> {
        self.reg = Some(reg);
        self
    }

    /// Places the fault at an instruction other than the current one.
    #[must_use]
    pub fn at(mut self: Box<Self>, insn: usize) -> Box<Self> {
        self.insn = insn;
        self
    }

    /// The stable code. Of a global call, faults that only arguments can have are
    /// told as the call's.
    pub fn code(&self) -> Code {
        let code = match &self.fact {
            Fact::Found(fault) => fault.code(),
            Fact::Logged(logged) => logged.code,
        };
        match (&self.call, code) {
            (
                Some(_),
                Code::CtxExpected
                | Code::RefArgs
                | Code::FuncProtoArgs
                | Code::ScalarExpected
                | Code::SizeUnresolved
                | Code::RegTypeMismatch,
            ) => Code::SubprogArgs,
            _ => code,
        }
    }

    /// Which fault it is, if that is known.
    pub fn key(&self) -> Option<Key> {
        match &self.fact {
            Fact::Found(fault) => Some(fault.key()),
            Fact::Logged(logged) => logged.key,
        }
    }

    /// The fault, if the engine found it.
    pub fn fault(&self) -> Option<&Fault> {
        match &self.fact {
            Fact::Found(fault) => Some(fault),
            Fact::Logged(_) => None,
        }
    }

    /// The name in the fault's field of this name, if the engine found it.
    pub fn text(&self, name: &str) -> Option<String> {
        let mut found = None;
        self.fault()?.each(&mut |field, value| {
            if let (true, Value::Name(text)) = (field == name, value) {
                found = Some(text.to_owned());
            }
        });
        found
    }

    /// The number in the fault's field of this name.
    pub fn number(&self, name: &str) -> Option<i64> {
        match &self.fact {
            Fact::Found(fault) => {
                let mut found = None;
                fault.each(&mut |field, value| {
                    if field == name {
                        found = value.number();
                    }
                });
                found
            }
            Fact::Logged(logged) => {
                let field = logged.fields.iter().find(|(field, _)| *field == name);
                field.map(|(_, number)| *number)
            }
        }
    }
}

/// A refusal, in one line: `refuse(Fault::ZeroDivisor)`.
#[cold]
pub fn refuse<T>(fault: Fault) -> Check<T> {
    Err(Halt::Refusal(Refusal::new(fault)))
}

/// A refusal that names the register at fault.
#[cold]
pub fn refuse_reg<T>(reg: u8, fault: Fault) -> Check<T> {
    Err(Halt::Refusal(Refusal::new(fault).on(reg)))
}
