//! Folders, files and streams as an unlucky or hostile world has them.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const GOOD: &str = ".type socket_filter\n.license \"GPL\"\nr0 = 0\nexit\n";
const BAD: &str = ".type socket_filter\n.license \"GPL\"\nr0 = r3\nexit\n";

/// A directory that is removed when dropped.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let dir =
            std::env::temp_dir().join(format!("bpfassay-unlucky-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Dir(dir.canonicalize().unwrap())
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bpfassay"));
        command.current_dir(&self.0).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_a_folder_hides_is_named_and_the_rest_is_reported() {
    let dir = Dir::new("folder");
    let other = Dir::new("other");
    std::fs::create_dir(dir.0.join("objects")).unwrap();
    dir.write("objects/own.o", "no object");
    other.write("away.o", "no object");
    symlink("own.o", dir.0.join("objects/same.o")).unwrap();
    symlink(other.0.join("away.o"), dir.0.join("objects/away.o")).unwrap();
    symlink(&other.0, dir.0.join("objects/folder")).unwrap();
    symlink("nowhere", dir.0.join("objects/gone.o")).unwrap();
    let made = Command::new("mkfifo")
        .arg(dir.0.join("objects/pipe.o"))
        .status();
    assert!(made.unwrap().success());
    let o = dir.run(&["check", "objects", "missing.o"]);
    assert_eq!(o.status.code(), Some(2));
    let (out, err) = (text(&o.stdout), text(&o.stderr));
    for name in ["own.o", "away.o", "folder", "gone.o", "pipe.o"] {
        assert!(
            out.contains(&format!("unreadable objects/{name}: ")),
            "{out}"
        );
    }
    assert!(out.contains("unreadable missing.o: "), "{out}");
    assert!(err.contains("objects/same.o: a link to"), "{err}");
}

#[test]
fn each_report_is_written_whole_whether_or_not_another_is() {
    let dir = Dir::new("reports");
    dir.write("good.bpfasm", GOOD);
    dir.write("old.json", "old");
    let o = dir.run(&[
        "check",
        "good.bpfasm",
        "--output",
        "/dev/full",
        "--report",
        "sarif=missing/report.sarif",
        "--report",
        "json=old.json",
    ]);
    assert_eq!(o.status.code(), Some(2));
    let err = text(&o.stderr);
    assert!(
        err.contains("/dev/full: ") && err.contains("missing/report.sarif: "),
        "{err}"
    );
    let written = std::fs::read_to_string(dir.0.join("old.json")).unwrap();
    assert!(written.ends_with("}\n") && written.contains("\"partial\": false"));
    let left: Vec<_> = std::fs::read_dir(&dir.0).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_closed_stream_changes_no_verdict() {
    let dir = Dir::new("closed");
    dir.write("bad.bpfasm", BAD);
    let closed = |script: &str| {
        let mut shell = Command::new("sh");
        shell.current_dir(&dir.0).stdout(Stdio::null());
        let script = script.replace("bpfassay", env!("CARGO_BIN_EXE_bpfassay"));
        shell.args(["-c", &script]).status().unwrap().code()
    };
    assert_eq!(closed("bpfassay check bad.bpfasm 2>&-"), Some(1));
    assert_eq!(closed("bpfassay check missing.o 2>&-"), Some(2));
    assert_eq!(closed("bpfassay check bad.bpfasm >/dev/full 2>&-"), Some(2));
    assert_eq!(closed("bpfassay check missing.o 2>/dev/full"), Some(2));
}

#[test]
fn no_line_is_shown_of_a_file_that_is_not_ours() {
    let dir = Dir::new("config");
    dir.write("good.bpfasm", GOOD);
    dir.write("secret", "root:SECRET:1\n");
    dir.write("secret.toml", "[registry]\ntoken = \"SECRET\"\n");
    dir.write("secret.json", "{\"SECRET\": 1}");
    let check = |args: &[&str]| {
        let o = dir.run(&[&["check", "good.bpfasm"], args].concat());
        assert_eq!(o.status.code(), Some(2), "{args:?}");
        let all = text(&o.stdout) + &text(&o.stderr);
        assert!(!all.contains("SECRET"), "{args:?}: {all}");
    };
    check(&["--config", "secret"]);
    check(&["--config", "secret.toml"]);
    check(&["--no-config", "--baseline", "secret.json"]);
    check(&["--no-config", "--profile", "secret"]);
    check(&["--no-config", "--profile", "secret.toml"]);
    symlink("secret", dir.0.join("profile.toml")).unwrap();
    check(&["--no-config", "--profile", "profile.toml"]);
    for target in ["secret", "secret.toml"] {
        symlink(target, dir.0.join("bpfassay.toml")).unwrap();
        check(&[]);
        std::fs::remove_file(dir.0.join("bpfassay.toml")).unwrap();
    }
    symlink("secret", dir.0.join("link.bpfasm")).unwrap();
    check(&["link.bpfasm", "--no-config"]);
    // Our own is shown where it is wrong.
    dir.write("bpfassay.toml", "[severity]\nall = \"loud\"\n");
    let err = text(&dir.run(&["check", "good.bpfasm"]).stderr);
    assert!(err.contains("all = \"loud\""), "{err}");
}
