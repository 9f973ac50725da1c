//! A run that is stopped tells what it has, says that this is not all, and ends with the
//! signal's number.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A directory that is removed when dropped.
struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const GOOD: &str = ".type socket_filter\n.license \"GPL\"\nr0 = 0\nexit\n";

/// Walks a million instructions.
const SLOW: &str = ".type socket_filter\n.license \"GPL\"\nr6 = 0\nagain:\nr6 += 1\n\
    *(u64 *)(r10 - 8) = r6\nif r6 < 10000000 goto again\nr0 = 0\nexit\n";

/// Stops a run by a signal once it has begun; checks what it left.
fn stopped(signal: &str, code: i32) {
    let name = format!("bpfassay-signal-{}-{signal}", std::process::id());
    let dir = Dir(std::env::temp_dir().join(name));
    std::fs::create_dir_all(&dir.0).unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.0.join(name), text).unwrap();
    write("0.bpfasm", GOOD);
    write("old.json", "old");
    let slow: Vec<String> = (0..400).map(|i| format!("slow{i}.bpfasm")).collect();
    slow.iter().for_each(|name| write(name, SLOW));
    let begun = Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .current_dir(&dir.0)
        .args(["check", "--no-config", "--no-smoke", "--jobs", "1"])
        .args(["--report", "json=old.json", "--report", "junit=new.xml"])
        .arg("0.bpfasm")
        .args(&slow)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The handlers are set before the first object is looked at.
    #[expect(
        clippy::disallowed_methods,
        reason = "a run must be under way when it is stopped"
    )]
    std::thread::sleep(Duration::from_millis(1500));
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(code), "{out:?}");
    assert!(begun.elapsed() < Duration::from_secs(60));
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("PARTIAL: the run was stopped"), "{text}");
    let json = std::fs::read(dir.0.join("old.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["partial"], true);
    assert_eq!(json["objects"].as_array().unwrap().len(), 401);
    assert_eq!(json["totals"]["accept"], 1);
    let words = json.to_string();
    assert!(words.contains("budget:stopped"), "{words}");
    let xml = std::fs::read_to_string(dir.0.join("new.xml")).unwrap();
    assert!(xml.trim_end().ends_with("</testsuites>"), "{xml}");
    // Nothing half written is left beside them.
    let left = std::fs::read_dir(&dir.0).unwrap();
    let left = left.filter(|e| {
        let name = e.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".tmp")
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn an_interrupt_ends_with_130() {
    stopped("INT", 130);
}

#[test]
fn a_request_to_end_ends_with_143() {
    stopped("TERM", 143);
}
