//! `lsp`, as an editor speaks to it.
#![expect(
    clippy::disallowed_methods,
    reason = "an editor waits, too: for what is not told, and for what is told later"
)]

#[expect(dead_code, reason = "what other tests need of it")]
#[path = "common/toy.rs"]
mod toy;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use toy::Toy;

const PATIENCE: Duration = Duration::from_secs(120);

/// A workspace with an object that is refused, and its source; removed when dropped.
struct Workspace(PathBuf);

impl Workspace {
    fn new(name: &str) -> Workspace {
        let name = format!("bpfassay-lsp-{}-{name}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(dir.join("root/reject")).unwrap();
        std::fs::create_dir_all(dir.join("root/build")).unwrap();
        let workspace = Workspace(dir.canonicalize().unwrap());
        workspace.write("reject/memory.c", corpus("reject/memory.c"));
        workspace.write("build/memory.o", corpus("reject/memory.o"));
        workspace
    }

    fn root(&self) -> PathBuf {
        self.0.join("root")
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root().join(name);
        // At once, as linkers do: nobody sees half of it.
        let beside = path.with_extension("new");
        std::fs::write(&beside, bytes).unwrap();
        std::fs::rename(&beside, &path).unwrap();
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}", self.root().join(name).display())
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn corpus(name: &str) -> Vec<u8> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    std::fs::read(corpus.join(name)).unwrap()
}

/// A client with its server.
struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// What came while something else was waited for.
    earlier: Vec<Value>,
    asked: u64,
}

