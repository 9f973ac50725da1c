//! What a relocation asks, and what each side's types answer.
//!
//! A question is put to the object's own types and to the target's. Both answers
//! are needed: the instruction holds the first, and a load or store is only right
//! where the field has the same size, or is one whose bytes may be cut or
//! extended with zeroes.

use super::spec::Spec;
use crate::object::{Btf, Kind, Type};
use crate::prelude::*;

/// What a relocation asks (`enum bpf_core_relo_kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    FieldOffset,
    FieldSize,
    FieldExists,
    FieldSigned,
    FieldLeftShift,
    FieldRightShift,
    LocalTypeId,
    TargetTypeId,
    TypeExists,
    TypeSize,
    EnumeratorExists,
    EnumeratorValue,
    TypeMatches,
}

impl Question {
    pub(super) fn from_number(n: u32) -> Option<Question> {
        use Question::*;
        const ALL: [Question; 13] = [
            FieldOffset,
            FieldSize,
            FieldExists,
            FieldSigned,
            FieldLeftShift,
            FieldRightShift,
            LocalTypeId,
            TargetTypeId,
            TypeExists,
            TypeSize,
            EnumeratorExists,
            EnumeratorValue,
            TypeMatches,
        ];
        ALL.get(n as usize).copied()
    }

    pub(super) fn about_fields(self) -> bool {
        matches!(
            self,
            Question::FieldOffset
                | Question::FieldSize
                | Question::FieldExists
                | Question::FieldSigned
                | Question::FieldLeftShift
                | Question::FieldRightShift
        )
    }

    pub(super) fn about_enumerators(self) -> bool {
        matches!(self, Question::EnumeratorExists | Question::EnumeratorValue)
    }
}

/// An answer read off one side: a value, and for field offsets the type and size
/// of what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) value: u64,
    /// Bytes of the field or array element; 0 if it does not matter.
    pub(super) size: u32,
    /// Type of the field.
    pub(super) ty: u32,
    /// The compiler's idea of the value is known to be the same as ours.
    pub(super) certain: bool,
}

/// What to do to an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The types at hand do not tell.
    Open,
    Poison,
    Change {
        from: Answer,
        to: Answer,
        /// A load or store of another size would read something else.
        bad_size: bool,
    },
}

/// The answer that a spec gives. `Ok(None)` asks for poison.
pub(super) fn answer(q: Question, spec: Option<&Spec<'_>>) -> Result<Option<Answer>, String> {
    let certain = |value| {
        Ok(Some(Answer {
            value,
            certain: true,
            ..Answer::default()
        }))
    };
    match (q, spec) {
        (Question::FieldExists | Question::EnumeratorExists, spec) => {
            certain(u64::from(spec.is_some()))
        }
        (Question::TypeExists | Question::TypeMatches, spec) => certain(u64::from(spec.is_some())),
        (Question::TargetTypeId | Question::TypeSize, None) => certain(0),
        (_, None) => Ok(None),
        (Question::TargetTypeId, Some(s)) => Ok(Some(Answer {
            value: s.root.into(),
            ..Answer::default()
        })),
        (Question::TypeSize, Some(s)) => match s.btf.resolve_size(s.root) {
            Some(size) => certain(size.into()),
            None => Err("a type without size".into()),
        },
        (Question::EnumeratorValue, Some(s)) => certain(s.enumerator_value()),
        (Question::LocalTypeId, Some(s)) => certain(s.root.into()),
        (_, Some(s)) => field_answer(q, s).map(Some),
    }
}

/// Size of a field for the purpose of loads: of an array, its element's.
pub(super) fn access_size(btf: &Btf, id: u32) -> Option<u32> {
    let mut id = btf.skip_mods_typedefs(id);
    for _ in 0..32 {
        match btf.ty(id)? {
            Type::Array { elem, .. } => id = btf.skip_mods_typedefs(elem),
            _ => return btf.resolve_size(id),
        }
    }
    None
}

/// The multiple of `unit` at or below an offset.
pub(super) fn down(offset: u32, unit: u32) -> u32 {
    let rest = offset.checked_rem(unit).unwrap_or(0);
    offset.saturating_sub(rest)
}

