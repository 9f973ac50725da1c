//! The typed facts of a refusal, for machines: the fault's name and its evidence, field by
//! field. Who reads a report need not read sentences again.

use alloc::borrow::Cow;

use super::kernel_words::{self, NEWEST};
use crate::abstract_interp::refusal::{Fact, Refusal, Value};
use crate::prelude::*;
use crate::untrusted::Untrusted;

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// A number.
    Number(i64),
    /// A number that is never negative.
    Unsigned(u64),
    /// A value of which the bits outside `mask` are known.
    Bits {
        /// The bits that are known.
        value: u64,
        /// Those that aren't.
        mask: u64,
    },
    /// Bounds of a signed number; `None` where there is none.
    Range {
        /// Least.
        min: Option<i64>,
        /// Greatest.
        max: Option<i64>,
    },
    /// A name, a type, a kind.
    Word(Untrusted),
}

/// What is known of a refusal.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The fault: finer than its code. `None` of a log that doesn't tell.
    pub kind: Option<String>,
    /// The register at fault.
    pub reg: Option<u8>,
    /// The global function whose arguments are at fault.
    pub function: Option<Untrusted>,
    /// The evidence, by the names of the fault's fields.
    pub fields: Vec<(Cow<'static, str>, Evidence)>,
}

/// The facts of a refusal.
pub fn of(refusal: &Refusal) -> Facts {
    let mut fields = Vec::new();
    match &refusal.fact {
        Fact::Found(fault) => {
            fault.each(&mut |name, value| fields.push((name.into(), evidence(value))))
        }
        Fact::Logged(logged) => {
            let numbers = logged.fields.iter();
            fields.extend(numbers.map(|(name, n)| ((*name).into(), Evidence::Number(*n))));
        }
    }
    Facts {
        kind: refusal.key().map(|key| kebab(key.name())),
        reg: refusal.reg,
        function: refusal.call.as_ref().map(|c| Untrusted::from(&*c.name)),
        fields,
    }
}

fn evidence(value: Value<'_>) -> Evidence {
    match value {
        Value::Number(n) => Evidence::Number(n),
        Value::Unsigned(n) => Evidence::Unsigned(n),
        Value::Tnum(t) => Evidence::Bits {
            value: t.value,
            mask: t.mask,
        },
        Value::Signed(range) => Evidence::Range {
            min: Some(range.min).filter(|min| *min != i64::MIN),
            max: Some(range.max).filter(|max| *max != i64::MAX),
        },
        other => Evidence::Word(kernel_words::word(other, NEWEST).into()),
    }
}

/// `StackOutside` as `stack-outside`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abstract_interp::refusal::{Fault, Signed};

    #[test]
    fn fields_keep_their_types() {
        let range = Signed {
            min: 0,
            max: i64::MAX,
        };
        let fault = Fault::ReturnRange {
            end: crate::abstract_interp::refusal::Return::Program,
            value: range,
            min: 0,
            max: 1,
        };
        let facts = of(&Refusal::new(fault));
        assert_eq!(facts.kind.as_deref(), Some("return-range"));
        assert!(facts.fields.contains(&("max".into(), Evidence::Number(1))));
        let (min, max) = (Some(0), None);
        let bounds = ("value".into(), Evidence::Range { min, max });
        assert!(facts.fields.contains(&bounds));
    }
}
