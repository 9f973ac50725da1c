//! What a program holds too long: references, locks, critical sections.

use super::patch;
use super::{Claim, Event, Happened, Help, Scene, Story};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::Key;
use crate::diagnostics::flow::{Call, Made};
use crate::diagnostics::names;
use crate::prelude::*;
use crate::programs::insn::{JmpOp, Op};

pub(super) fn tell(scene: &Scene<'_>) -> Option<Story> {
    if scene.refusal.code() == Code::RefLeak {
        return leak(scene);
    }
    let open = matches!(
        scene.key(),
        Some(
            Key::SectionOpen
                | Key::CallUnderLock
                | Key::HelperSleeps
                | Key::KfuncSleeps
                | Key::KfuncSleepsInSection
                | Key::GlobalSleeps
                | Key::LockedAgain
                | Key::LockedTwo
        )
    ) || matches!(
        (scene.refusal.code(), scene.key()),
        (
            Code::HoldingLock | Code::RcuAtEnd | Code::SleepInRcu | Code::SleepInPreempt,
            _
        )
    );
    if open { still_open(scene) } else { None }
}

/// What an acquiring call's result is given back with.
pub(super) const RELEASES: &[(&str, &str)] = &[
    ("bpf_ringbuf_reserve_dynptr", "bpf_ringbuf_discard_dynptr"),
    ("bpf_ringbuf_reserve", "bpf_ringbuf_discard"),
    ("bpf_sk_lookup_tcp", "bpf_sk_release"),
    ("bpf_sk_lookup_udp", "bpf_sk_release"),
    ("bpf_skc_lookup_tcp", "bpf_sk_release"),
    ("bpf_map_lookup_elem", "bpf_sk_release"),
    ("bpf_task_acquire", "bpf_task_release"),
    ("bpf_task_from_pid", "bpf_task_release"),
    ("bpf_task_from_vpid", "bpf_task_release"),
    ("bpf_cgroup_acquire", "bpf_cgroup_release"),
    ("bpf_cgroup_from_id", "bpf_cgroup_release"),
    ("bpf_cgroup_ancestor", "bpf_cgroup_release"),
    ("bpf_cpumask_create", "bpf_cpumask_release"),
    ("bpf_cpumask_acquire", "bpf_cpumask_release"),
    ("bpf_obj_new", "bpf_obj_drop"),
    ("bpf_refcount_acquire", "bpf_obj_drop"),
    ("bpf_list_pop_", "bpf_obj_drop"),
    ("bpf_rbtree_remove", "bpf_obj_drop"),
    ("bpf_percpu_obj_new", "bpf_percpu_obj_drop"),
    ("bpf_crypto_ctx_create", "bpf_crypto_ctx_release"),
    ("bpf_crypto_ctx_acquire", "bpf_crypto_ctx_release"),
    ("bpf_lookup_user_key", "bpf_key_put"),
    ("bpf_lookup_system_key", "bpf_key_put"),
    ("bpf_get_task_exe_file", "bpf_put_file"),
    ("bpf_iter_num_new", "bpf_iter_num_destroy"),
    ("bpf_iter_task_new", "bpf_iter_task_destroy"),
    ("bpf_iter_task_vma_new", "bpf_iter_task_vma_destroy"),
    ("bpf_iter_css_new", "bpf_iter_css_destroy"),
    ("bpf_iter_css_task_new", "bpf_iter_css_task_destroy"),
    ("bpf_iter_bits_new", "bpf_iter_bits_destroy"),
    ("bpf_iter_kmem_cache_new", "bpf_iter_kmem_cache_destroy"),
    ("bpf_iter_dmabuf_new", "bpf_iter_dmabuf_destroy"),
    ("bpf_iter_scx_dsq_new", "bpf_iter_scx_dsq_destroy"),
    ("bpf_xdp_ct_lookup", "bpf_ct_release"),
    ("bpf_skb_ct_lookup", "bpf_ct_release"),
];

