//! What the ending of a parameter's name says of the argument.
//!
//! C has no place for it in the type, so kernel functions write it into the name:
//! `size_t buffer__szk`. No ending is the end of another, so a parameter has one
//! tag at most.

/// What a parameter's name says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tag {
    /// Nothing.
    #[default]
    None,
    /// The kernel fills it in.
    Implicit,
    /// The size of the memory before it.
    Size,
    /// Such a size, known when loading.
    ConstSize,
    /// A number known when loading.
    Const,
    /// The size of the read-only memory that is returned.
    ReturnedRead,
    /// The size of the memory that is returned.
    ReturnedWrite,
    /// Null will do.
    Nullable,
    /// Null will do in place of memory.
    Optional,
    /// Memory not yet written.
    Uninit,
    /// An object that the program allocated.
    Alloc,
    /// An object with a count of its references.
    Counted,
    /// A node that the program need not own.
    NodeLent,
    /// An iterator.
    Iterator,
    /// A constant string.
    Text,
    /// A map.
    Map,
    /// A map that the instruction names.
    ConstMap,
    /// Saved interrupt flags.
    IrqFlags,
}

/// How a tag is written.
const ENDINGS: &[(&str, Tag)] = &[
    ("__ign", Tag::Implicit),
    ("__prog", Tag::Implicit),
    ("__sz", Tag::Size),
    ("__szk", Tag::ConstSize),
    ("__k", Tag::Const),
    ("__nullable", Tag::Nullable),
    ("__opt", Tag::Optional),
    ("__uninit", Tag::Uninit),
    ("__alloc", Tag::Alloc),
    ("__refcounted_kptr", Tag::Counted),
    ("__nonown_allowed", Tag::NodeLent),
    ("__iter", Tag::Iterator),
    ("__str", Tag::Text),
    ("__map", Tag::Map),
    ("__const_map", Tag::ConstMap),
    ("__irq_flag", Tag::IrqFlags),
];

/// Names that are tags as a whole.
const NAMES: &[(&str, Tag)] = &[
    ("rdonly_buf_size", Tag::ReturnedRead),
    ("rdwr_buf_size", Tag::ReturnedWrite),
];

impl Tag {
    /// The tag of a parameter of that name.
    pub fn of(name: &str) -> Tag {
        let whole = NAMES.iter().find(|(tag, _)| *tag == name);
        let ending = || ENDINGS.iter().find(|(end, _)| name.ends_with(end));
        whole.or_else(ending).map_or(Tag::None, |(_, tag)| *tag)
    }

    /// Whether a number of this tag is the size of the memory before it.
    pub const fn is_size(self) -> bool {
        matches!(self, Tag::Size | Tag::ConstSize)
    }
}

#[cfg(test)]
mod tests {
    use super::{ENDINGS, Tag};

    #[test]
    fn a_name_has_one_tag() {
        for (end, _) in ENDINGS {
            let matching = ENDINGS.iter().filter(|(other, _)| end.ends_with(other));
            assert_eq!(matching.count(), 1, "{end}");
        }
    }

    #[test]
    fn names_are_read_from_their_end() {
        for (name, tag) in [
            ("buffer__szk", Tag::ConstSize),
            ("arena__nullable", Tag::Nullable),
            ("p__refcounted_kptr", Tag::Counted),
            ("rdwr_buf_size", Tag::ReturnedWrite),
            ("szk", Tag::None),
        ] {
            assert_eq!(Tag::of(name), tag, "{name}");
        }
    }
}
