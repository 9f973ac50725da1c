//! What the engine says of a program: a verdict, and for a refusal its evidence.
//!
//! A `Violation` states facts only; how they are worded for a person is the
//! business of the `diagnostics` room. `words` are the key words that a kernel
//! prints for the same fault, so that a search engine finds it. The codes are
//! made of the pages in `rules/`, where each has its number and name.

pub use super::codes::Code;

/// One refusal: what, where, and how the program came there.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The stable code.
    pub code: Code,
    /// Index of the refused instruction slot in `Program::insns`.
    pub insn: usize,
    /// The register at fault, where one is.
    pub reg: Option<u8>,
    /// Key words of the kernel's message for the same fault.
    pub words: String,
    /// The instruction slots executed from the entry to the refusal, oldest
    /// first; only the last [`Violation::MAX_PATH`] of them.
    pub path: Vec<u32>,
    /// Whether `path` lost its beginning.
    pub path_truncated: bool,
    /// The register file of the innermost frame at the refusal, worded as a
    /// verifier log words it (`R1=pkt(off=14,r=0)`), initialised ones only.
    pub regs: Vec<(u8, String)>,
}

impl Violation {
    /// The longest path kept, in instructions.
    pub const MAX_PATH: usize = 8192;

    /// A violation whose place and path the exploration fills in.
    pub fn new(code: Code, words: impl Into<String>) -> Box<Violation> {
        Box::new(Violation {
            code,
            insn: usize::MAX,
            reg: None,
            words: words.into(),
            path: Vec::new(),
            path_truncated: false,
            regs: Vec::new(),
        })
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
}

/// Why no verdict is given: a construct that isn't modelled, or our own budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The construct's stable name (`arena`, `kfunc:bpf_foo`, `budget:time`).
    pub name: String,
    /// The instruction at which it was met.
    pub insn: Option<usize>,
}

/// The verdict on one program for one target.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The kernel loads it.
    Accept,
    /// The kernel refuses it.
    Reject(Box<Violation>),
    /// Not decided, and why.
    Unknown(Unknown),
}

/// Counts of one exploration, as the kernel's statistics line gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Instructions processed over all paths.
    pub processed: u64,
    /// States ever kept for pruning.
    pub total_states: u64,
    /// The most states kept at one time.
    pub peak_states: u64,
    /// The deepest combined stack, in bytes, rounded as the target rounds.
    pub stack_depth: u32,
}

/// The outcome of one verification.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The verdict.
    pub verdict: Verdict,
    /// What the exploration cost.
    pub stats: Stats,
}
