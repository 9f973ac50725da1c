//! Tokens of one assembler statement.

use super::AsmError;
use crate::prelude::*;

/// A token with the column (from 1) where it starts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub col: u32,
    pub kind: Kind,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Name, register or keyword; may start with a dot.
    Word(String),
    /// Number, and whether it was written in hexadecimal.
    Number(u64, bool),
    /// Quoted text.
    Text(String),
    /// Operator or punctuation.
    Punct(&'static str),
}

/// Longest first, so that a prefix never wins.
const PUNCT: &[&str] = &[
    "s>>=", ">>=", "<<=", "s>=", "s<=", "s/=", "s%=", "s>", "s<", "+=", "-=", "*=", "/=", "|=",
    "&=", "%=", "^=", "==", "!=", ">=", "<=", "=", ">", "<", "&", "+", "-", "*", "(", ")", "[",
    "]", ",", ":", "!", "#",
];

/// Splits a source line into statements of tokens. Comments start with `//`, or
/// `#` where a word may start; `;` parts statements, and opens a comment at the
/// start of a line or after an instruction copied from a verifier log.
pub(super) fn statements(text: &str, line: u32) -> Result<Vec<Vec<Token>>, AsmError> {
    let mut done = Vec::new();
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let col = (text.len().saturating_sub(rest.len()) as u32).saturating_add(1);
        let Some(first) = rest.chars().next() else {
            break;
        };
        if rest.starts_with("//") || rest.starts_with("/*") {
            match rest
                .strip_prefix("/*")
                .and_then(|body| body.split_once("*/"))
            {
                Some((_, after)) => {
                    rest = after;
                    continue;
                }
                None => break,
            }
        }
        if first == '#' && !names_a_number(text, rest) {
            break;
        }
        if first == ';' {
            if (tokens.is_empty() && done.is_empty()) || from_log(&tokens) {
                break;
            }
            done.push(core::mem::take(&mut tokens));
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let (kind, len) = token(rest).map_err(|reason| AsmError { line, col, reason })?;
        tokens.push(Token { col, kind });
        rest = rest.get(len..).unwrap_or_default();
    }
    done.push(tokens);
    done.retain(|statement| !statement.is_empty());
    Ok(done)
}

/// True for the `#` of `bpf_map_lookup_elem#1`.
fn names_a_number(text: &str, rest: &str) -> bool {
    let before = text
        .get(..text.len().saturating_sub(rest.len()))
        .and_then(|b| b.chars().next_back());
    let after = rest.chars().nth(1);
    before.is_some_and(|c| c.is_alphanumeric() || c == '_')
        && after.is_some_and(|c| c.is_ascii_digit())
}

/// True for `5: (79) ...`, an instruction as verifier logs show it.
fn from_log(tokens: &[Token]) -> bool {
    matches!(
        tokens,
        [
            Token {
                kind: Kind::Number(..),
                ..
            },
            Token {
                kind: Kind::Punct(":"),
                ..
            },
            Token {
                kind: Kind::Punct("("),
                ..
            },
            ..
        ]
    )
}

fn token(rest: &str) -> Result<(Kind, usize), String> {
    if let Some(body) = rest.strip_prefix('"') {
        let (text, _) = body.split_once('"').ok_or("the quoted text has no end")?;
        return Ok((Kind::Text(text.to_owned()), text.len().saturating_add(2)));
    }
    // Signed operators start with a letter and so come before words.
    if let Some(op) = PUNCT.iter().find(|op| rest.starts_with(**op)) {
        return Ok((Kind::Punct(op), op.len()));
    }
    let len = rest
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '$')))
        .unwrap_or(rest.len());
    let word = rest.get(..len).unwrap_or_default();
    let Some(first) = word.chars().next() else {
        let found = rest.chars().next().unwrap_or(' ');
        return Err(format!("unexpected character `{found}`"));
    };
    if !first.is_ascii_digit() {
        return Ok((Kind::Word(word.to_owned()), len));
    }
    let plain = word.trim_end_matches(['u', 'U', 'l', 'L']);
    let number = match plain
        .strip_prefix("0x")
        .or_else(|| plain.strip_prefix("0X"))
    {
        Some(hex) => u64::from_str_radix(hex, 16).map(|value| (value, true)),
        None => plain.parse().map(|value| (value, false)),
    };
    match number {
        Ok((value, hex)) => Ok((Kind::Number(value, hex), len)),
        // Opcodes of logs, `(b7)` is a word already but `(7b)` is not.
        Err(_) if word.len() == 2 && u8::from_str_radix(word, 16).is_ok() => {
            Ok((Kind::Word(word.to_owned()), len))
        }
        Err(_) => Err(format!("`{word}` is no number")),
    }
}

