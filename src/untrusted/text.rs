//! The type of a text that somebody else wrote, and sentences that hold such texts.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use core::borrow::Borrow;
use core::fmt;

use crate::prelude::*;

/// A text that somebody else wrote, or one with such a text in it.
///
/// It cannot be printed: it has no `Display`, and no part of the standard library takes it
/// for a string. Outlets show it through their escapers.
///
/// ```compile_fail
/// let name = bpfassay::untrusted::Untrusted::from("\x1b[2J");
/// println!("{name}");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Untrusted(String);

impl Untrusted {
    /// None at all.
    pub const fn new() -> Untrusted {
        Untrusted(String::new())
    }

    /// The text itself, to compare, to look up or to keep; not to show.
    pub fn data(&self) -> &str {
        &self.0
    }

    /// The same, owned.
    pub fn into_data(self) -> String {
        self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What [`text!`] puts together.
    #[doc(hidden)]
    pub fn told(words: fmt::Arguments<'_>) -> Untrusted {
        Untrusted(words.to_string())
    }

    /// Adds to the end.
    pub fn push(&mut self, more: &(impl Foreign + ?Sized)) {
        self.0.push_str(more.data());
    }
}

/// For looking at while debugging: as a terminal may show it.
impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", super::terminal(&self.0))
    }
}

macro_rules! made_of {
    ($($from:ty),*) => {
        $(impl From<$from> for Untrusted {
            fn from(text: $from) -> Untrusted {
                Untrusted(text.into())
            }
        })*
    };
}

made_of!(String, &str, &String, Cow<'_, str>, Box<str>);

impl From<&Arc<str>> for Untrusted {
    fn from(text: &Arc<str>) -> Untrusted {
        Untrusted(text.to_string())
    }
}

impl From<&Untrusted> for Untrusted {
    fn from(text: &Untrusted) -> Untrusted {
        text.clone()
    }
}

impl PartialEq<str> for Untrusted {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Untrusted {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl PartialEq<String> for Untrusted {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

/// To be looked up.
impl Borrow<str> for Untrusted {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The data, for documents whose writer escapes.
impl serde::Serialize for Untrusted {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

/// What an escaper takes: any text, trusted or not.
pub trait Foreign {
    /// The text itself.
    fn data(&self) -> &str;
}

impl Foreign for str {
    fn data(&self) -> &str {
        self
    }
}

impl Foreign for String {
    fn data(&self) -> &str {
        self
    }
}

impl Foreign for Cow<'_, str> {
    fn data(&self) -> &str {
        self
    }
}

impl Foreign for Arc<str> {
    fn data(&self) -> &str {
        self
    }
}

impl Foreign for Untrusted {
    fn data(&self) -> &str {
        &self.0
    }
}

impl<T: Foreign + ?Sized> Foreign for &T {
    fn data(&self) -> &str {
        (*self).data()
    }
}

/// What a sentence is made of: what can be displayed, and what can not.
pub trait Told {
    /// Writes it, into a text that will be [`Untrusted`].
    fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl<T: fmt::Display + ?Sized> Told for T {
    fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt(f)
    }
}

impl Told for Untrusted {
    fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Told for &Untrusted {
    fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A piece of a sentence; for [`text!`] only.
#[doc(hidden)]
pub struct Part<'a, T: ?Sized>(pub &'a T);

impl<T: Told + ?Sized> fmt::Display for Part<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.tell(f)
    }
}

/// A sentence, as `format!` makes it; what is [`Untrusted`] stands behind the words.
#[doc(hidden)]
#[macro_export]
macro_rules! __untrusted_text {
    ($words:literal $(, $part:expr)* $(,)?) => {
        $crate::untrusted::Untrusted::told(::core::format_args!(
            $words $(, $crate::untrusted::Part(&$part))*
        ))
    };
}

pub use crate::__untrusted_text as text;

/// Texts in a row.
pub fn joined<T: Foreign>(texts: impl IntoIterator<Item = T>, between: &str) -> Untrusted {
    let mut out = Untrusted::new();
    for (i, text) in texts.into_iter().enumerate() {
        if i > 0 {
            out.push(between);
        }
        out.push(&text);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_of_untrusted_texts_are_untrusted() {
        let name = Untrusted::from("a\nb");
        let number = 7;
        let sentence: Untrusted = text!("{} has {number} of {:>4}", name, &Untrusted::from("x"));
        assert_eq!(sentence, "a\nb has 7 of    x");
        assert_eq!(joined([&name, &name], ", "), "a\nb, a\nb");
        assert_eq!(format!("{name:?}"), "\"a\\\\nb\"");
    }
}
