//! The build command of the configuration.
//!
//! It is the repository's command, so a repository that somebody just looks at must not have
//! it run: it is run when a file is saved, and only in workspaces for which the client says
//! so ([`allowed`]). No shell reads it.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::desk::Stop;
use crate::config::Lsp;
use crate::limits;

/// Whether the client lets commands of this workspace run: `"runBuild"` is true, or lists
/// the folder or one above it.
pub(super) fn allowed(options: &Value, root: &Path) -> bool {
    match &options["runBuild"] {
        Value::Bool(yes) => *yes,
        Value::Array(folders) => folders.iter().filter_map(Value::as_str).any(|folder| {
            let folder = PathBuf::from(folder).canonicalize();
            folder.is_ok_and(|folder| root.starts_with(folder))
        }),
        _ => false,
    }
}

/// Runs the command in a folder. What went wrong, in words, and the end of what it said.
pub(super) fn run(lsp: &Lsp, folder: &Path, closing: &Stop) -> Result<(), String> {
    let Some((program, arguments)) = lsp.build.split_first() else {
        return Ok(());
    };
    let shown = lsp.build.join(" ");
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("`{shown}` does not start: {e}"))?;
    let (send, tail) = mpsc::channel();
    let mut said = child.stderr.take();
    // Read to its end, so that a talkative command does not wait; children of its own may
    // keep the pipe open, so nobody waits for this thread.
    std::thread::spawn(move || {
        let mut end = Vec::new();
        let mut part = [0; 4096];
        while let Some(Ok(n @ 1..)) = said.as_mut().map(|s| s.read(&mut part)) {
            end.extend_from_slice(part.get(..n).unwrap_or(&[]));
            let over = end.len().saturating_sub(limits::LSP_BUILD_BYTES);
            end.drain(..over);
        }
        let _ = send.send(end);
    });
    let seconds = lsp.build_seconds.unwrap_or(limits::LSP_BUILD_SECONDS);
    let seconds = seconds.min(limits::LSP_BUILD_MOST_SECONDS);
    let until = Instant::now() + Duration::from_secs(seconds);
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Ok(None) => {}
            Err(e) => break Err(e.to_string()),
        }
        let closed = closing.load(std::sync::atomic::Ordering::Relaxed);
        if closed || Instant::now() >= until {
            let _ = child.kill();
            let _ = child.wait();
            break Err(match closed {
                true => "ended with the server".to_owned(),
                false => format!("took more than {seconds} s"),
            });
        }
        pause();
    };
    let why = match ended.as_ref().map(ExitStatus::success) {
        Ok(true) => return Ok(()),
        Ok(false) => ended.map_or_else(|e| e, |status| status.to_string()),
        Err(why) => why.clone(),
    };
    let end = tail.recv_timeout(Duration::from_millis(500));
    let end = String::from_utf8_lossy(&end.unwrap_or_default()).into_owned();
    Err(format!("`{shown}`: {why}\n{end}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a process tells nobody when it ends: it is looked at now and then"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(words: &[&str], want: &str) {
        let lsp = Lsp {
            build: words.iter().map(|w| (*w).to_owned()).collect(),
            build_seconds: Some(1),
            ..Lsp::default()
        };
        let got = run(&lsp, Path::new("/"), &Stop::default());
        let got = got.err().unwrap_or_default();
        assert!(
            got.starts_with(want) && got.is_empty() == want.is_empty(),
            "{got}"
        );
    }

    #[test]
    fn commands_end() {
        check(&[], "");
        check(&["true"], "");
        check(
            &["sh", "-c", "echo why >&2; exit 3"],
            "`sh -c echo why >&2; exit 3`: exit status: 3\nwhy",
        );
        check(&["sleep", "60"], "`sleep 60`: took more than 1 s");
        check(&["no-such-command"], "`no-such-command` does not start");
    }

    #[test]
    fn only_what_the_client_names_is_allowed() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"))
            .canonicalize()
            .unwrap();
        let check = |options: Value, want| assert_eq!(allowed(&options, &here), want, "{options}");
        check(Value::Null, false);
        check(json!({}), false);
        check(json!({ "runBuild": false }), false);
        check(json!({ "runBuild": "true" }), false);
        check(json!({ "runBuild": true }), true);
        check(json!({ "runBuild": [here] }), true);
        check(json!({ "runBuild": [here.parent()] }), true);
        check(json!({ "runBuild": [here.join("src"), "/no/such"] }), false);
    }
}
