//! Objects in what carries them: programs and libraries that embed them, archives,
//! skeletons in C, compressed files.
//!
//! A file is told by its first bytes, not by its name (but text, which has no mark). What is
//! an object stays as it is; of what is none every object inside is a *part*, named
//! `carrier!object`. A carrier may lie in another (an archive in a compressed file):
//! each layer adds its name, but compression, which holds one thing only.
//!
//! | file | what |
//! |---|---|
//! | `layout` | how long an object is that begins somewhere; what another file is |
//! | `archive` | members of `ar` archives |
//! | `compressed` | gzip, xz, zstd |
//! | `skeleton` | bytes in the text of a C header |
//! | `light`, `writer` | the programs of a light skeleton; an object made of them |
//! | `name` | what an object without a name is called |
//!
//! All bytes are a stranger's: layers, parts and unpacked bytes are bounded by an
//! [`Allowance`], and a carrier that holds more is an error that says so.
//!
//! Not found: objects inside compressed parts of a program, and instructions that a program
//! carries without an object around them (as `runc` and `NetworkManager` do).
#![warn(clippy::arithmetic_side_effects)]

mod archive;
mod compressed;
mod layout;
mod light;
mod name;
mod skeleton;
mod writer;

pub use compressed::plain_name;
pub use layout::{HEAD, Kind, kind};
pub use name::plain as plain_letters;

use crate::limits;

/// An object found in a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name in the carrier (`libxdp.a` holds `xsk.o!xsk_def_prog.o`); empty for what
    /// was the whole of a compressed file.
    pub name: String,
    /// Where it begins in the carrier next around it.
    pub offset: usize,
    /// The object.
    pub bytes: Vec<u8>,
}

/// What is in a carrier.
#[derive(Debug, Default)]
pub struct Contents {
    /// The objects, in their order.
    pub parts: Vec<Part>,
    /// What looked like an object and is none, or could not be unpacked.
    pub problems: Vec<String>,
}

/// What unpacking may take, over all inputs of a run.
#[derive(Debug)]
pub struct Allowance {
    /// Bytes of objects found and of files unpacked.
    bytes: u64,
    /// Objects.
    parts: usize,
}

impl Default for Allowance {
    fn default() -> Allowance {
        Allowance {
            bytes: limits::MAX_UNPACKED_BYTES,
            parts: limits::MAX_DIR_OBJECTS,
        }
    }
}

impl Allowance {
    /// Takes so many bytes of it.
    fn take(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.bytes.checked_sub(bytes as u64);
        self.bytes = left.ok_or("holds too much: the objects of a run take too many bytes")?;
        Ok(())
    }
}

/// Finds the objects in a file that is none itself. `name` is the file's: text is
/// taken for C by its extension.
pub fn unpack(name: &str, bytes: &[u8], allowance: &mut Allowance) -> Contents {
    let mut search = Search {
        found: Contents::default(),
        allowance,
    };
    let layer = Layer {
        names: String::new(),
        file: name,
        depth: 0,
    };
    if let Err(problem) = search.open(&layer, 0, bytes) {
        search.found.problems.push(problem);
    }
    name::make_unique(&mut search.found.parts);
    search.found
}

/// A file as it was before it was compressed; itself, if it wasn't.
pub fn plain(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    match kind(&bytes) {
        kind @ (Kind::Gzip | Kind::Xz | Kind::Zstd) => {
            compressed::unpacked(kind, &bytes, limits::MAX_UNPACKED_FILE)
        }
        _ => Ok(bytes),
    }
}

/// Where a search is.
struct Layer<'a> {
    /// The carriers inside the file, as parts name them: `member.o!`.
    names: String,
    /// The name of the carrier next around, with its extension.
    file: &'a str,
    depth: usize,
}

impl Layer<'_> {
    /// A problem with where it is.
    fn problem(&self, what: &str) -> String {
        match self.names.strip_suffix('!') {
            Some(names) => format!("{names}: {what}"),
            None => what.to_owned(),
        }
    }
}

struct Search<'a> {
    found: Contents,
    allowance: &'a mut Allowance,
}

