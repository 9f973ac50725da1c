//! What is wrong with a configuration or a baseline, and where.

use std::ops::Range;

/// Why a configuration is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// What is wrong.
    pub message: String,
    /// Where in the text, in bytes.
    pub span: Option<Range<usize>>,
    /// What would be right.
    pub help: Option<String>,
}

impl ConfigError {
    /// An error at a place.
    pub fn at(span: Range<usize>, message: impl Into<String>) -> ConfigError {
        ConfigError {
            message: message.into(),
            span: Some(span),
            help: None,
        }
    }

    /// An error about the whole text.
    pub fn whole(message: impl Into<String>) -> ConfigError {
        ConfigError {
            message: message.into(),
            span: None,
            help: None,
        }
    }

    /// With what would be right.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> ConfigError {
        self.help = Some(text.into());
        self
    }

    /// The line (from 1) of the place in the text it came from.
    pub fn line(&self, text: &str) -> Option<usize> {
        let start = self.span.as_ref()?.start.min(text.len());
        let before = text.as_bytes().iter().take(start);
        let ends = before.filter(|b| **b == b'\n').count();
        Some(ends.saturating_add(1))
    }
}