/// A position in a statement.
pub(super) struct Cursor<'a> {
    tokens: &'a [Token],
    at: usize,
    line: u32,
}

impl<'a> Cursor<'a> {
    pub fn new(tokens: &'a [Token], line: u32) -> Cursor<'a> {
        Cursor {
            tokens,
            at: 0,
            line,
        }
    }

    /// A second cursor at the same place, to look ahead with.
    pub fn clone_of(other: &Cursor<'a>) -> Cursor<'a> {
        Cursor {
            tokens: other.tokens,
            at: other.at,
            line: other.line,
        }
    }

    pub fn peek(&self) -> Option<&'a Kind> {
        self.peek_at(0)
    }

    pub fn peek_at(&self, ahead: usize) -> Option<&'a Kind> {
        let token = self.tokens.get(self.at.saturating_add(ahead))?;
        Some(&token.kind)
    }

    pub fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    pub fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub fn line(&self) -> u32 {
        self.line
    }

    /// Column of the next token, or just past the last.
    pub fn col(&self) -> u32 {
        match (self.tokens.get(self.at), self.tokens.last()) {
            (Some(token), _) => token.col,
            (None, Some(last)) => last.col.saturating_add(1),
            (None, None) => 1,
        }
    }

    /// An error at the next token.
    pub fn fail<T>(&self, reason: impl Into<String>) -> Result<T, AsmError> {
        Err(AsmError {
            line: self.line,
            col: self.col(),
            reason: reason.into(),
        })
    }

    /// An error that says what was expected and what is there.
    pub fn expected<T>(&self, what: &str) -> Result<T, AsmError> {
        match self.peek() {
            None => self.fail(format!("expected {what}, found the end of the line")),
            Some(Kind::Word(word)) => self.fail(format!("expected {what}, found `{word}`")),
            Some(Kind::Punct(op)) => self.fail(format!("expected {what}, found `{op}`")),
            Some(Kind::Number(n, _)) => self.fail(format!("expected {what}, found `{n}`")),
            Some(Kind::Text(_)) => self.fail(format!("expected {what}, found a quoted text")),
        }
    }

    pub fn take(&mut self, punct: &str) -> bool {
        let found = matches!(self.peek(), Some(Kind::Punct(op)) if *op == punct);
        self.skip(usize::from(found));
        found
    }

    pub fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Kind::Word(w)) if w == word);
        self.skip(usize::from(found));
        found
    }

    pub fn need(&mut self, punct: &str) -> Result<(), AsmError> {
        if self.take(punct) {
            Ok(())
        } else {
            self.expected(&format!("`{punct}`"))
        }
    }

    /// A word, a quoted text or a number, as text.
    pub fn value(&mut self, what: &str) -> Result<String, AsmError> {
        let value = match self.peek() {
            Some(Kind::Word(text) | Kind::Text(text)) => text.clone(),
            Some(Kind::Number(n, _)) => n.to_string(),
            _ => return self.expected(what),
        };
        self.skip(1);
        Ok(value)
    }

    /// A number with an optional sign, and whether it was hexadecimal.
    pub fn number(&mut self) -> Result<(i128, bool), AsmError> {
        let negative = self.take("-");
        if !negative {
            self.take("+");
        }
        let Some(Kind::Number(n, hex)) = self.peek() else {
            return self.expected("a number");
        };
        self.skip(1);
        let n = i128::from(*n);
        Ok((if negative { n.saturating_neg() } else { n }, *hex))
    }

    /// A number that fits `T`.
    pub fn fitting<T: TryFrom<i128>>(&mut self, what: &str) -> Result<T, AsmError> {
        let start = self.at;
        let (n, _) = self.number()?;
        T::try_from(n).or_else(|_| {
            self.at = start;
            self.fail(format!("{n} does not fit {what}"))
        })
    }

    /// A 32-bit immediate: signed, or unsigned when in hexadecimal or so allowed.
    pub fn imm32(&mut self, unsigned: bool) -> Result<i32, AsmError> {
        let start = self.at;
        let (n, hex) = self.number()?;
        if let Ok(imm) = i32::try_from(n) {
            return Ok(imm);
        }
        match u32::try_from(n) {
            Ok(imm) if hex || unsigned => Ok(imm as i32),
            _ => {
                self.at = start;
                self.fail(format!("{n} does not fit 32 bits; load it with `ll`"))
            }
        }
    }
}
