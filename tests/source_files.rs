//! What a report shows of the machine's files, when an object names them.

#[expect(dead_code, reason = "what other tests need of it")]
#[path = "common/toy.rs"]
mod toy;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use toy::Toy;

/// A directory that is removed when dropped.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let dir =
            std::env::temp_dir().join(format!("bpfassay-sources-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Dir(dir.canonicalize().unwrap())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const TEXT: &str = "first SECRET1\n      return r3;\nthird SECRET3\n";

/// Everything that `check` writes of an object in all formats.
fn shown(here: &Path, object: &Path, more: &[&str]) -> String {
    let mut all = String::new();
    for format in [
        "text", "json", "jsonl", "sarif", "github", "junit", "markdown",
    ] {
        let out = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
            .current_dir(here)
            .args(["check", "--format", format])
            .args(more)
            .arg(object)
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(1), "{out:?}");
        all.push_str(&String::from_utf8(out.stdout).unwrap());
        all.push_str(&String::from_utf8(out.stderr).unwrap());
    }
    all
}

/// An object that is refused at line 2 of a file, where it carries a text.
fn naming(dir: &Dir, file: &str, text: &str) -> PathBuf {
    let toy = Toy {
        file: file.as_bytes().to_vec(),
        lines: vec![(0, 2, 1, text.as_bytes().to_vec())],
        ..Toy::default()
    };
    dir.write("toy.o", &toy.build())
}

/// Whether the file was read: the line that the object carries is shown as the file
/// indents it. What the object does not carry never is.
fn read(dir: &Dir, file: &str, text: &str, more: &[&str]) -> bool {
    was_read(&shown(&dir.0, &naming(dir, file, text), more), text)
}

fn was_read(all: &str, text: &str) -> bool {
    assert!(text.is_empty() || all.contains(text), "{all}");
    assert!(!all.contains("SECRET"), "{all}");
    all.contains("      return r3;")
}

#[test]
fn a_source_beside_the_object_is_shown() {
    let dir = Dir::new("beside");
    let path = dir.write("toy.c", TEXT.as_bytes());
    assert!(read(&dir, "toy.c", "return r3;", &[]));
    assert!(read(&dir, path.to_str().unwrap(), "return r3;", &[]));
    assert!(read(&dir, "/build/machine/toy.c", "return r3;", &[]));
}

#[test]
fn a_line_is_shown_only_as_the_object_carries_it() {
    let dir = Dir::new("carried");
    dir.write("toy.c", TEXT.as_bytes());
    assert!(!read(&dir, "toy.c", "", &[]));
    assert!(!read(&dir, "toy.c", "return 3;", &[]));
}

#[test]
fn nothing_outside_the_roots_is_shown() {
    let (dir, other) = (Dir::new("inside"), Dir::new("outside"));
    let secret = other.write("toy.c", TEXT.as_bytes());
    let check = |file: &str, more: &[&str]| read(&dir, file, "return r3;", more);
    assert!(!check(secret.to_str().unwrap(), &[]));
    let up = Path::new("..").join(other.0.file_name().unwrap());
    assert!(!check(up.join("toy.c").to_str().unwrap(), &[]));
    symlink(&secret, dir.0.join("link.c")).unwrap();
    assert!(!check("link.c", &[]));
    symlink(&other.0, dir.0.join("folder")).unwrap();
    assert!(!check("folder/toy.c", &[]));
    // Nor below the object's folder, if another root is named.
    dir.write("own.c", TEXT.as_bytes());
    let root = other.0.to_str().unwrap();
    assert!(check("own.c", &[]));
    assert!(!check("own.c", &["--source-root", root]));
    assert!(check("toy.c", &["--source-root", root]));
    // A link within the root is as good as a file.
    symlink(dir.0.join("own.c"), dir.0.join("same.c")).unwrap();
    assert!(check("same.c", &[]));
}

#[test]
fn the_repository_is_the_root_but_its_own_data() {
    let dir = Dir::new("repository");
    for name in [
        "src/toy.c",
        ".git/toy.c",
        ".GIT/x/toy.c",
        ".ssh/toy.c",
        ".env.c",
    ] {
        dir.write(name, TEXT.as_bytes());
    }
    let object = dir.write(
        "build/toy.o",
        &Toy {
            file: b"src/toy.c".to_vec(),
            lines: vec![(0, 2, 1, b"return r3;".to_vec())],
            ..Toy::default()
        }
        .build(),
    );
    assert!(was_read(&shown(&dir.0, &object, &[]), "return r3;"));
    assert!(was_read(
        &shown(&dir.0.join("build"), &object, &[]),
        "return r3;"
    ));
    for name in [".git/toy.c", ".GIT/x/toy.c", ".ssh/toy.c", ".env.c"] {
        assert!(!read(&dir, name, "return r3;", &[]), "{name}");
    }
    let root = dir.0.join(".git");
    let root = ["--source-root", root.to_str().unwrap()];
    assert!(!read(&dir, "toy.c", "return r3;", &root));
}

#[test]
fn only_regular_files_of_bounded_size_are_read() {
    let dir = Dir::new("regular");
    let made = Command::new("mkfifo").arg(dir.0.join("toy.c")).status();
    assert!(made.unwrap().success());
    assert!(!read(&dir, "toy.c", "return r3;", &[]));
    std::fs::remove_file(dir.0.join("toy.c")).unwrap();
    let mut text = TEXT.as_bytes().to_vec();
    text.resize((8 << 20) + 1, b'\n');
    dir.write("toy.c", &text);
    assert!(!read(&dir, "toy.c", "return r3;", &[]));
    dir.write("toy.c", &text[..8 << 20]);
    assert!(read(&dir, "toy.c", "return r3;", &[]));
    dir.write("toy.c", &[TEXT.as_bytes(), b"\xff\n"].concat());
    assert!(!read(&dir, "toy.c", "return r3;", &[]));
    assert!(!read(&dir, "/proc/self/environ", "return r3;", &[]));
    let root = ["--source-root", "/proc"];
    assert!(!read(&dir, "self/environ", "return r3;", &root));
}
