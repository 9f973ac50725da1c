//! Paths as the repository knows them.
//!
//! Line information holds whatever the compiler was given: absolute paths of a
//! build machine, paths relative to some build directory. CI wants paths relative
//! to the root of the repository.

use crate::untrusted::{Foreign, Untrusted, uri};

/// Maps file names of objects to paths of a repository.
pub struct Paths<'a> {
    /// The root, absolute, `/` between names; none: nothing is known of it.
    pub root: Option<String>,
    /// The directory that names of inputs are relative to, absolute.
    pub here: Option<String>,
    /// Replacements of leading directories, in order; the first that fits counts.
    pub prefixes: Vec<(String, String)>,
    /// Whether there is a file of this path under the root.
    pub exists: &'a dyn Fn(&str) -> bool,
}

impl Default for Paths<'_> {
    fn default() -> Self {
        Paths {
            root: None,
            here: None,
            prefixes: Vec::new(),
            exists: &|_| false,
        }
    }
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RepoPath {
    /// Relative to the root.
    Inside(String),
    /// Absolute, elsewhere.
    Outside(String),
}

impl RepoPath {
    /// The path.
    pub fn text(&self) -> Untrusted {
        match self {
            RepoPath::Inside(path) | RepoPath::Outside(path) => path.into(),
        }
    }

    /// As a URI reference: relative, or a `file:` URI.
    pub fn uri(&self) -> String {
        match self {
            RepoPath::Inside(path) => uri(path),
            RepoPath::Outside(path) => format!("file://{}", uri(path)),
        }
    }
}

impl Paths<'_> {
    /// The root as a URI that ends in a slash.
    pub fn root_uri(&self) -> Option<String> {
        let root = self.root.as_deref()?;
        Some(format!("file://{}/", uri(root.trim_end_matches('/'))))
    }

    /// Where an input is that the command line names.
    pub fn input<T: Foreign + ?Sized>(&self, name: &T) -> RepoPath {
        let name = name.data();
        match &self.here {
            Some(here) if !name.starts_with('/') => self.place(&join(here, name)),
            _ => self.place(name),
        }
    }

    /// Where a source file is that an object names: as [`Paths::place`] finds it,
    /// or, if there is no such file, relative to a directory that holds the object.
    pub fn source(&self, name: &Untrusted, object: &Untrusted) -> RepoPath {
        let name = name.data();
        let place = self.place(name);
        let RepoPath::Inside(path) = &place else {
            return place;
        };
        if name.starts_with('/') || (self.exists)(path) {
            return place;
        }
        let RepoPath::Inside(object) = self.input(object) else {
            return place;
        };
        let mut directory = object.as_str();
        while let Some((parent, _)) = directory.rsplit_once('/') {
            let near = format!("{parent}/{path}");
            if (self.exists)(&near) {
                return RepoPath::Inside(near);
            }
            directory = parent;
        }
        place
    }

    /// Where a file is, by its name alone.
    ///
    /// A path outside the root, or one that leaves its directory, is looked for
    /// under the root without its first directories, one by one: that is how
    /// paths of another machine are found again.
    pub fn place(&self, name: &str) -> RepoPath {
        let name = name.replace('\\', "/");
        let mapped = self.prefixes.iter().find_map(|(from, to)| {
            let rest = under(&name, from)?;
            Some(join(to, rest))
        });
        let mapped_by_user = mapped.is_some();
        let name = mapped.unwrap_or(name);
        let absolute = name.starts_with('/');
        let (parts, left) = normal(&name);
        let path = parts.join("/");
        if !absolute {
            if left == 0 && (mapped_by_user || (self.exists)(&path)) {
                return RepoPath::Inside(path);
            }
            let found = self.found(&parts);
            return RepoPath::Inside(found.unwrap_or(path));
        }
        let path = format!("/{path}");
        let root = self.root.as_deref().filter(|r| !r.is_empty());
        if let Some(inside) = root
            .and_then(|root| under(&path, root))
            .filter(|p| !p.is_empty())
        {
            return RepoPath::Inside(inside.to_owned());
        }
        match self.found(&parts) {
            Some(inside) => RepoPath::Inside(inside),
            None => RepoPath::Outside(path),
        }
    }

    /// The longest tail of a path that is a file under the root. One name alone
    /// would be a guess.
    fn found(&self, parts: &[&str]) -> Option<String> {
        (0..parts.len().saturating_sub(1))
            .filter_map(|skip| parts.get(skip..).map(|tail| tail.join("/")))
            .find(|tail| (self.exists)(tail))
    }
}

/// What follows a leading directory.
fn under<'n>(name: &'n str, directory: &str) -> Option<&'n str> {
    let rest = name.strip_prefix(directory.trim_end_matches('/'))?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(rest.trim_start_matches('/')),
        None => rest.is_empty().then_some(""),
    }
}

fn join(directory: &str, rest: &str) -> String {
    match directory.trim_end_matches('/') {
        "" if directory.starts_with('/') => format!("/{rest}"),
        "" => rest.to_owned(),
        directory => format!("{directory}/{rest}"),
    }
}

/// The names of a path without `.` and `..`, and how many `..` lead out of it.
fn normal(path: &str) -> (Vec<&str>, usize) {
    let (mut parts, mut left) = (Vec::new(), 0);
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    left += 1;
                }
            }
            name => parts.push(name),
        }
    }
    (parts, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, place: impl Fn(&Paths<'_>, &str) -> RepoPath) -> RepoPath {
        let exists = |path: &str| matches!(path, "src/bpf/xdp.c" | "src/lib.h");
        let paths = Paths {
            root: Some("/home/ci/repo".into()),
            here: Some("/home/ci/repo/build".into()),
            prefixes: vec![
                ("/build/out".into(), "src".into()),
                ("gen".into(), "".into()),
            ],
            exists: &exists,
        };
        place(&paths, name)
    }

    fn place(name: &str) -> RepoPath {
        with(name, |paths, name| paths.place(name))
    }

    fn inside(path: &str) -> RepoPath {
        RepoPath::Inside(path.into())
    }

    #[test]
    fn paths_become_relative_to_the_root() {
        assert_eq!(place("/home/ci/repo/src/a.c"), inside("src/a.c"));
        assert_eq!(place("./src//x/../a.c"), inside("src/a.c"));
        assert_eq!(place("/build/out/a.c"), inside("src/a.c"));
        assert_eq!(place("gen/a.c"), inside("a.c"));
        let input = |paths: &Paths<'_>, name: &str| paths.input(name);
        assert_eq!(with("x.o", input), inside("build/x.o"));
        assert_eq!(with("../x.o", input), inside("x.o"));
        let near = |paths: &Paths<'_>, name: &str| {
            paths.source(&name.into(), &"../src/bpf/out/x.o".into())
        };
        assert_eq!(with("./bpf/xdp.c", near), inside("src/bpf/xdp.c"));
        assert_eq!(with("none.c", near), inside("none.c"));
        assert_eq!(place("/elsewhere/src/bpf/xdp.c"), inside("src/bpf/xdp.c"));
        assert_eq!(place("../../src/lib.h"), inside("src/lib.h"));
        let other = RepoPath::Outside("/home/ci/repository/a.c".into());
        assert_eq!(place("/home/ci/repository/a.c"), other);
        assert_eq!(other.uri(), "file:///home/ci/repository/a.c");
    }

    #[test]
    fn uris_are_uri() {
        assert_eq!(inside("a b/ü#?.c").uri(), "a%20b/%C3%BC%23%3F.c");
    }
}
