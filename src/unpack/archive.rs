//! Members of `ar` archives, as GNU and BSD write them.
//!
//! Each member has a header of 60 bytes in text: a name, numbers, the size in decimal.
//! Longer names stand in a member `//` (GNU), which headers point into by `/offset`, or
//! in front of the member's bytes (BSD, `#1/length`). Symbol tables are members, too.

/// A member.
pub(super) struct Member<'a> {
    pub(super) name: String,
    /// Where its bytes begin.
    pub(super) offset: usize,
    pub(super) bytes: &'a [u8],
}

const HEADER: usize = 60;
const MAGIC: usize = 8;

/// The members but symbol tables.
pub(super) fn members(archive: &[u8]) -> Result<Vec<Member<'_>>, String> {
    let mut members = Vec::new();
    let mut long_names: &[u8] = &[];
    let mut at = MAGIC;
    while at < archive.len() {
        let cut = || format!("the archive's member at {at:#x} is cut off");
        let header = archive.get(at..at.saturating_add(HEADER)).ok_or_else(cut)?;
        let field = |from: usize, to: usize| {
            let bytes = header.get(from..to).unwrap_or(&[]);
            String::from_utf8_lossy(bytes).trim_end().to_owned()
        };
        if header.get(58..60) != Some(b"`\n") {
            return Err(format!("no member's header at {at:#x} of the archive"));
        }
        let size: usize = field(48, 58)
            .parse()
            .map_err(|_| format!("no size at {at:#x} of the archive"))?;
        let start = at.saturating_add(HEADER);
        let end = start.saturating_add(size);
        let bytes = archive.get(start..end).ok_or_else(cut)?;
        match &*field(0, 16) {
            "//" => long_names = bytes,
            // Indices of symbols.
            "/" | "/SYM64/" => {}
            name => {
                let (name, skipped) = own_name(name, bytes, long_names);
                if !name.starts_with("__.SYMDEF") {
                    members.push(Member {
                        name,
                        offset: start.saturating_add(skipped),
                        bytes: bytes.get(skipped..).unwrap_or(&[]),
                    });
                }
            }
        }
        // Members begin at even offsets.
        at = end.saturating_add(end & 1);
    }
    Ok(members)
}

/// A member's name, and how many bytes of it hold the name.
fn own_name(field: &str, bytes: &[u8], long_names: &[u8]) -> (String, usize) {
    let number = |text: &str| text.parse::<usize>().ok();
    if let Some(length) = field.strip_prefix("#1/").and_then(number) {
        let name = bytes.get(..length).unwrap_or(&[]);
        let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
        let name = String::from_utf8_lossy(name.get(..end).unwrap_or(&[]));
        return (name.into_owned(), length);
    }
    if let Some(at) = field.strip_prefix('/').and_then(number) {
        let name = long_names.get(at..).unwrap_or(&[]);
        let end = name.iter().position(|b| *b == b'\n').unwrap_or(name.len());
        let name = String::from_utf8_lossy(name.get(..end).unwrap_or(&[]));
        return (name.trim_end_matches('/').to_owned(), 0);
    }
    (field.trim_end_matches('/').to_owned(), 0)
}
