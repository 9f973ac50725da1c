//! Files that may hold objects.
//!
//! The first byte chooses whether the rest is taken for C by its name.

use bpfassay::unpack::{self, Allowance};

/// Unpacks, and looks that the parts lie within what was allowed.
pub(super) fn unpack(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let name = if choice & 1 == 0 { "x.a" } else { "x.skel.h" };
    let contents = unpack::unpack(name, bytes, &mut Allowance::default());
    for part in &contents.parts {
        let kind = unpack::kind(&part.bytes);
        assert_eq!(kind, unpack::Kind::Object, "{}", part.name);
        let plain = |c: char| c.is_ascii_graphic();
        assert!(part.name.chars().all(plain), "{:?}", part.name);
    }
}
