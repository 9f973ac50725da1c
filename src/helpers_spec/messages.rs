//! Classes of the verifier's messages, by key words.

use super::pattern;
use super::tables;

/// One class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageClass {
    /// Its stable name.
    pub id: &'static str,
    /// Key words, a regular expression to search for in a log line.
    pub regex: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// Every class; the first that matches is the most specific.
pub fn message_classes() -> &'static [MessageClass] {
    &tables::MESSAGES
}

/// The class of a message.
pub fn message_class(text: &str) -> Option<&'static str> {
    let found = |class: &&MessageClass| pattern::found(class.regex, text);
    message_classes().iter().find(found).map(|class| class.id)
}
