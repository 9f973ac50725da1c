//! What an object may do, asked as somebody asks who has to let it run.
//!
//! An answer is yes with its reasons, no, or unknown: what helpers do is told by their
//! classes of risk, what programs do without a call (reading kernel structures, writing
//! packets) by what their exploration saw. Where that did not come to its end, such an
//! answer is unknown, not no.

use super::model::{ObjectAudit, Requirements};
use crate::helpers_spec::{AttachType, ProgType, Risk};
use crate::prelude::*;
use crate::untrusted::{Untrusted, text};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Reading the kernel's memory.
    ReadKernel,
    /// Reading the memory of processes.
    ReadProcesses,
    /// Seeing packets.
    SeePackets,
    /// Writing the memory of processes.
    WriteProcesses,
    /// Changing packets.
    ChangePackets,
    /// Sending packets or connections elsewhere.
    Divert,
    /// Refusing packets, operations, accesses.
    Refuse,
    /// Making calls return something else.
    Override,
    /// Sending signals.
    Signal,
    /// Changing the kernel's state.
    ChangeKernel,
    /// Running other code.
    RunOther,
    /// Learning who is running.
    Identify,
    /// Handing data to user space.
    HandOut,
}

impl Question {
    /// Every question, in the order in which they are answered.
    pub const ALL: [Question; 13] = [
        Question::ReadKernel,
        Question::ReadProcesses,
        Question::SeePackets,
        Question::WriteProcesses,
        Question::ChangePackets,
        Question::Divert,
        Question::Refuse,
        Question::Override,
        Question::Signal,
        Question::ChangeKernel,
        Question::RunOther,
        Question::Identify,
        Question::HandOut,
    ];

    /// The stable word.
    pub const fn name(self) -> &'static str {
        match self {
            Question::ReadKernel => "read-kernel",
            Question::ReadProcesses => "read-processes",
            Question::SeePackets => "see-packets",
            Question::WriteProcesses => "write-processes",
            Question::ChangePackets => "change-packets",
            Question::Divert => "divert",
            Question::Refuse => "refuse",
            Question::Override => "override",
            Question::Signal => "signal",
            Question::ChangeKernel => "change-kernel",
            Question::RunOther => "run-other",
            Question::Identify => "identify",
            Question::HandOut => "hand-out",
        }
    }

    /// What it asks, to follow "may it".
    pub const fn asks(self) -> &'static str {
        match self {
            Question::ReadKernel => "read kernel memory",
            Question::ReadProcesses => "read processes' memory (secrets)",
            Question::SeePackets => "see packets",
            Question::WriteProcesses => "write processes' memory",
            Question::ChangePackets => "change packets",
            Question::Divert => "send packets or connections elsewhere",
            Question::Refuse => "drop packets, refuse operations",
            Question::Override => "override what functions return",
            Question::Signal => "send signals",
            Question::ChangeKernel => "change sockets, devices, other kernel state",
            Question::RunOther => "run other programs, make system calls",
            Question::Identify => "learn who is running",
            Question::HandOut => "hand data to user space",
        }
    }

    fn of(risk: Risk) -> Question {
        match risk {
            Risk::WriteUser => Question::WriteProcesses,
            Risk::OverrideReturn => Question::Override,
            Risk::Signal => Question::Signal,
            Risk::Redirect => Question::Divert,
            Risk::ChangePacket => Question::ChangePackets,
            Risk::ReadKernel => Question::ReadKernel,
            Risk::ReadUser => Question::ReadProcesses,
            Risk::CallProgram | Risk::SystemCall | Risk::Deferred => Question::RunOther,
            Risk::SocketState | Risk::KernelState | Risk::Scheduling | Risk::Device => {
                Question::ChangeKernel
            }
            Risk::Output => Question::HandOut,
            Risk::Identity => Question::Identify,
        }
    }
}

/// What a program does without a call, as far as its exploration went to the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Loads from kernel structures.
    pub kernel_reads: usize,
    /// Stores to kernel structures.
    pub kernel_writes: usize,
    /// Loads from packets.
    pub packet_reads: usize,
    /// Stores to packets.
    pub packet_writes: usize,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// To what.
    pub question: Question,
    /// By what it may, each with the programs; none if it may not, or nobody knows.
    pub by: Vec<(Untrusted, Vec<Untrusted>)>,
    /// The programs of which it is not known.
    pub unknown: Vec<Untrusted>,
}

impl Answer {
    /// `yes`, `no` or `unknown`.
    pub fn word(&self) -> &'static str {
        match (self.by.is_empty(), self.unknown.is_empty()) {
            (false, _) => "yes",
            (true, true) => "no",
            (true, false) => "unknown",
        }
    }

    fn add(&mut self, what: impl Into<Untrusted>, program: &Untrusted) {
        let what = what.into();
        let at = self.by.iter().position(|(known, _)| *known == what);
        let at = at.unwrap_or_else(|| {
            self.by.push((what, Vec::new()));
            self.by.len() - 1
        });
        if let Some((_, programs)) = self.by.get_mut(at)
            && programs.last() != Some(program)
        {
            programs.push(program.clone());
        }
    }
}

