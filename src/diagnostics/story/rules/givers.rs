//! Kernel functions that give an object of the type which a refused argument has to be: the
//! target's own, and only those that the program may call.

use crate::diagnostics::story::Scene;
use crate::helpers_spec::{self, KfFlags, KfuncSpec};
use crate::prelude::*;

/// Names that are told at most.
const NAMES: usize = 2;

/// A structure that begins with another, and is taken for it.
const BEGINS: [(&str, &str); 1] = [("struct bpf_cpumask", "struct cpumask")];

/// What gives objects of a type.
#[derive(Default)]
pub(super) struct Givers {
    /// Those that take an object of it and give it back held.
    holding: Vec<&'static KfuncSpec>,
    /// Those that find or make one.
    finding: Vec<&'static KfuncSpec>,
}

impl Givers {
    /// For the argument that is refused.
    pub(super) fn of(scene: &Scene<'_>) -> Givers {
        let mut givers = Givers::default();
        let Some(callee) = called(scene) else {
            return givers;
        };
        let at = scene.reg().and_then(|r| usize::from(r).checked_sub(1));
        let Some(wanted) = at.and_then(|at| pointee(callee.params().nth(at)?)) else {
            return givers;
        };
        let fits = |ty: &str| ty == wanted || BEGINS.contains(&(ty, wanted));
        for spec in helpers_spec::kfuncs(scene.spec()) {
            let gives = pointee(spec.ret).is_some_and(fits);
            if gives
                && spec.name != callee.name
                && flags(scene, spec).contains(KfFlags::ACQUIRE)
                && may_call(scene, spec.name)
            {
                match spec.params().next().and_then(pointee).is_some_and(fits) {
                    true => givers.holding.push(spec),
                    false => givers.finding.push(spec),
                }
            }
        }
        givers
    }

    /// Those that hold an object which an RCU section protects.
    pub(super) fn under_rcu(&self, scene: &Scene<'_>) -> Option<String> {
        let mut holding = self.holding.clone();
        holding.retain(|spec| flags(scene, spec).contains(KfFlags::RCU));
        names(&holding)
    }

    /// Those that give one which is held, whatever they take.
    pub(super) fn any(&self) -> Option<String> {
        let all = self.holding.iter().chain(&self.finding);
        names(&all.copied().collect::<Vec<_>>())
    }
}

/// The kernel function that is called.
pub(super) fn called(scene: &Scene<'_>) -> Option<&'static KfuncSpec> {
    let name = scene.callee()?;
    let series = scene.kernel.map_or(scene.spec(), |k| k.kfunc_spec(&name));
    helpers_spec::kfunc(&name, series)
}

/// Its flags where this program calls it.
pub(super) fn flags(scene: &Scene<'_>, spec: &KfuncSpec) -> KfFlags {
    spec.flags_for(scene.program.prog_type)
}

/// Whether the target has a kernel function, and lets the program call it.
pub(super) fn may_call(scene: &Scene<'_>, name: &str) -> bool {
    let p = scene.program;
    let (ty, attach, to) = (p.prog_type, p.attach_type, p.attach_to.as_deref());
    scene.kernel.is_none_or(|k| k.has_kfunc(name))
        && helpers_spec::kfunc_allowed(name, ty, attach, to, scene.spec())
}

/// The type that a parameter or a result points to.
fn pointee(text: &str) -> Option<&str> {
    let (ty, _) = text.split_once('*')?;
    let ty = ty.trim();
    Some(ty.strip_prefix("const ").unwrap_or(ty)).filter(|ty| ty.starts_with("struct "))
}

fn names(specs: &[&KfuncSpec]) -> Option<String> {
    let names = specs
        .iter()
        .take(NAMES)
        .map(|spec| format!("`{}`", spec.name));
    let names: Vec<String> = names.collect();
    (!names.is_empty()).then(|| names.join(", "))
}
