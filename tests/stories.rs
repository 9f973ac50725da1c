//! What is told beside one refusal: the refusals behind it, the input that goes wrong,
//! why another kernel takes the program, how a text of assembler is shown.

use std::path::Path;
use std::sync::Arc;

use bpfassay::check::types;
use bpfassay::diagnostics::{Cause, Claim, Diagnostic, Text};
use bpfassay::report::Outcome;
use bpfassay::report::text::{Style, render_diagnostic};
use bpfassay::{InputKind, Options, TargetChoice, check, target};

/// The refusal of a program of `tests/corpus/FILE.c` by the first of some kernels, and
/// whether the others take it.
fn refused(file: &str, program: &str, kernels: &[&str], smoke: bool) -> (Diagnostic, Vec<bool>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let bytes = std::fs::read(folder.join(format!("{file}.o"))).unwrap();
    let source = std::fs::read_to_string(folder.join(format!("{file}.c"))).unwrap();
    let targets: Vec<_> = kernels
        .iter()
        .map(|k| target::by_name(k).unwrap())
        .collect();
    let choices: Vec<TargetChoice<'_>> = targets
        .iter()
        .map(|target| TargetChoice {
            target,
            kernel_btf: types::of_target(target),
        })
        .collect();
    let text = |_: &str| Some(Arc::new(Text::new(source.clone())));
    let options = Options {
        lints: false,
        smoke,
        only: Some(program),
        further: 8,
        source_text: &text,
        ..Options::new("stories.o", &choices)
    };
    let mut first = None;
    let mut others = Vec::new();
    for p in check(&bytes, &options).objects.remove(0).programs {
        match p.outcome {
            Outcome::Reject(d) if first.is_none() => first = Some(*d),
            outcome => others.push(matches!(outcome, Outcome::Accept)),
        }
    }
    (first.expect("it is refused"), others)
}

fn drawn(d: &Diagnostic) -> String {
    let mut out = String::new();
    render_diagnostic(&mut out, d, Style::default());
    out
}

/// Each refusal behind the first assumes that those before it are mended.
#[test]
fn all_refusals_are_told_in_one_run() {
    let (d, _) = refused("explain/several", "three_mistakes", &["linux-6.18"], false);
    let lines: Vec<u32> = d.further.iter().map(|f| f.primary.line).collect();
    assert_eq!(d.further.len(), 2, "{lines:?}");
    insta::assert_snapshot!("several", drawn(&d));
}

/// Where an input goes wrong, one line says which.
#[test]
fn an_input_that_goes_wrong_is_told() {
    let (d, _) = refused("explain/packet", "short_check", &["linux-6.18"], true);
    let witness = d.witness.as_ref().expect("a witness").data().to_owned();
    insta::assert_snapshot!("witness", witness);
}

/// The verifier of a later kernel knows more of the same numbers.
/// Another access of the refused line is one that was refused, whatever goes wrong before.
#[test]
fn a_witness_is_sought_past_what_goes_wrong_elsewhere() {
    let (d, _) = refused("explain/packet", "one_line", &["linux-6.18"], true);
    let witness = d.witness.as_ref().expect("a witness").data();
    assert!(witness.starts_with("a run goes wrong: "), "{witness}");
    assert!(witness.ends_with("it reads byte 400"), "{witness}");
}

#[test]
fn what_an_older_verifier_does_not_see_is_told_by_what_differs() {
    let kernels = ["linux-6.6", "linux-6.12"];
    let (d, others) = refused("explain/older", "one_of_sixteen", &kernels, false);
    assert_eq!(others, [true]);
    assert_eq!(d.cause.0, Cause::Verifier);
    insta::assert_snapshot!("differs_numbers", d.changed.as_ref().unwrap().data());
}

/// A later kernel offers what the program asks for.
#[test]
fn what_an_older_kernel_does_not_offer_is_told_by_what_differs() {
    let kernels = ["linux-6.1", "linux-6.12"];
    let (d, others) = refused("accept/mended", "global_given_nonnull", &kernels, false);
    assert_eq!(others, [true]);
    insta::assert_snapshot!("differs_tags", d.changed.as_ref().unwrap().data());
}

/// One line of C that is a text of assembler: its instructions are told apart.
#[test]
fn instructions_of_assembler_have_labels_of_their_own() {
    let (d, _) = refused("reject/memory", "value_unbounded", &["linux-6.18"], false);
    assert!(d.secondary.iter().any(|l| d.sources[l.source].is_listing()));
    insta::assert_snapshot!("assembler", drawn(&d));
}

/// That a call works before a lock is taken is not shown by a program without the call.
#[test]
fn a_call_that_is_to_be_moved_is_not_said_to_load() {
    for program in ["call_in_lock", "locked_twice"] {
        let (d, _) = refused("explain/held", program, &["linux-6.18"], false);
        assert!(d.helps.iter().all(|h| !h.tested.holds()), "{}", drawn(&d));
        assert!(!d.why.data().contains("every way"), "{}", drawn(&d));
    }
}