impl Client {
    fn start(workspace: &Workspace, options: Value, capabilities: Value) -> Client {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
            .args(["lsp", "--stdio"])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (send, messages) = channel();
        std::thread::spawn(move || {
            loop {
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    if out.read_line(&mut line).unwrap() == 0 {
                        return;
                    }
                    match line.trim().strip_prefix("Content-Length: ") {
                        Some(n) => length = n.parse().unwrap(),
                        None if line.trim().is_empty() => break,
                        None => {}
                    }
                }
                let mut body = vec![0; length];
                out.read_exact(&mut body).unwrap();
                if send.send(serde_json::from_slice(&body).unwrap()).is_err() {
                    return;
                }
            }
        });
        let mut client = Client {
            stdin: child.stdin.take(),
            child,
            messages,
            earlier: Vec::new(),
            asked: 0,
        };
        let answer = client.ask(
            "initialize",
            json!({
                "processId": null,
                "rootUri": null,
                "workspaceFolders": [{ "uri": workspace.uri(""), "name": "root" }],
                "capabilities": capabilities,
                "initializationOptions": options,
            }),
        );
        let told = &answer["capabilities"];
        assert_eq!(told["hoverProvider"], true);
        assert_eq!(
            told["codeActionProvider"]["codeActionKinds"],
            json!(["quickfix"])
        );
        client.notify("initialized", json!({}));
        client
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let stdin = self.stdin.as_mut().unwrap();
        write!(stdin, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        stdin.flush().unwrap();
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The next message that is wanted.
    fn wait(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.earlier.iter().position(&wanted) {
            return self.earlier.remove(at);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(left) {
                Ok(message) if wanted(&message) => return message,
                Ok(message) => self.earlier.push(message),
                Err(RecvTimeoutError::Timeout) => panic!("no {what}: {:#?}", self.earlier),
                Err(RecvTimeoutError::Disconnected) => panic!("gone before {what}"),
            }
        }
    }

    fn response(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.wait(method, |m| m["id"] == id && m["method"].is_null())
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.response(method, params);
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    fn open(&mut self, uri: &str, text: &str) {
        self.notify(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri, "languageId": "c", "version": 1, "text": text } }),
        );
    }

    fn change(&mut self, uri: &str, version: i32, text: &str) {
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": [{ "text": text }] }),
        );
    }

    fn save(&mut self, uri: &str) {
        self.notify(
            "textDocument/didSave",
            json!({ "textDocument": { "uri": uri } }),
        );
    }

    /// Diagnostics of a file that are as wanted, of those told from now on.
    fn diagnostics(&mut self, uri: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let told = self.wait("diagnostics", |m| {
            m["method"] == "textDocument/publishDiagnostics"
                && m["params"]["uri"] == uri
                && wanted(m["params"]["diagnostics"].as_array().unwrap())
        });
        told["params"]["diagnostics"].as_array().unwrap().clone()
    }

    fn actions(&mut self, uri: &str, line: u64) -> Vec<Value> {
        let at = json!({ "line": line, "character": 2 });
        let params = json!({
            "textDocument": { "uri": uri },
            "range": { "start": at, "end": at },
            "context": { "diagnostics": [] },
        });
        let actions = self.ask("textDocument/codeAction", params);
        actions.as_array().unwrap().clone()
    }

    fn end(mut self) -> i32 {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        let late = self.response("textDocument/hover", Value::Null);
        assert_eq!(late["error"]["code"], -32600);
        self.notify("exit", Value::Null);
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is(code: &str) -> impl Fn(&Value) -> bool {
    move |d: &Value| d["code"] == code
}

/// The line of `packet_unchecked` in the corpus, from 0, by its text.
const REFUSED: &str = "return eth->h_proto == htons(ETH_P_IP)";

fn line_of(text: &str, what: &str) -> u64 {
    let at = text.lines().position(|l| l.contains(what));
    at.unwrap() as u64
}

#[test]
fn a_refusal_is_shown_explained_and_mended() {
    let workspace = Workspace::new("refusal");
    let uri = workspace.uri("reject/memory.c");
    let text = String::from_utf8(corpus("reject/memory.c")).unwrap();
    let line = line_of(&text, REFUSED);
    let mut client = Client::start(
        &workspace,
        json!({ "rules": "https://example.org/rules/{family}/{name}.md#{code}", "targets": ["linux-6.12"] }),
        json!({ "workspace": { "workspaceEdit": { "documentChanges": true } } }),
    );
    client.open(&uri, &text);
    let all = client.diagnostics(&uri, |d| !d.is_empty());
    let of = |d: &&Value| d["range"]["start"]["line"] == line;
    let refused = all.iter().find(of).unwrap();
    assert_eq!(refused["code"], "BPF0108");
    assert_eq!(
        refused["codeDescription"]["href"],
        "https://example.org/rules/memory/packet-access-unchecked.md#BPF0108"
    );
    assert_eq!(
        (&refused["severity"], &refused["source"]),
        (&json!(1), &json!("bpfassay"))
    );
    let message = refused["message"].as_str().unwrap();
    for part in [
        "byte 12 of the packet",
        "in packet_unchecked, on linux-6.12",
        "why:",
        "help:",
        "kernel:",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let start = refused["range"]["start"]["character"].as_u64().unwrap() as usize;
    let end = refused["range"]["end"]["character"].as_u64().unwrap() as usize;
    assert_eq!(
        &text.lines().nth(line as usize).unwrap()[start..end],
        "eth->h_proto"
    );
    let related = &refused["relatedInformation"][0];
    assert_eq!(related["location"]["uri"], uri.as_str());
    assert_eq!(related["location"]["range"]["start"]["line"], line - 2);

    // The edit goes in front of the line, wherever that stands now.
    for (version, more) in [(2, ""), (3, "\n\n\n")] {
        let shifted = format!("{more}{text}");
        client.change(&uri, version, &shifted);
        let line = line + more.len() as u64;
        let actions = client.actions(&uri, line);
        let edit = &actions[0]["edit"]["documentChanges"][0];
        assert_eq!(
            edit["textDocument"],
            json!({ "uri": uri, "version": version })
        );
        let change = &edit["edits"][0];
        assert_eq!(
            change["range"]["start"],
            json!({ "line": line, "character": 0 })
        );
        assert!(
            change["newText"].as_str().unwrap().contains("data_end"),
            "{change}"
        );
        assert!(actions[0]["title"].as_str().unwrap().contains("verified"));
        assert_eq!(client.actions(&uri, 0), Vec::<Value>::new());
    }
    // The line reads otherwise: the edit may not apply.
    client.change(
        &uri,
        4,
        &text.replace(REFUSED, "return eth->h_source[0] == htons(ETH_P_IP)"),
    );
    assert_eq!(client.actions(&uri, line), Vec::<Value>::new());
    assert_eq!(client.end(), 0);
}

#[test]
fn a_hover_tells_what_is_known_at_a_line() {
    let workspace = Workspace::new("hover");
    let uri = workspace.uri("reject/memory.c");
    let text = String::from_utf8(corpus("reject/memory.c")).unwrap();
    let line = line_of(&text, REFUSED);
    let mut client = Client::start(&workspace, Value::Null, json!({}));
    client.open(&uri, &text);
    client.diagnostics(&uri, |d| !d.is_empty());
    let hover = |client: &mut Client, line: u64, what: &str| {
        let row = text.lines().nth(line as usize).unwrap();
        let at = json!({ "line": line, "character": row.find(what).unwrap() + 1 });
        client.ask(
            "textDocument/hover",
            json!({ "textDocument": { "uri": uri }, "position": at }),
        )
    };
    let told = hover(&mut client, line, "eth->h_proto");
    let told = told["contents"]["value"].as_str().unwrap();
    for part in [
        "`packet_unchecked` on `linux-6.18`",
        "`eth->h_proto`",
        "r1 = packet",
        "before this line",
    ] {
        assert!(told.replace("**", "").contains(part), "{told}");
    }
    // A line without code, and a document that is no source of an object.
    assert_eq!(hover(&mut client, 0, ""), Value::Null);
    let other = json!({ "textDocument": { "uri": "file:///etc/passwd" }, "position": { "line": 0, "character": 0 } });
    assert_eq!(client.ask("textDocument/hover", other), Value::Null);
    assert_eq!(client.end(), 0);
}

#[test]
fn a_hover_names_variables_where_the_object_keeps_its_dwarf() {
    let workspace = Workspace::new("named");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/editor");
    std::fs::create_dir_all(workspace.root().join("src")).unwrap();
    let text = std::fs::read_to_string(fixture.join("src/named.c")).unwrap();
    workspace.write("src/named.c", &text);
    workspace.write("named.o", std::fs::read(fixture.join("named.o")).unwrap());
    // Told last, since rounds go by name: then all are known.
    std::fs::remove_file(workspace.root().join("build/memory.o")).unwrap();
    let uri = workspace.uri("src/named.c");
    let mut client = Client::start(&workspace, Value::Null, json!({}));
    client.open(&uri, &text);
    let hover = |client: &mut Client, what: &str, word: &str| {
        let line = line_of(&text, what);
        let row = text.lines().nth(line as usize).unwrap();
        let at = json!({ "line": line, "character": row.find(word).unwrap() + 1 });
        let until = Instant::now() + PATIENCE;
        loop {
            let position = json!({ "textDocument": { "uri": uri }, "position": at });
            let told = client.ask("textDocument/hover", position);
            if let Some(told) = told["contents"]["value"].as_str() {
                return told.to_owned();
            }
            assert!(Instant::now() < until, "{what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let check = |told: &str, first: &str, also: &str| {
        let (_, variables) = told.split_once("variables\n\n```\n").unwrap();
        assert!(variables.starts_with(first), "{told}");
        assert!(variables.contains(also), "{told}");
    };
    let told = hover(&mut client, "*count +=", "count");
    check(&told, "count = value of counts", "ctx = context   (r6)");
    let told = hover(&mut client, "*count +=", "ctx");
    check(&told, "ctx = context", "count = value of counts");
    // Not checked yet: it may be NULL.
    let told = hover(&mut client, "if (!count)", "count");
    check(&told, "count = value of counts", "or NULL");
    assert_eq!(client.end(), 0);
}

/// A configuration whose build command mends the object, and says that it ran.
const BUILD: &str = "[lsp]\nobjects = [\"build/*.o\"]\nbuild = [\"sh\", \"-c\", \"cp mended.o build/memory.tmp && mv build/memory.tmp build/memory.o; touch ran\"]\n";

#[test]
fn a_saved_file_is_built_only_where_the_client_allows_it() {
    for (name, allowed) in [("untrusted", false), ("trusted", true)] {
        let workspace = Workspace::new(name);
        workspace.write("bpfassay.toml", BUILD);
        workspace.write("mended.o", corpus("accept/xdp_l4lb.o"));
        let uri = workspace.uri("reject/memory.c");
        let options = match allowed {
            true => json!({ "runBuild": [workspace.0] }),
            false => json!({ "runBuild": ["/no/such/folder"] }),
        };
        let mut client = Client::start(&workspace, options, json!({}));
        client.open(&uri, "");
        client.diagnostics(&uri, |d| d.iter().any(is("BPF0108")));
        // Opening runs nothing, whoever allows what.
        let ran = workspace.root().join("ran");
        assert!(!ran.exists());
        client.earlier.clear();
        client.save(&uri);
        if allowed {
            client.diagnostics(&uri, <[Value]>::is_empty);
            assert!(ran.exists());
        } else {
            let said = client.wait("a warning", |m| {
                m["method"] == "window/logMessage" && m["params"]["type"] == 2
            });
            assert!(
                said["params"]["message"]
                    .as_str()
                    .unwrap()
                    .contains("not run"),
                "{said}"
            );
            std::thread::sleep(Duration::from_millis(500));
            assert!(!ran.exists());
        }
        assert_eq!(client.end(), 0);
    }
}

#[test]
fn objects_that_change_or_go_are_seen() {
    for watches in [false, true] {
        let workspace = Workspace::new(if watches { "watched" } else { "polled" });
        let uri = workspace.uri("reject/memory.c");
        let dynamic =
            json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": watches } } });
        let mut client = Client::start(&workspace, Value::Null, dynamic);
        if watches {
            let asked = client.wait("a registration", |m| {
                m["method"] == "client/registerCapability"
            });
            client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": null }));
        }
        client.diagnostics(&uri, |d| !d.is_empty());
        workspace.write("build/memory.o", corpus("accept/xdp_l4lb.o"));
        let changed = json!({ "changes": [{ "uri": workspace.uri("build/memory.o"), "type": 2 }] });
        if watches {
            client.notify("workspace/didChangeWatchedFiles", changed.clone());
        }
        client.diagnostics(&uri, <[Value]>::is_empty);
        workspace.write("build/memory.o", corpus("reject/memory.o"));
        if watches {
            client.notify("workspace/didChangeWatchedFiles", changed.clone());
        }
        client.diagnostics(&uri, |d| !d.is_empty());
        std::fs::remove_file(workspace.root().join("build/memory.o")).unwrap();
        if watches {
            client.notify("workspace/didChangeWatchedFiles", changed);
        }
        client.diagnostics(&uri, <[Value]>::is_empty);
        assert_eq!(client.end(), 0);
    }
}

#[test]
fn names_in_objects_lead_nowhere_outside() {
    let workspace = Workspace::new("hostile");
    std::fs::remove_file(workspace.root().join("build/memory.o")).unwrap();
    std::fs::write(workspace.0.join("outside.c"), "SECRET\nreturn r3;\n").unwrap();
    std::os::unix::fs::symlink(
        workspace.0.join("outside.c"),
        workspace.root().join("link.c"),
    )
    .unwrap();
    let outside = workspace.0.join("outside.c").display().to_string();
    for (n, file) in [
        "../outside.c",
        &outside,
        "link.c",
        "/etc/passwd",
        "a\u{202e}\n%2e%2e/b.c",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let toy = Toy {
            file: file.as_bytes().to_vec(),
            program: "pro\u{1b}[31mg".as_bytes().to_vec(),
            lines: vec![(0, 2, 1, b"return r3;".to_vec())],
            ..Toy::default()
        };
        workspace.write(&format!("build/toy{n}.o"), toy.build());
    }
    workspace.write("build/broken.o", b"\x7fELF\x02\x01\x01");
    let mut client = Client::start(&workspace, Value::Null, json!({}));
    for n in 0..6 {
        let told = client.diagnostics(&workspace.uri(&format!("build/toy{n}.o")), |d| {
            !d.is_empty()
        });
        let told = json!(told).to_string();
        assert!(
            !told.contains("SECRET") && !told.contains("outside.c"),
            "{told}"
        );
        assert!(
            !told.contains("\\u001b") && !told.contains('\u{202e}'),
            "{told}"
        );
    }
    assert_eq!(client.end(), 0);
}

#[test]
fn odd_clients_do_no_harm() {
    let workspace = Workspace::new("odd");
    let mut client = Client::start(&workspace, json!({ "rules": 3, "targets": "x" }), json!({}));
    assert_eq!(
        client.response("no/such", json!({}))["error"]["code"],
        -32601
    );
    for method in ["textDocument/hover", "textDocument/codeAction"] {
        assert_eq!(client.response(method, json!([1]))["error"]["code"], -32602);
    }
    client.notify("textDocument/didOpen", json!(3));
    client.open("untitled:1", "x");
    client.notify("$/cancelRequest", json!({ "id": "none" }));
    let far = json!({ "line": u32::MAX, "character": u32::MAX });
    let uri = workspace.uri("reject/memory.c");
    client.diagnostics(&uri, |d| !d.is_empty());
    let hover = json!({ "textDocument": { "uri": uri }, "position": far });
    assert_eq!(client.ask("textDocument/hover", hover), Value::Null);
    client.stdin = None;
    assert_eq!(client.child.wait().unwrap().code(), Some(1));
}

#[test]
fn objects_of_the_configuration_are_below_the_root() {
    let workspace = Workspace::new("below");
    let outside = workspace.0.join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("memory.o"), corpus("reject/memory.o")).unwrap();
    std::os::unix::fs::symlink(&outside, workspace.root().join("out")).unwrap();
    let pipe = Command::new("mkfifo")
        .arg(workspace.root().join("pipe.o"))
        .status();
    assert!(pipe.unwrap().success());
    let objects =
        r#"["-", "pipe.o", "/dev/stdin", "../outside/memory.o", "out", "out/*.o", "o*/memory.o"]"#;
    workspace.write("bpfassay.toml", format!("[lsp]\nobjects = {objects}\n"));
    let mut client = Client::start(&workspace, Value::Null, json!({}));
    std::thread::sleep(Duration::from_millis(1500));
    // Nothing took its messages away, and nothing is told of what lies outside.
    let uri = workspace.uri("reject/memory.c");
    let at = json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 0 } });
    assert_eq!(client.ask("textDocument/hover", at), Value::Null);
    let told = |m: &Value| m["method"] == "textDocument/publishDiagnostics";
    assert!(!client.earlier.iter().any(told), "{:?}", client.earlier);
    assert_eq!(client.end(), 0);
}