pub(super) fn field_answer(q: Question, s: &Spec<'_>) -> Result<Answer, String> {
    let no_size = || "a field without size".to_string();
    let Some(member) = s.last_member() else {
        // An array element, or the root itself.
        let id = s.last_type();
        let value = match q {
            Question::FieldOffset => u64::from(s.bit_offset / 8),
            Question::FieldSize => s.btf.resolve_size(id).ok_or_else(no_size)?.into(),
            _ => return Err("a question about array elements that has no answer".into()),
        };
        let size = if q == Question::FieldOffset {
            access_size(s.btf, id).ok_or_else(no_size)?
        } else {
            0
        };
        return Ok(Answer {
            value,
            size,
            ty: id,
            certain: true,
        });
    };
    let id = s.btf.skip_mods_typedefs(member.ty);
    let bits = u32::from(member.bitfield_size);
    let bitfield = bits > 0;
    let mut byte_size = s.btf.resolve_size(id).ok_or_else(no_size)?;
    let mut byte_offset = s.bit_offset / 8;
    let mut bit_size = byte_size.saturating_mul(8);
    if bitfield {
        if byte_size == 0 {
            return Err(no_size());
        }
        bit_size = bits;
        byte_offset = down(byte_offset, byte_size);
        // The smallest naturally aligned load that covers the field.
        let end = u64::from(s.bit_offset).saturating_add(bits.into());
        while end
            > u64::from(byte_offset)
                .saturating_add(byte_size.into())
                .saturating_mul(8)
        {
            if byte_size >= 8 {
                return Err("a bit field that no load covers".into());
            }
            byte_size = byte_size.saturating_mul(2);
            byte_offset = down(s.bit_offset / 8, byte_size);
        }
    }
    let mut a = Answer {
        certain: !bitfield,
        ty: id,
        ..Answer::default()
    };
    match q {
        Question::FieldOffset => {
            a.value = byte_offset.into();
            if !bitfield {
                a.size = access_size(s.btf, id).ok_or_else(no_size)?;
            }
        }
        Question::FieldSize => a.value = byte_size.into(),
        Question::FieldSigned => {
            a.value = u64::from(
                matches!(
                    s.btf.ty(id),
                    Some(Type::Enum { signed: true, .. } | Type::Enum64 { signed: true, .. })
                ) || matches!(s.btf.ty(id), Some(Type::Int { encoding, .. }) if encoding.signed),
            );
            a.certain = true;
        }
        Question::FieldLeftShift => {
            let end = u64::from(s.bit_offset).saturating_add(bit_size.into());
            let load = u64::from(byte_offset).saturating_mul(8);
            a.value = 64u64.wrapping_sub(end.wrapping_sub(load));
        }
        Question::FieldRightShift => {
            a.value = 64u64.wrapping_sub(bit_size.into());
            a.certain = true;
        }
        _ => return Err("not a question about a field".into()),
    }
    Ok(a)
}

/// Compares the two sides' answers.
pub(super) fn decide(
    q: Question,
    local: &Spec<'_>,
    target: Option<&Spec<'_>>,
) -> Result<Decision, String> {
    let (Some(from), Some(to)) = (answer(q, Some(local))?, answer(q, target)?) else {
        return Ok(Decision::Poison);
    };
    let mut bad_size = false;
    if q.about_fields() && from.size != to.size {
        let unsigned = |btf: &Btf, id| match btf.ty(id) {
            // A `char` or `bool` is no plain signed integer either.
            Some(Type::Int { encoding: e, .. }) => !e.signed || e.char || e.bool,
            _ => false,
        };
        let pointers = local.btf.kind(from.ty) == Some(Kind::Ptr)
            && target.is_some_and(|t| t.btf.kind(to.ty) == Some(Kind::Ptr));
        let integers =
            unsigned(local.btf, from.ty) && target.is_some_and(|t| unsigned(t.btf, to.ty));
        // A bit field has no size: it is not made into a whole one, nor back.
        let whole = from.size != 0 && to.size != 0;
        bad_size = !whole || !pointers && !integers;
    }
    Ok(Decision::Change { from, to, bad_size })
}
