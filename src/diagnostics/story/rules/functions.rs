//! Functions of the program: what global ones are verified for, callbacks, exceptions,
//! tail calls, the depth of calls.

use super::{callee, holds, made};
use crate::abstract_interp::refusal::{Fault, Key, Way};
use crate::diagnostics::names;
use crate::diagnostics::story::{Event, Happened, Scene, Story};
use crate::prelude::*;
use crate::programs::insn::{Callee, Op};

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    let callee = callee(scene);
    let text = |name: &str| scene.refusal.text(name).unwrap_or_else(|| "?".into());
    let number = |name: &str| scene.refusal.number(name).unwrap_or(0);
    let own = function(scene);
    Some(match key {
        Key::GlobalReturn => Story::rule(scene, format!("the global function `{}` returns no plain number.", text("name")))
            .because("A global function is verified by itself; of its result its callers know only that it is a number.")
            .advise("let it return `int` (or another number), or make it `static`"),
        Key::GlobalUnderLock | Key::GlobalInPreempt => {
            let (section, part) = match key {
                Key::GlobalUnderLock => ("while a lock is held", "lock"),
                _ => ("where preemption is disabled", "preempt"),
            };
            Story::rule(scene, format!("the global function {callee} is called {section}."))
                .because("It is verified by itself, so nothing tells here what it calls.")
                .after(super::kfuncs::sections(scene, part))
                .advise(format!("make {callee} `static`, or call it before or after"))
        }
        Key::GlobalSleeps | Key::GlobalMightSleep => Story::rule(scene, format!("{callee} may sleep, and nothing may here."))
            .after(super::kfuncs::sections(scene, "lock"))
            .advise("call it outside of the section"),
        Key::GlobalUntyped | Key::FunctionUntyped | Key::FunctionWithoutProto | Key::FuncInfoMissing => Story::rule(scene, "the types of a function are missing, and the verifier needs them here.")
            .advise("compile with `-g`, and do not strip `.BTF` and `.BTF.ext` from the object"),
        Key::GlobalParameters => Story::rule(scene, format!("`{}` has {} parameters, and {} is the most.", text("name"), number("count"), number("limit")))
            .advise("pass a pointer to a structure that holds them"),
        Key::ParameterUnsized | Key::ParameterType | Key::ParameterStruct | Key::ParameterTagAlone | Key::ParameterTags
        | Key::ParameterTagUnknown | Key::ParameterTagStatic | Key::ParameterTagNumber | Key::ParameterTagContext => parameter(scene, key),
        Key::FramesTooDeep => deep(scene),
        Key::CallOutside | Key::CallNowhere => Story::rule(scene, "the call does not lead to the beginning of a function.")
            .advise("compile and link the object anew: its relocations do not fit its code"),
        Key::TooManyFunctions => Story::rule(scene, format!("the program has more than {} functions.", number("limit")))
            .advise("let the compiler inline the small ones (`static inline __attribute__((always_inline))`), or split the program by tail calls"),
        Key::ThrowInCallback => Story::rule(scene, format!("an exception may be thrown in {own}, which is called back by a helper."))
            .because("The helper waits for the callback to return; after a throw nothing would.")
            .advise("return a number from the callback, and throw after the helper has returned"),
        Key::ExceptionCallbackCalled => Story::rule(scene, format!("{callee} is the program's exception callback, and is called as a function."))
            .advise("move what both need to a function of its own, and call that"),
        Key::ExceptionCallbackArgs => Story::rule(scene, "the exception callback has not the prototype that it is called with.")
            .advise("declare it as `int name(u64 cookie)`"),
        Key::ExceptionTags => Story::rule(scene, "the program names more than one exception callback.")
            .advise("leave one `__exception_cb(name)`"),
        Key::ExceptionCallbackAbsent | Key::ExceptionCallbackStatic => Story::rule(scene, format!("`{}` is named as exception callback, and is no global function of the program.", text("name")))
            .advise("define it in the same object, without `static`"),
        Key::TailCallInExceptionCallback => Story::rule(scene, "the exception callback makes a tail call.")
            .advise("return from it instead"),
        Key::EndsFunctionOfNoInt | Key::EndsUntypedFunction => ends_function(scene),
        Key::ReferenceHeld | Key::SectionOpen => way_out(scene)?,
        Key::TailCallMaps | Key::TailCallMap => Story::rule(scene, format!("{callee} is given maps of programs that cannot serve for it."))
            .after(made(scene))
            .advise("declare the map as BPF_MAP_TYPE_PROG_ARRAY, and name it in the call itself (`bpf_tail_call(ctx, &map, index)`)"),
        Key::ReturnKind | Key::SubprogReturnKind | Key::CallbackReturnKind => Story::rule(scene, format!("{own} returns {}, and a number is taken.", holds_r0(scene)))
            .because("An address says nothing to whoever reads the result, and would let it out.")
            .after(made(scene))
            .advise("return a number: a constant, or what the pointer leads to (`return p ? 1 : 0`)"),
        Key::CallbackOfMap | Key::CallbackOfMaps => callback_of_map(scene),
        Key::CallbackGlobal => Story::rule(scene, "a global function is handed over as a callback, for which only static ones are taken.")
            .because("A global function is verified by itself; a callback is followed with what its caller gives it.")
            .after(made(scene))
            .advise("declare the function `static`"),
        _ => return None,
    })
}

