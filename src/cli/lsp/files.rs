//! The workspace: URIs, and the files that objects name.
//!
//! Nothing below goes outside of the workspace's folder: a URI or a name counts by the
//! canonical path that it leads to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;

use lsp_types::Uri;

use super::text::Doc;
use crate::cli::roots::Roots;
use crate::limits;
use crate::untrusted::uri;

/// An open document.
pub(super) struct Open {
    /// As the client names it.
    pub(super) uri: Uri,
    pub(super) version: i32,
    pub(super) doc: Doc,
}

/// The workspace's folder and what is open of it.
pub(super) struct Workspace {
    roots: Arc<Roots>,
    /// The folder as the client spells it.
    given: PathBuf,
    /// By canonical path.
    open: HashMap<PathBuf, Open>,
}

impl Workspace {
    pub(super) fn new(roots: Arc<Roots>, given: PathBuf) -> Workspace {
        Workspace {
            roots,
            given,
            open: HashMap::new(),
        }
    }

    /// The file that a URI names, if it is there and below the folder.
    pub(super) fn path(&self, uri: &Uri) -> Option<PathBuf> {
        let path = decode(uri)?.canonicalize().ok()?;
        path.starts_with(self.roots.first()).then_some(path)
    }

    /// The URI of a file below the folder, spelt as the client does.
    pub(super) fn uri(&self, path: &Path) -> Option<Uri> {
        if let Some(open) = self.open.get(path) {
            return Some(open.uri.clone());
        }
        let below = path.strip_prefix(self.roots.first()).ok()?;
        encode(&self.given.join(below))
    }

    /// A document is opened or changed; what is too large is not followed.
    pub(super) fn set(&mut self, path: PathBuf, uri: Uri, version: i32, text: String) {
        let full = self.open.len() >= limits::LSP_OPEN && !self.open.contains_key(&path);
        if full || text.len() as u64 > limits::MAX_SOURCE_BYTES {
            self.open.remove(&path);
            return;
        }
        let doc = Doc::new(text);
        self.open.insert(path, Open { uri, version, doc });
    }

    pub(super) fn close(&mut self, path: &Path) {
        self.open.remove(path);
    }

    pub(super) fn opened(&self, path: &Path) -> Option<&Open> {
        self.open.get(path)
    }

    /// The present text: the editor's, else the file's.
    pub(super) fn text(&self, path: &Path) -> Doc {
        if let Some(open) = self.open.get(path) {
            return open.doc.clone();
        }
        let small = path
            .metadata()
            .is_ok_and(|m| m.is_file() && m.len() <= limits::MAX_SOURCE_BYTES);
        let text = small.then(|| std::fs::read_to_string(path).ok()).flatten();
        Doc::new(text.unwrap_or_default())
    }
}

/// The path of a `file:` URI.
pub(super) fn decode(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    // Of another machine there is nothing here.
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return None;
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.bytes();
    while let Some(byte) = left.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [left.next()?, left.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                u8::from_str_radix(digits, 16).ok()?
            }
            b'?' | b'#' => break,
            byte => byte,
        });
    }
    Some(String::from_utf8(bytes).ok()?.into())
}

fn encode(path: &Path) -> Option<Uri> {
    Uri::from_str(&format!("file://{}", uri(path.to_str()?))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_uris_go_both_ways() {
        for path in ["/a/b.c", "/a b/é#?%.c"] {
            let uri = encode(Path::new(path)).unwrap();
            assert_eq!(decode(&uri).unwrap(), Path::new(path));
        }
        let none = |text: &str| assert_eq!(decode(&Uri::from_str(text).unwrap()), None, "{text}");
        none("untitled:a");
        none("file://elsewhere/a");
        none("file:///a%ff");
    }
}