/// What a loader broke is named as the source has it, not by what it put there.
#[test]
fn what_a_loader_broke_has_the_names_of_the_kernel() {
    let (d, _) = refused("explain/older", "gone_member", &["linux-5.10"], false);
    let said = drawn(&d);
    for word in ["helper 195896080", "___gone.", "___gone___"] {
        assert!(!said.contains(word), "{said}");
    }
}

/// A constant is labelled where it is written: compilers set it elsewhere.
#[test]
fn constants_are_labelled_where_they_are_written() {
    let (d, _) = refused(
        "explain/numbers",
        "constant_address",
        &["linux-6.18"],
        false,
    );
    let all = d.secondary.iter().chain([&d.primary]);
    let at: Vec<u32> = all
        .filter(|l| l.text.data().contains("the constant 4096"))
        .map(|l| l.line)
        .collect();
    let source = include_str!("corpus/explain/numbers.c");
    for line in at {
        let text = source.lines().nth(line as usize - 1).unwrap();
        assert!(text.contains("0x1000"), "{line}: {text}");
    }
}

/// What an old verifier does not follow is told as its own, with a comparison that it does.
#[test]
fn a_comparison_that_is_not_followed_is_told_as_the_verifiers() {
    let (d, _) = refused("explain/older", "one_of_sixteen", &["linux-5.10"], false);
    assert_eq!(d.cause.0, Cause::Verifier);
    assert!(d.helps[0].tested.holds(), "{}", drawn(&d));
}

/// A right comparison of a copy is told as the compiler's, and no second one is offered:
/// it would be compiled in the same way.
#[test]
fn a_comparison_of_a_copy_asks_for_one_copy() {
    let (d, _) = refused("explain/apart", "one_copy", &["linux-6.18"], false);
    assert_eq!(d.cause.0, Cause::Compiler);
    let helps: Vec<&str> = d.helps.iter().map(|h| h.text.data()).collect();
    assert!(
        helps.len() == 1 && helps[0].contains("barrier_var(i)"),
        "{helps:?}"
    );
}

/// The frames are those that the verification refused: of callbacks too, and of no function
/// that is only called beside them.
#[test]
fn frames_that_do_not_fit_are_those_of_the_refused_chain() {
    let check = |program: &str, chain: &[(&str, u32)], sum: u64, handed: Option<&str>| {
        let (d, _) = refused("explain/chains", program, &["linux-6.18"], false);
        let Claim::StackChain { chain: told, bytes } = &d.claim else {
            panic!("{:?}", d.claim);
        };
        let told: Vec<(&str, u32)> = told.iter().map(|(f, n)| (f.as_str(), *n)).collect();
        assert_eq!((&*told, *bytes), (chain, sum), "{program}");
        let drawn = drawn(&d);
        for (_, callee) in chain.iter().zip(&chain[1..]) {
            let how = match handed == Some(callee.0) {
                true => format!("hands on `{}` as a callback", callee.0),
                false => format!("calls `{}` here", callee.0),
            };
            assert!(drawn.contains(&how), "{how}\n{drawn}");
        }
    };
    check("by_timer", &[("later", 288), ("below", 304)], 592, None);
    let by_loop = [("by_loop", 0), ("each", 336), ("under", 208)];
    check("by_loop", &by_loop, 544, Some("each"));
    let by_calls = [("by_calls", 0), ("direct1", 240), ("direct2", 304)];
    check("by_calls", &by_calls, 544, None);
}

/// A length that a call gave: that it is negative where the call fails is said of calls
/// that can fail.
#[test]
fn only_calls_that_fail_are_said_to_fail() {
    let says = |call: &str| {
        let text = format!(
            ".type kprobe\nr1 = r10\nr1 += -16\nr2 = 16\n{call}\nr2 = r0\nr1 = r10\nr1 += -16\n\
             r3 = 0\ncall bpf_probe_read_kernel\nr0 = 0\nexit\n"
        );
        let kernel = target::by_name("linux-6.18").unwrap();
        let choice = [TargetChoice {
            target: &kernel,
            kernel_btf: None,
        }];
        let options = Options {
            kind: InputKind::Asm,
            ..Options::new("length.bpfasm", &choice)
        };
        let program = check(text.as_bytes(), &options).objects.remove(0).programs;
        let Some(Outcome::Reject(d)) = program.into_iter().next().map(|p| p.outcome) else {
            panic!("{call} is not refused");
        };
        assert!(matches!(d.claim, Claim::NegativeLength { .. }), "{call}");
        let help = d.helps.first().map(|h| h.text.data().to_owned());
        help.is_some_and(|h| h.contains("the call gives a negative number when it fails"))
    };
    assert!(says("call bpf_get_current_comm"));
    assert!(!says("call bpf_get_prandom_u32"));
    assert!(!says("call bpf_ktime_get_ns"));
}