#[test]
fn a_build_ends_with_the_server() {
    let workspace = Workspace::new("ends");
    workspace.write(
        "bpfassay.toml",
        "[lsp]\nbuild = [\"sh\", \"-c\", \"touch begun; (sleep 2; touch late) & wait\"]\n",
    );
    let uri = workspace.uri("reject/memory.c");
    let mut client = Client::start(&workspace, json!({ "runBuild": true }), json!({}));
    client.save(&uri);
    let until = Instant::now() + PATIENCE;
    while !workspace.root().join("begun").exists() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(client.end(), 0);
    std::thread::sleep(Duration::from_millis(2500));
    assert!(!workspace.root().join("late").exists());
}

#[test]
fn a_half_written_object_is_looked_at_once_and_new_ones_are_found() {
    let workspace = Workspace::new("half");
    let whole = corpus("reject/memory.o");
    workspace.write("build/memory.o", &whole[..whole.len() / 2]);
    let mut client = Client::start(&workspace, Value::Null, json!({}));
    std::thread::sleep(Duration::from_millis(3500));
    let _ = client.response("no/such", json!({}));
    let warned = |m: &&Value| m["method"] == "window/logMessage";
    assert_eq!(
        client.earlier.iter().filter(warned).count(),
        1,
        "{:?}",
        client.earlier
    );
    // Its next state is looked at, and so is an object that was not there.
    workspace.write("build/memory.o", &whole);
    client.diagnostics(&workspace.uri("reject/memory.c"), |d| !d.is_empty());
    let toy = Toy {
        file: b"toy.c".to_vec(),
        lines: vec![(0, 2, 1, b"return r3;".to_vec())],
        ..Toy::default()
    };
    workspace.write("build/toy.o", toy.build());
    client.diagnostics(&workspace.uri("build/toy.o"), |d| !d.is_empty());
    assert_eq!(client.end(), 0);
}

