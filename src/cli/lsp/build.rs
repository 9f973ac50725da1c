//! The build command of the configuration.
//!
//! It is the repository's command, so a repository that somebody just looks at must not have
//! it run: it is run when a file is saved, and only in workspaces for which the client says
//! so ([`allowed`]). No shell reads it. It is a group of processes: with it ends what it
//! has started, by its time limit or with the server.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use serde_json::Value;

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

/// Ends a server's build with the server.
#[derive(Default)]
pub(super) struct Closing {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    closed: bool,
    running: bool,
}

/// A command that runs.
struct Running<'a>(&'a Closing);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.lock().running = false;
        self.0.ended.notify_all();
    }
}

impl Closing {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None once the server ends.
    fn begin(&self) -> Option<Running<'_>> {
        let mut state = self.lock();
        state.running = !state.closed;
        // Not made where it is not needed: its end takes the lock.
        state.running.then(|| Running(self))
    }

    /// Lets no command begin any more, ends the one that runs, and waits until it is gone.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let patience = Duration::from_secs(limits::LSP_BUILD_END_SECONDS);
        let until_gone = self
            .ended
            .wait_timeout_while(state, patience, |s| s.running);
        drop(until_gone);
    }
}

/// A group of its own.
#[cfg(unix)]
fn alone(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(not(unix))]
fn alone(_command: &mut Command) {}

/// Ends a command and what it has started: asked first, so that half-made files are removed.
/// The group's number is taken by nobody else while its first process is not waited for.
#[cfg(unix)]
fn end(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let group = Pid::from_child(child);
    if kill_process_group(group, Signal::TERM).is_ok() {
        (0..GRACE).for_each(|_| pause());
    }
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
}

#[cfg(not(unix))]
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Looks until a command that was asked to end is made to.
#[cfg(unix)]
const GRACE: u32 = 15;

/// Runs the command in a folder. What went wrong, in words, and the end of what it said.
pub(super) fn run(lsp: &Lsp, folder: &Path, closing: &Closing) -> Result<(), String> {
    let Some((program, arguments)) = lsp.build.split_first() else {
        return Ok(());
    };
    let shown = lsp.build.join(" ");
    let Some(_running) = closing.begin() else {
        return Err(format!("`{shown}`: ended with the server"));
    };
    let mut command = Command::new(program);
    alone(&mut command);
    let mut child = command
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
        let closed = closing.lock().closed;
        if closed || Instant::now() >= until {
            end(&mut child);
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
        let got = run(&lsp, Path::new("/"), &Closing::default());
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

    #[cfg(unix)]
    #[test]
    fn what_a_command_started_ends_with_it() {
        let name = format!("bpfassay-group-{}", std::process::id());
        let file = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&file);
        // Deaf to being asked, two processes deep.
        let script = format!(
            "trap '' TERM; sh -c 'trap \"\" TERM; sleep 2; touch {}' & wait",
            file.display()
        );
        let lsp = Lsp {
            build: ["sh", "-c", &script].map(str::to_owned).to_vec(),
            build_seconds: Some(1),
            ..Lsp::default()
        };
        let began = Instant::now();
        let got = run(&lsp, Path::new("/"), &Closing::default());
        assert!(got.is_err_and(|e| e.contains("took more than 1 s")));
        // And with the server, which waits for it.
        let closing = Closing::default();
        std::thread::scope(|scope| {
            let built = scope.spawn(|| run(&lsp, Path::new("/"), &closing));
            while !closing.lock().running {
                std::thread::yield_now();
            }
            closing.close();
            assert!(!closing.lock().running);
            assert!(built.join().unwrap().is_err());
        });
        assert!(run(&lsp, Path::new("/"), &closing).is_err());
        while began.elapsed() < Duration::from_secs(4) {
            pause();
        }
        assert!(!file.exists());
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
