//! Edits that a loader makes to a blob before the kernel sees it.

use super::Btf;
use std::sync::{Arc, OnceLock};

/// A change to one record; no edit moves a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BtfEdit {
    /// Gives a FUNC another linkage (0 static, 1 global, 2 extern).
    FuncLinkage(u32, u16),
    /// Gives a VAR another linkage (0 static, 1 global, 2 extern).
    VarLinkage(u32, u32),
    /// Sets the size of a DATASEC.
    SecSize(u32, u32),
    /// Sets the offset of the n-th variable of a DATASEC.
    SecVarOffset(u32, u32, u32),
}

impl Btf {
    /// A copy of the blob with the edits made; edits of absent types do nothing.
    pub fn edited(&self, edits: &[BtfEdit]) -> Btf {
        let mut bytes = self.bytes.to_vec();
        let mut put = |at: usize, value: u32| {
            if let Some(word) = bytes.get_mut(at..at + 4) {
                word.copy_from_slice(&value.to_le_bytes());
            }
        };
        for edit in edits {
            match *edit {
                BtfEdit::FuncLinkage(id, linkage) => {
                    if let Some(at) = self.record(id) {
                        put(at + 4, self.u32_at(at + 4) & !0xffff | u32::from(linkage));
                    }
                }
                BtfEdit::VarLinkage(id, linkage) => {
                    if let Some(at) = self.record(id) {
                        put(at + 12, linkage);
                    }
                }
                BtfEdit::SecSize(id, size) => {
                    if let Some(at) = self.record(id) {
                        put(at + 8, size);
                    }
                }
                BtfEdit::SecVarOffset(id, n, offset) => {
                    let vlen = |at: usize| self.u32_at(at + 4) & 0xffff;
                    if let Some(at) = self.record(id).filter(|at| n < vlen(*at)) {
                        put(at + 12 + n as usize * 12 + 4, offset);
                    }
                }
            }
        }
        Btf {
            bytes: Arc::from(bytes),
            offsets: self.offsets.clone(),
            strings: self.strings,
            names: OnceLock::new(),
            tags: OnceLock::new(),
        }
    }
}