/// The answers for an object, one for each question.
pub fn answers(audit: &ObjectAudit) -> Vec<Answer> {
    let mut all: Vec<Answer> = Question::ALL
        .into_iter()
        .map(|question| Answer {
            question,
            by: Vec::new(),
            unknown: Vec::new(),
        })
        .collect();
    for p in &audit.programs {
        for answer in &mut all {
            of_program(answer, p);
        }
    }
    // Of what could not even be read nothing is known.
    for u in &audit.unlinked {
        all.iter_mut()
            .for_each(|a| a.unknown.push(u.program.clone()));
    }
    all
}

fn of_program(answer: &mut Answer, p: &Requirements) {
    let name = &p.program;
    for call in &p.calls {
        if call
            .risks
            .iter()
            .any(|r| Question::of(r) == answer.question)
        {
            answer.add(&call.name, name);
        }
    }
    let (by_type, by_touch) = own(answer.question, p);
    for what in by_type
        .into_iter()
        .chain(by_touch.as_ref().ok().copied().flatten())
    {
        answer.add(what, name);
    }
    if by_touch.is_err() {
        answer.unknown.push(name.clone());
    }
    if answer.question == Question::HandOut {
        for c in &p.channels {
            answer.add(text!("{} {}", c.kind, c.through), name);
        }
    }
}

/// What a program may by its type, and by what it touches; the error means that nobody
/// knows.
fn own(
    question: Question,
    p: &Requirements,
) -> (Option<&'static str>, Result<Option<&'static str>, ()>) {
    let touch = |may: bool, count: &dyn Fn(Touched) -> usize, what: &'static str| match p.touched {
        _ if !may => Ok(None),
        Some(touched) => Ok((count(touched) > 0).then_some(what)),
        None => Err(()),
    };
    let typed = matches!(
        p.prog_type,
        ProgType::Tracing | ProgType::Lsm | ProgType::StructOps | ProgType::Ext
    );
    let unknown = p.prog_type == ProgType::Unspec;
    let packets = has_packet(p.prog_type);
    use Question as Q;
    if unknown
        && matches!(
            question,
            Q::SeePackets | Q::Refuse | Q::Override | Q::ChangeKernel
        )
    {
        return (None, Err(()));
    }
    match question {
        Question::ReadKernel => (
            None,
            touch(
                typed || unknown,
                &|t| t.kernel_reads,
                "typed pointers into the kernel",
            ),
        ),
        Question::ChangeKernel => (
            (p.prog_type == ProgType::StructOps).then_some("functions of a kernel structure"),
            touch(
                p.prog_type == ProgType::StructOps,
                &|t| t.kernel_writes,
                "stores to kernel structures",
            ),
        ),
        Question::SeePackets => (packets.then_some("its context"), Ok(None)),
        Question::ChangePackets => (
            None,
            touch(
                packets || unknown,
                &|t| t.packet_writes,
                "stores to packets",
            ),
        ),
        Question::Refuse => (refuses(p.prog_type), Ok(None)),
        Question::Override => (
            (p.attach_type == Some(AttachType::ModifyReturn)).then_some("its return value"),
            Ok(None),
        ),
        _ => (None, Ok(None)),
    }
}

fn has_packet(ty: ProgType) -> bool {
    use ProgType as P;
    matches!(
        ty,
        P::Xdp
            | P::SchedCls
            | P::SchedAct
            | P::SocketFilter
            | P::CgroupSkb
            | P::SkSkb
            | P::SkMsg
            | P::LwtIn
            | P::LwtOut
            | P::LwtXmit
            | P::LwtSeg6local
            | P::FlowDissector
            | P::SkReuseport
            | P::Netfilter
    )
}

/// What a program may turn away by its return value.
fn refuses(ty: ProgType) -> Option<&'static str> {
    use ProgType as P;
    Some(match ty {
        P::Xdp | P::SchedCls | P::SchedAct | P::Netfilter => "packets, by its return value",
        P::LwtIn | P::LwtOut | P::LwtXmit | P::LwtSeg6local => "packets, by its return value",
        P::CgroupSkb => "packets of a cgroup, by its return value",
        P::SkSkb | P::SkMsg => "data of sockets, by its return value",
        P::CgroupSock | P::CgroupSockAddr | P::CgroupSockopt => {
            "operations on sockets of a cgroup, by its return value"
        }
        P::CgroupDevice => "devices for a cgroup, by its return value",
        P::CgroupSysctl => "sysctls for a cgroup, by its return value",
        P::SkLookup => "connections, by its return value",
        P::Lsm => "what a security hook guards, by its return value",
        _ => return None,
    })
}