/// The function around the refused instruction.
fn function(scene: &Scene<'_>) -> String {
    let at = scene.program.subprog_at(scene.insn as u32).unwrap_or(0);
    match scene.program.subprogs.get(at) {
        Some(sub) if !sub.name.is_empty() => format!("`{}`", sub.name),
        _ => "the function".into(),
    }
}

fn holds_r0(scene: &Scene<'_>) -> String {
    match super::held(scene) {
        Some(held) => crate::diagnostics::story::argument::words(scene, &held),
        None => holds(scene),
    }
}

fn parameter(scene: &Scene<'_>, key: Key) -> Story {
    let arg = scene.refusal.number("arg").unwrap_or(0) + 1;
    let ty = scene
        .refusal
        .text("ty")
        .map_or_else(String::new, |t| format!(" (`{t}`)"));
    let name = scene
        .callee()
        .map_or_else(|| function(scene), |c| format!("`{c}`"));
    let (what, help) = match key {
        Key::ParameterUnsized => (
            format!(
                "parameter {arg} of the global function {name} points to a type without a size{ty}"
            ),
            "give it a pointer to a complete structure or number, or make the function `static`",
        ),
        Key::ParameterTagAlone
        | Key::ParameterTags
        | Key::ParameterTagUnknown
        | Key::ParameterTagNumber
        | Key::ParameterTagContext => (
            format!(
                "parameter {arg} of the global function {name} has tags that do not go together, or not with its type"
            ),
            "leave one of `__arg_ctx`, `__arg_trusted`, `__arg_nullable`, `__arg_nonnull`, `__arg_arena`, on a pointer of the type that it is for",
        ),
        Key::ParameterTagStatic => (
            format!(
                "parameter {arg} of the static function {name} has a tag, which only global ones take"
            ),
            "take the tag off, or make the function global",
        ),
        _ => (
            format!(
                "parameter {arg} of the global function {name} has a type that callers cannot give{ty}"
            ),
            "let it take numbers, the context, or a pointer to a complete structure; or make the function `static`",
        ),
    };
    let given = scene.held(arg.clamp(1, 5) as u8);
    let context = given.is_some_and(|h| h.kind == crate::abstract_interp::value::Kind::Ctx);
    let help = match context_type(scene).filter(|_| context) {
        Some(ty) => format!(
            "declare it as what it is given, the context: `{ty} *ctx`; or make the function `static`"
        ),
        None => help.to_owned(),
    };
    Story::rule(scene, format!("{what}."))
        .because("A global function is verified by itself, from the types of its parameters alone.")
        .advise(help)
}

/// Elements of a map that has none to walk.
fn callback_of_map(scene: &Scene<'_>) -> Story {
    use crate::abstract_interp::value::Kind;
    let map = scene.held(1).and_then(|h| match h.kind {
        Kind::ConstMap { map, .. } => scene.map(map),
        _ => None,
    });
    let what = map.map_or_else(
        || "this map".to_owned(),
        |m| format!("`{}` (a {})", m.name, super::map_type(m.map_type)),
    );
    Story::rule(scene, format!("{} calls back for each element of a map, and {what} is of a type that it does not walk.", callee(scene)))
        .because("Arrays, hashes, and their per-CPU and LRU kin are walked.")
        .advise("walk a map of such a type; records of a ring buffer that user space writes are taken by `bpf_user_ringbuf_drain`")
}

