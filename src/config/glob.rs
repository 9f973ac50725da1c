//! Patterns over names and paths: `*` is any run of characters (slashes too),
//! `?` is any one. A pattern without either is a plain name.

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// Takes the pattern's text.
    pub fn new(text: &str) -> Glob {
        Glob(text.to_owned())
    }

    /// The pattern's text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether it can match only one name.
    pub fn is_exact(&self) -> bool {
        !self.0.contains(['*', '?'])
    }

    /// How much it says: exact names first, then by literal characters.
    pub fn rank(&self) -> (bool, usize) {
        let literal = self.0.chars().filter(|c| !matches!(c, '*' | '?')).count();
        (self.is_exact(), literal)
    }

    /// Whether it matches the whole of a name. Time is bounded by the product of
    /// the lengths: a mismatch goes back to the last star only.
    pub fn matches(&self, name: &str) -> bool {
        let pattern: Vec<char> = self.0.chars().collect();
        let name: Vec<char> = name.chars().collect();
        let (mut p, mut n) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while let Some(&c) = name.get(n) {
            match pattern.get(p) {
                Some('*') => {
                    star = Some((p, n));
                    p = p.saturating_add(1);
                }
                Some(&want) if want == '?' || want == c => {
                    p = p.saturating_add(1);
                    n = n.saturating_add(1);
                }
                _ => match &mut star {
                    Some((at, from)) => {
                        *from = from.saturating_add(1);
                        (p, n) = (at.saturating_add(1), *from);
                    }
                    None => return false,
                },
            }
        }
        pattern.iter().skip(p).all(|c| *c == '*')
    }

    /// Whether it matches a path, or the end of one at a slash: `a.o` is the
    /// file of that name in any directory.
    pub fn matches_path(&self, path: &str) -> bool {
        let path = path.strip_prefix("./").unwrap_or(path);
        self.matches(path)
            || path.match_indices('/').any(|(at, _)| {
                path.get(at.saturating_add(1)..)
                    .is_some_and(|tail| self.matches(tail))
            })
    }
}
