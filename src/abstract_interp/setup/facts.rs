//! What the control flow analysis must know of calls.

use crate::abstract_interp::asked::AskedTarget;
use crate::abstract_interp::checks::rights;
use crate::cfg::{CallFacts, CfgRules, InsnFacts};
use crate::helpers_spec::{self, KfFlags, KfRole, Semantics};
use crate::object::btf::Type;
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{Callee, Op};
use crate::target::Capability;

/// Facts on the calls of one program for one target.
pub struct Facts<'a> {
    program: &'a Program,
    ops: &'a [Op],
    target: AskedTarget<'a>,
    /// The rules of the target.
    pub rules: CfgRules<'a>,
}

impl<'a> Facts<'a> {
    /// Of one program.
    pub fn new(
        program: &'a Program,
        target: impl Into<AskedTarget<'a>>,
        ops: &'a [Op],
    ) -> Facts<'a> {
        let target = target.into();
        let rules = CfgRules::of(target.behaviour(), target.limits());
        let rules = match target.rights().meets(Capability::Bpf) {
            true => rules,
            false => rules.unprivileged(),
        };
        Facts {
            program,
            ops,
            target,
            rules,
        }
    }

    fn helper(&self, id: i32) -> CallFacts {
        let id = u32::try_from(id).unwrap_or(u32::MAX);
        let known = self.target.helper(self.program, id);
        let Some(p) = known.plain_proto() else {
            return CallFacts::default();
        };
        CallFacts {
            args: Some(
                p.args
                    .iter()
                    .take_while(|a| a.base != helpers_spec::ArgType::DontCare)
                    .count() as u8,
            ),
            sync_callback: p.semantics.has(Semantics::CALLBACK_SYNC),
            async_callback: p.semantics.has(Semantics::CALLBACK_ASYNC),
            iter_next: false,
            // To a program or loader that may not call it, the helper doesn't exist.
            might_sleep: p.might_sleep
                && known.allowed()
                && rights::helper_missing(self.target, known).is_none(),
            changes_packet: p.semantics.has(Semantics::CHANGES_PKT_DATA),
            might_throw: false,
        }
    }

    fn kfunc(&self, index: i32) -> CallFacts {
        let Some(k) = usize::try_from(index)
            .ok()
            .and_then(|i| self.program.kfuncs.get(i))
        else {
            return CallFacts::default();
        };
        let known = self.target.kfunc(self.program, &k.name);
        let spec = known.spec;
        let flags = spec.map_or(KfFlags::NONE, |s| s.flags);
        // Assembler text declares none.
        let listed = || u8::try_from(spec?.params().count()).ok();
        let role = helpers_spec::kfunc_role(&k.name);
        // Of what the program may not call a kernel looks up nothing.
        let allowed = known.allowed;
        let own = |yes: bool| allowed && yes;
        CallFacts {
            args: self.parameters(k.proto).or_else(listed).filter(|_| allowed),
            sync_callback: role == KfRole::TreeInsert,
            async_callback: matches!(role, KfRole::WqCallback | KfRole::TaskWork),
            iter_next: own(flags.contains(KfFlags::ITER_NEXT)),
            might_sleep: own(flags.contains(KfFlags::SLEEPABLE)),
            changes_packet: own(role == KfRole::ChangesPacket),
            might_throw: role == KfRole::Throw,
        }
    }

    /// How many parameters the object declares for a function.
    fn parameters(&self, func: u32) -> Option<u8> {
        let btf = self.program.btf.as_deref()?;
        let Type::Func { proto, .. } = btf.ty(func)? else {
            return None;
        };
        let Type::FuncProto { params, .. } = btf.ty(proto)? else {
            return None;
        };
        u8::try_from(params.len()).ok()
    }
}

impl InsnFacts for Facts<'_> {
    fn call(&self, insn: usize) -> CallFacts {
        match self.ops.get(insn) {
            Some(Op::Call(Callee::Helper(id))) => self.helper(*id),
            Some(Op::Call(Callee::Kfunc { imm, .. })) => self.kfunc(*imm),
            _ => CallFacts::default(),
        }
    }

    fn jump_table(&self, insn: usize) -> Option<Vec<u32>> {
        let at = u32::try_from(insn).ok()?;
        let own = |s: &&crate::programs::Subprog| (s.start..s.end).contains(&at);
        let own = self.program.subprogs.iter().find(own)?;
        // A table belongs to the function that its first entry is in.
        let mut targets: Vec<u32> = self
            .program
            .maps
            .iter()
            .map(|m| &m.jump_targets)
            .filter(|t| t.first().is_some_and(|f| (own.start..own.end).contains(f)))
            .flat_map(|t| t.iter().copied())
            .collect();
        targets.sort_unstable();
        targets.dedup();
        Some(targets)
    }

    fn exception_callback(&self) -> Option<u32> {
        self.program
            .subprogs
            .iter()
            .find(|s| s.exception_cb)
            .map(|s| s.start)
    }
}
