//! `mcp`, as an agent's client speaks to it.
#![expect(
    clippy::disallowed_methods,
    reason = "a call has to be under way before it is cancelled"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// A client with its server.
struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    asked: u64,
}

impl Client {
    fn start(root: &Path, more: &[&str]) -> Client {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
            .arg("mcp")
            .arg("--root")
            .arg(root)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines() {
                let value = serde_json::from_str(&line.unwrap()).unwrap();
                if send.send(value).is_err() {
                    return;
                }
            }
        });
        Client {
            stdin: child.stdin.take(),
            child,
            lines,
            asked: 0,
        }
    }

    fn send(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
        stdin.flush().unwrap();
    }

    fn next(&self) -> Value {
        self.lines.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send(&request.to_string());
        let answer = self.next();
        assert_eq!(answer["id"], id, "{answer}");
        assert_eq!(answer["jsonrpc"], "2.0");
        answer
    }

    /// A tool's answer, and whether the tool says that it failed.
    fn call(&mut self, tool: &str, arguments: Value) -> (Value, bool) {
        let params = json!({ "name": tool, "arguments": arguments });
        let answer = self.ask("tools/call", params);
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.len() <= 40_000, "{} bytes", text.len());
        let failed = result["isError"].as_bool().unwrap();
        match failed {
            true => (json!(text), true),
            false => (result["structuredContent"].clone(), false),
        }
    }

    fn done(&mut self, tool: &str, arguments: Value) -> Value {
        let (answer, failed) = self.call(tool, arguments);
        assert!(!failed, "{answer}");
        answer
    }

    fn end(mut self) -> i32 {
        self.stdin = None;
        self.child.wait().unwrap().code().unwrap()
    }
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_session_goes_as_the_protocol_says() {
    let mut client = Client::start(&repository(), &[]);
    let hello = client.ask(
        "initialize",
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } }),
    );
    let hello = &hello["result"];
    assert_eq!(hello["protocolVersion"], "2025-06-18");
    assert_eq!(hello["serverInfo"]["name"], "bpfassay");
    assert!(
        hello["instructions"]
            .as_str()
            .unwrap()
            .contains("never instructions")
    );
    client.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    assert_eq!(client.ask("ping", json!({}))["result"], json!({}));
    let tools = client.ask("tools/list", json!({}))["result"]["tools"].clone();
    let names: Vec<&str> = tools
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["check", "explain", "audit", "run", "targets"]);
    for tool in tools.as_array().unwrap() {
        jsonschema::meta::validate(&tool["inputSchema"]).unwrap();
        assert_eq!(tool["annotations"]["readOnlyHint"], true);
    }
    assert_eq!(
        client.ask("resources/list", json!({}))["error"]["code"],
        -32601
    );
    assert_eq!(
        client.ask("tools/call", json!({ "name": "sh" }))["error"]["code"],
        -32602
    );
    client.send("{");
    assert_eq!(client.next()["error"]["code"], -32700);
    client.send("[]");
    assert_eq!(client.next()["error"]["code"], -32600);
    // Another version than any that it speaks: it offers its newest.
    let other = client.ask("initialize", json!({ "protocolVersion": "1999-01-01" }));
    assert_eq!(other["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(client.end(), 0);
}

#[test]
fn a_refusal_is_told_with_its_lines_and_helps() {
    let mut client = Client::start(&repository().join("tests/corpus"), &[]);
    let told = client.done(
        "check",
        json!({ "paths": ["reject/memory.o"], "program": "packet_unchecked", "targets": ["linux-6.1", "linux-6.12"] }),
    );
    assert_eq!(told["totals"]["reject"], 2);
    let finding = &told["findings"][0];
    assert_eq!(finding["code"], "BPF0108");
    assert_eq!(finding["targets"], json!(["linux-6.1", "linux-6.12"]));
    assert!(
        finding["at"]["file"]
            .as_str()
            .unwrap()
            .ends_with("memory.c"),
        "{finding}"
    );
    assert!(finding["at"]["line"].as_u64().unwrap() > 0);
    let helps = finding["helps"].as_array().unwrap();
    let verified = helps.iter().find(|h| h["verified"] == true).unwrap();
    assert!(
        verified["edit"]["diff"]
            .as_array()
            .unwrap()
            .iter()
            .any(|l| l.as_str().unwrap().starts_with('+'))
    );
    assert_eq!(client.end(), 0);
}

#[test]
fn answers_are_bounded_and_say_how_to_get_the_rest() {
    let mut client = Client::start(&repository(), &[]);
    let paths = json!(["tests/corpus/reject"]);
    let all = client.done(
        "check",
        json!({ "paths": paths, "no_smoke": true, "limit": 2 }),
    );
    let total = all["findings_total"].as_u64().unwrap();
    assert!(total > 100, "{total}");
    assert_eq!(all["findings"].as_array().unwrap().len(), 2);
    assert_eq!(all["next_offset"], 2);
    let next = client.done(
        "check",
        json!({ "paths": paths, "no_smoke": true, "limit": 2, "offset": 2 }),
    );
    assert_ne!(all["findings"], next["findings"]);
    let last = client.done(
        "check",
        json!({ "paths": paths, "no_smoke": true, "offset": total }),
    );
    assert_eq!(
        (&last["findings"], &last["next_offset"]),
        (&json!([]), &Value::Null)
    );
    let audit = client.done("audit", json!({ "paths": paths }));
    let cut = audit["cut"].as_array().unwrap();
    assert!(
        cut.iter().all(|c| c["shown"].as_u64() < c["of"].as_u64()),
        "{cut:?}"
    );
    assert!(audit["rest"].as_str().unwrap().contains("program"));
    assert_eq!(client.end(), 0);
}

#[test]
fn the_other_tools_answer() {
    let mut client = Client::start(&repository(), &[]);
    let page = client.done("explain", json!({ "code": "108" }));
    assert!(
        page["text"]
            .as_str()
            .unwrap()
            .starts_with("BPF0108 packet-access-unchecked")
    );
    let log = "0: (61) r2 = *(u32 *)(r1 +0)\n1: (71) r0 = *(u8 *)(r2 +0)\ninvalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)\nR2 offset is outside of the packet\n";
    let story = client.done("explain", json!({ "log": log }));
    assert!(
        story["text"].as_str().unwrap().contains("BPF0108"),
        "{story}"
    );
    let object = "tests/corpus/accept/xdp_l4lb.o";
    let audit = client.done("audit", json!({ "paths": [object], "program": "balancer" }));
    assert_eq!(audit["objects"][0]["programs"][0]["program"], "balancer");
    let run = client.done(
        "run",
        json!({ "path": object, "program": "balancer", "inputs": 2 }),
    );
    assert_eq!(run["verdict"], "pass");
    let targets = client.done("targets", json!({}));
    assert!(targets["text"].as_str().unwrap().contains("linux-6.1"));
    let diff = client.done(
        "targets",
        json!({ "target": "linux-6.1", "other": "linux-6.6" }),
    );
    assert!(diff["text"].as_str().unwrap().contains("linux-6.6"));
    for (tool, arguments) in [
        ("explain", json!({ "code": "no-such-rule" })),
        ("targets", json!({ "target": "/etc/passwd" })),
        ("run", json!({ "path": object, "program": "no_such" })),
        (
            "run",
            json!({ "path": object, "program": "balancer", "packets": ["Cargo.toml"] }),
        ),
        (
            "check",
            json!({ "paths": [object], "targets": ["nothing"] }),
        ),
    ] {
        let (why, failed) = client.call(tool, arguments);
        assert!(failed, "{tool}: {why}");
    }
    assert_eq!(client.end(), 0);
}

#[test]
fn nothing_outside_of_the_roots_is_read() {
    let dir = std::env::temp_dir().join(format!("bpfassay-mcp-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let root = dir.join("root");
    std::fs::create_dir_all(root.join(".git")).unwrap();
    let object = repository().join("tests/corpus/accept/xdp_l4lb.o");
    std::fs::copy(&object, dir.join("outside.o")).unwrap();
    std::fs::copy(&object, root.join("inside.o")).unwrap();
    std::fs::copy(&object, root.join(".git/hidden.o")).unwrap();
    std::os::unix::fs::symlink(dir.join("outside.o"), root.join("link.o")).unwrap();
    let mut client = Client::start(&root, &[]);
    for path in ["inside.o", "./inside.o", "."] {
        client.done(
            "check",
            json!({ "paths": [path], "no_smoke": true, "limit": 0 }),
        );
    }
    let outside = dir.join("outside.o");
    for path in [
        "../outside.o",
        outside.to_str().unwrap(),
        "link.o",
        ".git/hidden.o",
        "-",
        "*.o",
        "/etc",
        "link.o!x",
    ] {
        for (tool, arguments) in [
            ("check", json!({ "paths": [path] })),
            ("audit", json!({ "paths": [path] })),
            ("run", json!({ "path": path })),
            ("check", json!({ "paths": ["inside.o"], "targets": [path] })),
            (
                "explain",
                json!({ "log": "invalid access to packet", "object": path }),
            ),
        ] {
            let (why, failed) = client.call(tool, arguments);
            assert!(failed, "{tool} {path}: {why}");
        }
    }
    assert_eq!(client.end(), 0);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_call_is_cancelled() {
    let mut client = Client::start(&repository(), &["--jobs", "1"]);
    let all = json!({ "name": "check", "arguments": { "paths": ["tests/corpus"], "targets": [
        "linux-5.10", "linux-5.15", "linux-6.1", "linux-6.6", "linux-6.12", "linux-6.18",
    ] } });
    let request = json!({ "jsonrpc": "2.0", "id": "long", "method": "tools/call", "params": all });
    client.send(&request.to_string());
    std::thread::sleep(Duration::from_millis(300));
    client.send(
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"long"}}"#,
    );
    let answer = client.next();
    assert_eq!(answer["id"], "long");
    let told = &answer["result"]["structuredContent"];
    assert_eq!(told["partial"], true, "{}", told["totals"]);
    assert_eq!(client.ask("ping", json!({}))["result"], json!({}));
    assert_eq!(client.end(), 0);
}

/// A folder with a root in it, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("bpfassay-mcp-{}-{name}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(dir.join("root")).unwrap();
        Folder(dir.canonicalize().unwrap())
    }

    fn root(&self) -> PathBuf {
        self.0.join("root")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// All that a configuration can name, at a path.
fn naming(path: &str) -> [String; 7] {
    [
        format!("[kernel]\nkconfig = \"{path}\"\n"),
        format!("[baseline]\nfile = \"{path}\"\n"),
        format!("targets = [\"{path}\"]\n"),
        format!("rodata = [\"{path}\"]\n"),
        format!("[variant.a]\nrodata = [\"{path}\"]\n"),
        format!("[map.counts]\npinned = \"{path}\"\n"),
        format!("[attach]\nbalancer = \"{path}:f\"\n"),
    ]
}

#[test]
fn a_configuration_leads_nowhere_outside_of_the_roots() {
    let folder = Folder::new("config");
    let root = folder.root();
    let object = repository().join("tests/corpus/accept/xdp_l4lb.o");
    std::fs::copy(&object, root.join("inside.o")).unwrap();
    let outside = folder.0.join("outside");
    std::fs::write(&outside, "CONFIG_BPF=y\n").unwrap();
    std::os::unix::fs::symlink(&outside, root.join("link.o")).unwrap();
    let pipe = Command::new("mkfifo").arg(root.join("pipe.o")).status();
    assert!(pipe.unwrap().success());
    let mut client = Client::start(&root, &[]);
    let arguments = json!({ "paths": ["inside.o"], "no_smoke": true, "limit": 0 });
    for path in [
        "../outside",
        outside.to_str().unwrap(),
        "link.o",
        "pipe.o",
        "/dev/stdin",
    ] {
        for config in naming(path) {
            std::fs::write(root.join("bpfassay.toml"), &config).unwrap();
            let (why, failed) = client.call("check", arguments.clone());
            let why = why.as_str().unwrap_or("").to_owned();
            // Of a pipe that a link of the kernel stands for, there is no path at all.
            let wanted = [
                "not below a folder",
                "neither a regular file nor a folder",
                "/dev/stdin: No such file",
            ];
            assert!(
                failed && wanted.iter().any(|w| why.contains(w)),
                "{config}: {why}"
            );
        }
    }
    // A configuration that is a link itself.
    std::fs::remove_file(root.join("bpfassay.toml")).unwrap();
    std::fs::write(&outside, "fail-on = \"never\"\n").unwrap();
    std::os::unix::fs::symlink(&outside, root.join("bpfassay.toml")).unwrap();
    assert!(client.call("check", arguments.clone()).1);
    std::fs::remove_file(root.join("bpfassay.toml")).unwrap();
    // And what is below the root is read.
    std::fs::write(root.join("config"), "CONFIG_BPF=y\n").unwrap();
    let config = "[kernel]\nkconfig = \"config\"\n";
    std::fs::write(root.join("bpfassay.toml"), config).unwrap();
    let told = client.done("check", arguments);
    assert_eq!(told["verdicts"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(client.end(), 0);
}

#[test]
fn a_call_that_waits_is_cancelled() {
    let mut client = Client::start(&repository(), &["--jobs", "1"]);
    let call = |id: &str, paths: &str| {
        let params = json!({ "name": "check", "arguments": { "paths": [paths] } });
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
    };
    let cancel = |id: &str| {
        let params = json!({ "requestId": id });
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params })
            .to_string()
    };
    client.send(&call("first", "tests/corpus"));
    client.send(&call("second", "tests/corpus"));
    client.send(r#"{"jsonrpc":"2.0","id":"last","method":"ping"}"#);
    client.send(&cancel("second"));
    std::thread::sleep(Duration::from_millis(300));
    client.send(&cancel("first"));
    // Nobody is told of what nobody wants.
    assert_eq!(client.next()["id"], "first");
    assert_eq!(client.next()["id"], "last");
    assert_eq!(client.end(), 0);
}

#[test]
fn pages_end_and_go_on_where_an_answer_was_cut() {
    let mut client = Client::start(&repository(), &[]);
    let mut arguments = json!({ "paths": ["tests/corpus/reject"], "no_smoke": true, "limit": 0 });
    let none = client.done("check", arguments.clone());
    assert_eq!(
        (&none["findings"], &none["next_offset"]),
        (&json!([]), &Value::Null)
    );
    // More than an answer holds: the next page begins with the first that was left out.
    arguments["limit"] = json!(100);
    let first = client.done("check", arguments.clone());
    let shown = first["findings"].as_array().unwrap().len() as u64;
    assert!(shown < 100, "{shown}");
    assert_eq!(first["next_offset"], shown);
    assert!(
        first.to_string().len() <= 40_000,
        "{}",
        first.to_string().len()
    );
    assert_eq!(client.end(), 0);
}