impl Search<'_> {
    /// Looks into bytes that begin at `offset` of the carrier around them.
    fn open(&mut self, layer: &Layer<'_>, offset: usize, bytes: &[u8]) -> Result<(), String> {
        if layer.depth > limits::MAX_CARRIERS {
            return Err(layer.problem("carriers in carriers nest too deeply"));
        }
        match kind(bytes) {
            Kind::Object => {
                let name = layer.names.strip_suffix('!').unwrap_or("").to_owned();
                self.part(name, offset, bytes)
            }
            Kind::Archive => self.members(layer, bytes),
            Kind::ThinArchive => {
                Err(layer.problem("a thin archive: its members are files beside it"))
            }
            Kind::Gzip | Kind::Xz | Kind::Zstd => {
                let most = self.allowance.bytes.min(limits::MAX_UNPACKED_FILE);
                let plain = compressed::unpacked(kind(bytes), bytes, most)
                    .map_err(|e| layer.problem(&e))?;
                self.allowance.take(plain.len())?;
                let inner = Layer {
                    names: layer.names.clone(),
                    file: compressed::plain_name(layer.file),
                    depth: layer.depth.saturating_add(1),
                };
                self.open(&inner, 0, &plain)
            }
            Kind::Program(_) | Kind::Other if skeleton::is_text(layer.file, bytes) => {
                self.literals(layer, bytes)
            }
            Kind::Program(_) | Kind::Other => self.embedded(layer, bytes),
        }
    }

    /// Objects anywhere in a file of another kind.
    fn embedded(&mut self, layer: &Layer<'_>, bytes: &[u8]) -> Result<(), String> {
        let mut from = 0;
        while let Some((at, size)) = layout::next_object(bytes, from) {
            let end = at.saturating_add(size.unwrap_or(1));
            match bytes.get(at..end) {
                Some(object) if size.is_some() => {
                    let own = name::of(object);
                    let name = match own {
                        Some(own) => format!("{}{own}", layer.names),
                        None => format!("{}{}.o", layer.names, self.found.parts.len()),
                    };
                    self.part(name, at, object)?;
                }
                _ => {
                    let what = format!("the object at {at:#x} is cut off");
                    self.found.problems.push(layer.problem(&what));
                }
            }
            from = end;
        }
        Ok(())
    }

    fn members(&mut self, layer: &Layer<'_>, bytes: &[u8]) -> Result<(), String> {
        for member in archive::members(bytes).map_err(|e| layer.problem(&e))? {
            let inner = Layer {
                names: format!("{}{}!", layer.names, name::plain(&member.name)),
                file: &member.name,
                depth: layer.depth.saturating_add(1),
            };
            if let Err(problem) = self.open(&inner, member.offset, member.bytes) {
                self.found.problems.push(problem);
            }
        }
        Ok(())
    }

    fn literals(&mut self, layer: &Layer<'_>, bytes: &[u8]) -> Result<(), String> {
        let literals = skeleton::literals(bytes);
        if literals.iter().any(skeleton::is_loader) {
            let data = literals.iter().filter(|l| skeleton::is_data(l));
            let made = data
                .clone()
                .find_map(|l| Some((l.offset, light::object(&l.bytes)?)));
            match made {
                Some((offset, object)) => {
                    let stem = layer
                        .file
                        .split_once('.')
                        .map_or(layer.file, |(stem, _)| stem);
                    let name = format!("{}{}.o", layer.names, name::plain(stem));
                    self.part(name, offset, &object)?;
                }
                None => {
                    let what = "a light skeleton in whose data no program is found";
                    self.found.problems.push(layer.problem(what));
                }
            }
        }
        for literal in literals.iter().filter(|l| kind(&l.bytes) == Kind::Object) {
            let own = name::of(&literal.bytes).unwrap_or_else(|| name::plain(&literal.name));
            self.part(
                format!("{}{own}", layer.names),
                literal.offset,
                &literal.bytes,
            )?;
        }
        Ok(())
    }

    fn part(&mut self, name: String, offset: usize, bytes: &[u8]) -> Result<(), String> {
        let left = self.allowance.parts.checked_sub(1);
        self.allowance.parts = left.ok_or("too many objects")?;
        self.allowance.take(bytes.len())?;
        self.found.parts.push(Part {
            name,
            offset,
            bytes: bytes.to_vec(),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