/// What user space calls the context of a type of programs.
fn context_type(scene: &Scene<'_>) -> Option<&'static str> {
    use crate::helpers_spec::ProgType as P;
    Some(match scene.program.prog_type {
        P::Xdp => "struct xdp_md",
        P::SchedCls | P::SchedAct | P::SocketFilter | P::CgroupSkb | P::SkSkb => "struct __sk_buff",
        P::Kprobe => "struct pt_regs",
        P::SockOps => "struct bpf_sock_ops",
        P::CgroupSockAddr => "struct bpf_sock_addr",
        P::SkMsg => "struct sk_msg_md",
        _ => return None,
    })
}

/// The chain of calls, with each call's place.
fn deep(scene: &Scene<'_>) -> Story {
    let mut events: Vec<Event> = Vec::new();
    let mut chain = Vec::new();
    for (step, pair) in scene.path.windows(2).enumerate() {
        let &[from, to] = pair else { continue };
        match scene.ops.get(from as usize) {
            Some(&Op::Call(callee @ Callee::Local(rel)))
                if i64::from(to) == i64::from(from) + 1 + i64::from(rel) =>
            {
                let name = names::callee(scene.program, callee, from as usize);
                chain.push((name, step, from as usize));
            }
            Some(Op::Exit) => {
                chain.pop();
            }
            _ => {}
        }
    }
    for (name, step, insn) in chain.iter().take(1).chain(chain.last()) {
        events.push(scene.event(*step, *insn, Happened::Caller(name.clone())));
    }
    let names: Vec<&str> = chain.iter().map(|(n, ..)| n.as_str()).collect();
    let shown = match names.len() {
        0 => String::new(),
        n if n > 4 => format!(" (`{}`, {} more, `{}`)", names[0], n - 2, names[n - 1]),
        _ => format!(" (`{}`)", names.join("`, `")),
    };
    let frames = scene.refusal.number("frames").unwrap_or(9);
    let again = names
        .iter()
        .enumerate()
        .find(|(at, n)| names.iter().take(*at).any(|m| m == *n));
    if let Some((_, name)) = again {
        return Story::rule(scene, format!("`{name}` calls itself, and calls are nested {frames} deep so; 8 frames are the most, with the program's own."))
            .because("How often a function calls itself has to be known, and small: all frames lie on the kernel's stack at the same time.")
            .after(events)
            .advise("make a loop of it, with a constant limit, that keeps what it needs in an array");
    }
    Story::rule(scene, format!("calls are nested {frames} deep{shown}, and 8 frames are the most, with the program's own."))
        .because("All frames lie on the kernel's stack at the same time, which is small.")
        .after(events)
        .advise("let the compiler inline the innermost functions (`static __always_inline`), or go on by a tail call")
}

fn way_words(way: Way) -> &'static str {
    match way {
        Way::Exit => "an exit",
        Way::TailCall => "a tail call",
        Way::LegacyLoad => "a legacy packet load",
        Way::Throw => "an exception",
    }
}

fn ends_function(scene: &Scene<'_>) -> Story {
    let way = match scene.refusal.fault() {
        Some(Fault::EndsFunctionOfNoInt { way } | Fault::EndsUntypedFunction { way }) => {
            way_words(*way)
        }
        _ => "a legacy packet load",
    };
    let called = scene
        .callee()
        .map_or_else(|| function(scene), |c| format!("`{c}`"));
    Story::rule(scene, format!("{called} may end by {way}, with a number as its result, and is not declared to return one."))
        .because("Where it ends so, the function returns 0 to its caller.")
        .advise(format!("let {called} return `int`, or do it in the program's own function"))
}

/// A reference or section that is open where a tail call, load or throw may end it all.
fn way_out(scene: &Scene<'_>) -> Option<Story> {
    let way = match scene.refusal.fault()? {
        Fault::ReferenceHeld { way, .. } | Fault::SectionOpen { way, .. } => *way,
        _ => return None,
    };
    let acquired = scene
        .refusal
        .number("acquired")
        .and_then(|n| usize::try_from(n).ok());
    let call = scene.calls(|c, _| Some(c.insn) == acquired).pop();
    let (what, event) = match call {
        Some((c, name)) => (
            format!("what `{name}` gave is still held"),
            Some(scene.event(c.step, c.insn, Happened::Acquired(name))),
        ),
        None => ("a lock or section is still held".into(), None),
    };
    Some(
        Story::rule(
            scene,
            format!("{what} where {} may leave the program.", way_words(way)),
        )
        .because("Nothing comes back from there that could give it back.")
        .after(event)
        .after(super::kfuncs::sections(scene, "lock"))
        .advise("give it back before"),
    )
}
