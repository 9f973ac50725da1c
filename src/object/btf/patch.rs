//! Edits that a loader makes to a blob before the kernel sees it.

use super::{Blob, Btf, SecVar, Store, word};
use crate::prelude::*;
use alloc::sync::Arc;

/// A change to one record; no edit moves a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BtfEdit {
    /// Gives a FUNC another linkage (0 static, 1 global, 2 extern).
    FuncLinkage(u32, u16),
    /// Gives a VAR another linkage (0 static, 1 global, 2 extern).
    VarLinkage(u32, u32),
    /// Sets the size of a DATASEC.
    SecSize(u32, u32),
    /// Replaces the variables of a DATASEC, as many as it has.
    SecVars(u32, Vec<SecVar>),
}

impl Btf {
    /// A copy of the blob with the edits made; edits of absent types do nothing.
    pub fn edited(&self, edits: &[BtfEdit]) -> Btf {
        let Store::Blob(blob) = &self.store else {
            // A loader edits what an object brings, and that is never packed.
            return Btf::parse(self.bytes().clone())
                .map_or_else(|_| Btf::packed(|| None), |btf| btf.edited(edits));
        };
        let mut bytes = self.bytes().to_vec();
        let mut put = |at: usize, value: u32| {
            if let Some(word) = bytes.get_mut(at..at.saturating_add(4)) {
                word.copy_from_slice(&value.to_le_bytes());
            }
        };
        for edit in edits {
            let (BtfEdit::FuncLinkage(id, _)
            | BtfEdit::VarLinkage(id, _)
            | BtfEdit::SecSize(id, _)
            | BtfEdit::SecVars(id, _)) = edit;
            let Some(at) = blob.offsets.get(*id as usize).filter(|_| *id != 0) else {
                continue;
            };
            let at = *at as usize;
            let info = word(&blob.bytes, at.saturating_add(4));
            match edit {
                BtfEdit::FuncLinkage(_, linkage) => {
                    put(at.saturating_add(4), info & !0xffff | u32::from(*linkage))
                }
                BtfEdit::VarLinkage(_, linkage) => put(at.saturating_add(12), *linkage),
                BtfEdit::SecSize(_, size) => put(at.saturating_add(8), *size),
                BtfEdit::SecVars(_, vars) => {
                    for (n, var) in vars.iter().take((info & 0xffff) as usize).enumerate() {
                        put(
                            at.saturating_add(n.saturating_mul(12)).saturating_add(12),
                            var.ty,
                        );
                        put(
                            at.saturating_add(n.saturating_mul(12)).saturating_add(16),
                            var.offset,
                        );
                        put(
                            at.saturating_add(n.saturating_mul(12)).saturating_add(20),
                            var.size,
                        );
                    }
                }
            }
        }
        Btf::of(Blob {
            bytes: Arc::from(bytes),
            ..blob.clone()
        })
    }
}
