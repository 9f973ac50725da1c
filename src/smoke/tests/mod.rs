//! Tests of the smoke room: vectors, generated programs, maps, helpers, mechanisms.
//! All of them go through both engines, which must agree to the last byte.

mod events;
mod generated;
mod host;
mod maps;
mod mechanisms;
mod populated;
mod scenario;
mod steer;
mod vectors;

use std::sync::Arc;

use super::engine::{Engine, Fault, Outcome};
use super::image::Image;
use super::lowered::Rbpf;
use super::reference::Reference;
use super::runtime::{Config, Runtime};
use crate::programs::Program;
use crate::programs::raw;

/// A program from assembler text; `.type xdp` unless the text says another.
pub fn program(text: &str) -> Arc<Program> {
    let typed = if text.contains(".type") {
        text.to_owned()
    } else {
        format!(".type xdp\n{text}")
    };
    let made = raw::program(raw::Input::Asm(typed.as_bytes()), "test", None);
    Arc::new(made.unwrap_or_else(|e| panic!("{e}\n{text}")))
}

/// The image of one program.
pub fn image(text: &str) -> Arc<Image> {
    Arc::new(Image::single(program(text)))
}

/// Runs through both engines over equal runtimes; the result and the reference's runtime.
pub fn run_with(
    image: &Arc<Image>,
    config: &Config,
    prepare: impl Fn(&mut Runtime) -> u64,
) -> (Result<Outcome, Fault>, Runtime) {
    let fresh = || {
        let mut rt = Runtime::new(image, config.clone()).unwrap();
        rt.attach(image, 0);
        let ctx = prepare(&mut rt);
        (rt, ctx)
    };
    let (mut rt, ctx) = fresh();
    let expected = Reference::<super::reference::NoTrace>::default().run(image, 0, ctx, &mut rt);
    let (mut other, ctx) = fresh();
    let got = Rbpf.run(image, 0, ctx, &mut other);
    if let (Err(a), Err(b)) = (&expected, &got)
        && a.kind == b.kind
        && a.kind.is_inconclusive()
    {
        return (expected, rt);
    }
    assert_eq!(expected, got, "the engines disagree");
    assert_eq!(
        rt.digest(),
        other.digest(),
        "the engines leave different states"
    );
    (expected, rt)
}

/// r0 of a program that ends well.
pub fn run(text: &str) -> u64 {
    let image = image(text);
    let (result, _) = run_with(&image, &Config::default(), |_| 0);
    result.unwrap_or_else(|fault| panic!("{fault}\n{text}")).ret
}

/// The fault of a program that does not.
pub fn fault(text: &str) -> Fault {
    let image = image(text);
    run_with(&image, &Config::default(), |_| 0)
        .0
        .expect_err("a fault")
}