/// Calls that open a section, and those that close it.
const SECTIONS: [(&str, &str); 6] = [
    ("bpf_spin_lock", "bpf_spin_unlock"),
    (
        "bpf_res_spin_lock_irqsave",
        "bpf_res_spin_unlock_irqrestore",
    ),
    ("bpf_res_spin_lock", "bpf_res_spin_unlock"),
    ("bpf_rcu_read_lock", "bpf_rcu_read_unlock"),
    ("bpf_preempt_disable", "bpf_preempt_enable"),
    ("bpf_local_irq_save", "bpf_local_irq_restore"),
];

fn acquired(scene: &Scene<'_>) -> Option<(Call, String)> {
    if let Some(insn) = scene
        .refusal
        .number("acquired")
        .and_then(|n| usize::try_from(n).ok())
    {
        let found = scene.calls(|c, _| c.insn == insn).pop();
        if found.is_some() {
            return found;
        }
        // Not on the path that is kept.
        if let Some(&Op::Call(callee)) = scene.ops.get(insn) {
            let name = names::callee(scene.program, callee, insn);
            let call = Call {
                step: 0,
                insn,
                callee,
                args: [0; 5],
                result: 0,
            };
            return Some((call, name));
        }
    }
    let released = |c: &Call| {
        scene.flow.calls.iter().any(|r| {
            r.step > c.step
                && names::releases(scene.program, r.callee)
                && r.args.iter().any(|&a| scene.flow.root(a) == c.result)
        })
    };
    scene
        .calls(|c, _| names::acquires(scene.program, c.callee) && !released(c))
        .pop()
}

fn leak(scene: &Scene<'_>) -> Option<Story> {
    let (call, name) = acquired(scene)?;
    let release = RELEASES
        .iter()
        .find(|(by, _)| name.starts_with(by))
        .map(|(_, r)| *r);
    let mut events = vec![scene.event(call.step, call.insn, Happened::Acquired(name.clone()))];
    // Which argument names the place of the stack that what is held lies in.
    let lies = match name.as_str() {
        n if n.ends_with("_dynptr") => Some(4usize),
        n if n.starts_with("bpf_iter_") => Some(1),
        _ => None,
    };
    let dynptr = lies.is_some();
    let way = way_out(scene, &call, dynptr);
    if let Some((event, _)) = &way {
        events.push(event.clone());
    }
    let what = scene.assigned(call.insn);
    let statement = release.map(|r| match r {
        "bpf_ringbuf_discard" => format!("{r}({}, 0);", what.as_deref().unwrap_or("record")),
        "bpf_ringbuf_discard_dynptr" => {
            let ptr = scene.argument(call.insn, 4);
            format!("{r}({}, 0);", ptr.as_deref().unwrap_or("&ptr"))
        }
        _ if lies == Some(1) => {
            let ptr = scene.argument(call.insn, 1);
            format!("{r}({});", ptr.as_deref().unwrap_or("&it"))
        }
        _ => format!("{r}({});", what.as_deref().unwrap_or("object")),
    });
    // Where nothing compared it with NULL, what gives it back must.
    let compared = scene
        .flow
        .tests
        .iter()
        .any(|t| t.step > call.step && scene.flow.root(t.a) == call.result);
    let nullable =
        names::may_return_null(scene.program, call.callee) && (way.is_none() || !compared);
    let statement = match (statement, &what) {
        (Some(s), Some(what)) if nullable => Some(format!("if ({what}) {s}")),
        (s, _) => s,
    };
    let unnamed = what.is_none() && lies.is_none();
    let text = match (&statement, &way) {
        (Some(_), Some((event, _))) if unnamed => {
            let line = scene.line_number(event.insn);
            let after = line.map_or_else(String::new, |n| format!(" after line {n}"));
            format!(
                "give back what `{name}` returned before the program leaves{after}, by `{}`",
                release.unwrap_or_default()
            )
        }
        (Some(s), Some((event, _))) => match scene.line_number(event.insn) {
            Some(n) => format!("give it back before the program leaves after line {n}: `{s}`"),
            None => format!("give it back before the program leaves: `{s}`"),
        },
        (Some(_), None) if unnamed => format!(
            "keep what `{name}` returns in a variable, and give it back before every return, by `{}`, where it is not NULL",
            release.unwrap_or_default()
        ),
        (Some(s), None) => format!("give it back before every return: `{s}`"),
        (None, _) => format!("give back what `{name}` returned before every return"),
    };
    let named = what.is_some() || dynptr;
    let edit = statement.as_deref().filter(|_| named).and_then(|s| {
        let (_, insn) = way.as_ref()?;
        leaving_line(scene, *insn, s)
    });
    let edit = edit.or_else(|| {
        let s = statement.as_deref().filter(|_| named && way.is_none())?;
        before_return(scene, s)
    });
    let edit_at = way.as_ref().map_or(call.insn, |(event, _)| event.insn);
    let place = lies.and_then(|n| {
        let node = *call.args.get(n - 1)?;
        scene.flow.stack(node).map(|(_, at)| at)
    });
    let patch = release.and_then(|r| patch::release(scene, &call, r, place));
    let claim = Claim::Leak {
        callee: name,
        what,
        release,
    };
    Some(Story {
        events,
        edit_at: Some(edit_at),
        edit_line: way
            .as_ref()
            .and_then(|(event, _)| leaves_at(scene, event.insn)),
        helps: vec![Help::say(text).edit(edit).patch(patch)],
        ..Story::new(scene.refusal.code(), claim)
    })
}

