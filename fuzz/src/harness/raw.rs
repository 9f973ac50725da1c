//! Programs without an object: a head of three bytes says what follows (assembler
//! text, hexadecimal digits, or slots), the type, and the target.

use bpfassay::helpers_spec::ProgType;
use bpfassay::{InputKind, Options, TargetChoice};

/// Checks and renders.
pub(super) fn raw(bytes: &[u8]) {
    let Some((&[kind, ty, target], program)) = bytes.split_first_chunk::<3>() else {
        return;
    };
    let kind = match kind {
        b'a' => InputKind::Asm,
        b'x' => InputKind::Hex,
        _ => InputKind::Binary,
    };
    let types = ProgType::ALL;
    let prog_type = types.get(usize::from(ty) % (types.len() + 1));
    let target = super::target(target);
    let targets = [TargetChoice {
        target: &target,
        kernel_btf: None,
    }];
    let options = Options {
        kind,
        budget: Some(&super::budget()),
        prog_type: prog_type.map(|t| (*t, None)),
        ..Options::new("fuzz", &targets)
    };
    super::render(&bpfassay::check(program, &options));
}