#[test]
fn a_saved_configuration_holds_at_once() {
    let workspace = Workspace::new("saved");
    let uri = workspace.uri("reject/memory.c");
    let mut client = Client::start(&workspace, Value::Null, json!({}));
    client.diagnostics(&uri, |d| d.iter().any(is("BPF0108")));
    let config = "[lsp]\nobjects = [\"build/*\"]\n\
        [[suppress]]\ncode = \"BPF0108\"\nreason = \"known\"\n";
    workspace.write("build/notes", "no object\n");
    // Some time later, as clients do: the same state is not told by its time alone.
    workspace.write("bpfassay.toml", config);
    client.save(&workspace.uri("bpfassay.toml"));
    client.diagnostics(&uri, |d| !d.is_empty() && !d.iter().any(is("BPF0108")));
    let warned = |m: &Value| m["method"] == "window/logMessage";
    assert!(!client.earlier.iter().any(warned), "{:?}", client.earlier);
    // Written by somebody else, and by nobody's word.
    std::fs::remove_file(workspace.root().join("bpfassay.toml")).unwrap();
    client.diagnostics(&uri, |d| d.iter().any(is("BPF0108")));
    assert_eq!(client.end(), 0);
}

#[test]
fn a_hover_sees_what_the_configuration_sets() {
    let workspace = Workspace::new("set");
    workspace.write("accept.c", corpus("accept/syscall_tracer.c"));
    std::fs::create_dir(workspace.root().join("accept")).unwrap();
    workspace.write("accept/syscall_tracer.c", corpus("accept/syscall_tracer.c"));
    workspace.write("build/memory.o", corpus("accept/syscall_tracer.o"));
    let text = String::from_utf8(corpus("accept/syscall_tracer.c")).unwrap();
    let line = line_of(&text, "if (only_pid && only_pid");
    let uri = workspace.uri("accept/syscall_tracer.c");
    let told = |config: &str| {
        workspace.write("bpfassay.toml", config);
        let mut client = Client::start(&workspace, Value::Null, json!({}));
        let at = json!({ "line": line, "character": 5 });
        let at = json!({ "textDocument": { "uri": uri }, "position": at });
        let until = Instant::now() + PATIENCE;
        loop {
            let told = client.ask("textDocument/hover", at.clone());
            if let Some(text) = told["contents"]["value"].as_str() {
                assert_eq!(client.end(), 0);
                return text.to_owned();
            }
            assert!(Instant::now() < until);
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let (plain, set) = (told(""), told("[set]\nonly_pid = 7\n"));
    assert_ne!(plain, set);
}