/// The first branch after an acquisition that leads to an end where nothing is given
/// back: the one on something else than the result.
fn way_out(scene: &Scene<'_>, call: &Call, dynptr: bool) -> Option<(Event, usize)> {
    let tests = scene.flow.tests.iter().filter(|t| t.step > call.step);
    let of_result = |n: usize| {
        scene.flow.root(n) == call.result && !matches!(scene.flow.def(n).made, Made::Load { .. })
    };
    let mut other = tests.filter(|t| {
        let null = t.b == Err(0) && matches!(t.op, JmpOp::Eq | JmpOp::Ne);
        // A dynptr is to be given back even where reserving failed.
        dynptr || !(null && of_result(t.a))
    });
    let t = other.next_back()?;
    let expr = scene.expr(t.insn).unwrap_or("this way").to_owned();
    Some((scene.event(t.step, t.insn, Happened::WayOut(expr)), t.insn))
}

/// The `return` or `goto` that a condition leads to, with a statement before it.
fn leaving_line(scene: &Scene<'_>, insn: usize, statement: &str) -> Option<super::Edit> {
    let l = scene.line(insn)?;
    for line in l.line..l.line + 6 {
        let text = scene.text(&l.file, line)?;
        let leaves = ["return", "goto"].iter().find_map(|w| text.find(w));
        let Some(at) = leaves else { continue };
        if !on_this_way(scene, insn, &l.file, line) {
            return None;
        }
        let indent = super::super::c_text::indent(&text).to_owned();
        let head = text.get(..at)?;
        // Alone under a condition without braces, or on the condition's own line.
        let before = scene.text(&l.file, line.checked_sub(1)?)?;
        let bare = !head.trim().is_empty() || super::super::c_text::continues(&before);
        if !bare {
            return Some(super::Edit {
                file: l.file.to_string(),
                line,
                place: super::EditPlace::Before,
                new: vec![format!("{indent}{statement}")],
                old: text,
            });
        }
        let rest = text.get(at..)?.trim_end();
        let end = rest.find(';')? + 1;
        let new = format!(
            "{head}{{ {statement} {} }}{}",
            rest.get(..end)?,
            rest.get(end..)?
        );
        return Some(super::Edit {
            file: l.file.to_string(),
            line,
            place: super::EditPlace::Instead,
            new: vec![new],
            old: text,
        });
    }
    None
}

/// Whether the path may have left by a line: not if the line has instructions, and none
/// of them was reached since a condition.
fn on_this_way(scene: &Scene<'_>, condition: usize, file: &str, line: u32) -> bool {
    let there = |insn: usize| {
        let l = scene.line(insn);
        l.is_some_and(|l| l.line == line && &*l.file == file)
    };
    let after = scene.path.iter().rev();
    let mut after = after.take_while(|&&at| at as usize != condition);
    there(condition) || after.any(|&at| there(at as usize)) || !(0..scene.ops.len()).any(there)
}

/// The line that leaves, below a condition.
fn leaves_at(scene: &Scene<'_>, insn: usize) -> Option<u32> {
    let l = scene.line(insn)?;
    let found = (l.line + 1..l.line + 4).find(|&line| {
        let text = scene.text(&l.file, line).unwrap_or_default();
        let text = text.trim_start();
        text.starts_with("return") || text.starts_with("goto")
    });
    found.filter(|&line| on_this_way(scene, insn, &l.file, line))
}

/// Before the last `return` of the function.
fn before_return(scene: &Scene<'_>, statement: &str) -> Option<super::Edit> {
    let l = scene.line(scene.insn)?;
    for back in 0..4 {
        let line = l.line.checked_sub(back)?;
        let text = scene.text(&l.file, line)?;
        if text.trim_start().starts_with("return") {
            return scene.insert_at(&l.file, line, &[statement.to_owned()]);
        }
    }
    None
}

/// The last call that opened a section which is still open.
fn opened(scene: &Scene<'_>) -> Option<(Call, String, &'static str)> {
    let calls = scene.calls(|c, _| c.insn != scene.insn || c.step + 1 < scene.path.len());
    let mut open: Vec<(Call, String, &'static str)> = Vec::new();
    for (call, name) in calls {
        if let Some((_, close)) = SECTIONS.iter().find(|(open, _)| name == *open) {
            open.push((call, name, close));
        } else if let Some(at) = open.iter().rposition(|(.., close)| name == *close) {
            open.remove(at);
        }
    }
    open.pop()
}

/// Whether what is refused is that a function may sleep.
fn sleeps(scene: &Scene<'_>) -> bool {
    matches!(
        scene.refusal.code(),
        Code::SleepInRcu | Code::SleepInPreempt | Code::Sleepable
    ) || matches!(
        scene.key(),
        Some(Key::HelperSleeps | Key::KfuncSleeps | Key::KfuncSleepsInSection | Key::GlobalSleeps)
    )
}

fn still_open(scene: &Scene<'_>) -> Option<Story> {
    // A load that may end the program is no end of its own.
    if matches!(scene.op()?, Op::LdAbs { .. } | Op::LdInd { .. }) {
        return None;
    }
    let (call, name, close) = opened(scene)?;
    let mut events = vec![scene.event(call.step, call.insn, Happened::Section(name.clone()))];
    let callee = scene.callee();
    let way = way_out(scene, &call, false).filter(|_| callee.is_none());
    if let Some((event, _)) = &way {
        events.push(Event {
            kind: Happened::WayOpen,
            ..event.clone()
        });
    }
    let arguments = match close {
        "bpf_res_spin_unlock_irqrestore" => 1..=2,
        _ => 1..=1,
    };
    let arguments: Vec<String> = arguments
        .filter_map(|n| scene.argument(call.insn, n))
        .collect();
    let statement = format!("{close}({});", arguments.join(", "));
    let text = match &callee {
        Some(callee) if *callee == name => {
            format!("end the first with `{close}` before the second begins")
        }
        Some(callee) => format!("call `{callee}` before `{name}` or after `{close}`"),
        None => format!("call `{statement}` before this way out, too"),
    };
    let edit = match (&way, &callee) {
        (Some((_, insn)), None) => leaving_line(scene, *insn, &statement),
        (None, None) => before_return(scene, &statement),
        (_, Some(_)) => None,
    };
    // That a call works elsewhere is not shown by a program without it.
    let patch = match &callee {
        None => patch::close(scene, &call, close),
        Some(_) => None,
    };
    let claim = Claim::StillOpen {
        opened: name,
        close,
        callee: callee.clone(),
        sleeps: sleeps(scene),
    };
    let edit_at = match (&way, callee) {
        (Some((event, _)), None) => Some(event.insn),
        (None, None) => Some(call.insn),
        _ => None,
    };
    Some(Story {
        events,
        edit_at,
        helps: vec![Help::say(text).edit(edit).patch(patch)],
        ..Story::new(scene.refusal.code(), claim)
    })
}
