//! The conversation: what a client says, what comes back from the desks, and what is told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CodeActionOrCommand, CodeActionParams, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, Hover, HoverContents, HoverParams,
    MarkupContent, MarkupKind, MessageType, PublishDiagnosticsParams,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::desk::{Desk, Stop};
use super::files::Workspace;
use super::hover::{self, Asked};
use super::note::{Note, Telling};
use super::rounds::Rounds;
use super::scan::{Known, Round, Stamp, stamp};
use super::{Client, action, build};
use crate::cli::roots::Roots;
use crate::cli::{config, signals};
use crate::limits;
use crate::untrusted::terminal;

/// What the server reacts to.
pub(super) enum Event {
    /// The client said something.
    Client(Message),
    /// It is gone.
    Closed,
    /// An object was checked.
    Checked(PathBuf, Known),
    /// A round found these objects, and no others.
    There(BTreeSet<PathBuf>),
    /// A hover's answer; `None` if there is nothing to say.
    Hovered(RequestId, Option<String>),
    /// Something to tell the person.
    Say(MessageType, String),
}

/// A hover that is worked on; who takes it out answers it.
type Waiting = Arc<Mutex<Option<RequestId>>>;

/// Sends to the client; false if it is gone.
type Tell = Box<dyn Fn(Message) -> bool>;

pub(super) struct Server {
    client: Client,
    workspace: Workspace,
    tell: Tell,
    checks: Desk,
    hovers: Desk,
    waiting: Waiting,
    rounds: Rounds,
    /// By object.
    known: BTreeMap<PathBuf, Known>,
    /// Files of which something was told.
    told: BTreeSet<PathBuf>,
    /// The configuration, as it was when it was looked at last.
    config: Stamp,
    /// How often it was looked what changed.
    looks: u64,
    asked: i32,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.rounds.closing.close();
    }
}

impl Server {
    pub(super) fn new(client: Client, roots: Roots, events: Sender<Event>, tell: Tell) -> Server {
        let given = match client.root.is_absolute() {
            true => client.root.clone(),
            false => roots.first().to_owned(),
        };
        let roots = Arc::new(roots);
        Server {
            workspace: Workspace::new(Arc::clone(&roots), given),
            rounds: Rounds {
                events,
                targets: targets(&client.options),
                allowed: build::allowed(&client.options, roots.first()),
                roots,
                closing: Arc::default(),
                had: Arc::default(),
                anew: Arc::default(),
                saved: Arc::default(),
                refused: Arc::default(),
            },
            client,
            tell,
            checks: Desk::open(),
            hovers: Desk::open(),
            waiting: Waiting::default(),
            known: BTreeMap::new(),
            told: BTreeSet::new(),
            config: None,
            looks: 0,
            asked: 0,
        }
    }

    /// The workspace's configuration.
    fn config_file(&self) -> PathBuf {
        self.rounds.roots.first().join(config::NAME)
    }

    /// Serves until the end; whether it was an orderly one.
    pub(super) fn run(mut self, events: &Receiver<Event>) -> bool {
        if self.client.watches {
            self.watch();
        }
        self.config = stamp(&self.config_file());
        self.checks.put(self.round());
        let mut shut = false;
        // A build must not outlive a server that is told to end.
        let ended = Arc::<AtomicBool>::default();
        signals::stop_by(&ended);
        let poll = Duration::from_millis(limits::LSP_POLL_MILLIS);
        let mut next = Instant::now() + poll;
        loop {
            let left = next.saturating_duration_since(Instant::now());
            let event = events.recv_timeout(left);
            match event {
                _ if ended.load(Ordering::Relaxed) => return false,
                Err(RecvTimeoutError::Timeout) => {
                    if !shut {
                        self.poll();
                    }
                    next = Instant::now() + poll;
                }
                Err(RecvTimeoutError::Disconnected) | Ok(Event::Closed) => return false,
                Ok(Event::Client(Message::Notification(n))) if n.method == "exit" => return shut,
                Ok(Event::Client(Message::Request(request))) => {
                    if shut {
                        let code = ErrorCode::InvalidRequest as i32;
                        self.answer(Response::new_err(request.id, code, "shut down".to_owned()));
                    } else if request.method == "shutdown" {
                        shut = true;
                        self.checks.clear();
                        self.hovers.clear();
                        self.answer(Response::new_ok(request.id, Value::Null));
                    } else {
                        self.request(request);
                    }
                }
                Ok(Event::Client(Message::Notification(n))) => self.notification(n),
                // To what is asked of clients here, no answer is needed.
                Ok(Event::Client(Message::Response(_))) => {}
                Ok(event) => self.came(event),
            }
        }
    }

    fn answer(&self, response: Response) {
        (self.tell)(Message::Response(response));
    }

    fn notify(&self, method: &str, params: impl serde::Serialize) {
        let notification = Notification::new(method.to_owned(), params);
        (self.tell)(Message::Notification(notification));
    }

    fn say(&self, kind: MessageType, text: &str, aloud: bool) {
        let method = match aloud {
            true => "window/showMessage",
            false => "window/logMessage",
        };
        let lines: Vec<_> = text.lines().map(terminal).collect();
        self.notify(method, json!({ "type": kind, "message": lines.join("\n") }));
    }

    /// Asks the client to tell of objects and of the configuration.
    fn watch(&mut self) {
        self.asked += 1;
        let patterns = ["**/*.o", "**/bpfassay.toml"];
        let watchers = patterns.map(|glob| json!({ "globPattern": glob }));
        let params = json!({ "registrations": [{
            "id": "objects",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watchers },
        }] });
        let method = "client/registerCapability".to_owned();
        let request = Request::new(self.asked.into(), method, params);
        (self.tell)(Message::Request(request));
    }

    fn request(&mut self, request: Request) {
        let id = request.id.clone();
        let malformed =
            |what: String| Response::new_err(id.clone(), ErrorCode::InvalidParams as i32, what);
        match request.method.as_str() {
            "textDocument/hover" => match read::<HoverParams>(request.params) {
                Ok(params) => self.hover(request.id, &params),
                Err(what) => self.answer(malformed(what)),
            },
            "textDocument/codeAction" => match read::<CodeActionParams>(request.params) {
                Ok(params) => {
                    let actions = self.actions(&params);
                    self.answer(Response::new_ok(request.id, actions));
                }
                Err(what) => self.answer(malformed(what)),
            },
            method => {
                let code = ErrorCode::MethodNotFound as i32;
                let what = format!("no method {method}");
                self.answer(Response::new_err(id, code, what));
            }
        }
    }

    fn notification(&mut self, n: Notification) {
        match n.method.as_str() {
            "textDocument/didOpen" => {
                let Ok(params) = read::<DidOpenTextDocumentParams>(n.params) else {
                    return;
                };
                let document = params.text_document;
                self.set(document.uri, document.version, document.text);
            }
            "textDocument/didChange" => {
                let Ok(params) = read::<DidChangeTextDocumentParams>(n.params) else {
                    return;
                };
                // Only whole texts are agreed on.
                if let Some(change) = params.content_changes.into_iter().next_back() {
                    let document = params.text_document;
                    self.set(document.uri, document.version, change.text);
                }
            }
            "textDocument/didClose" => {
                let Ok(params) = read::<DidCloseTextDocumentParams>(n.params) else {
                    return;
                };
                if let Some(path) = self.workspace.path(&params.text_document.uri) {
                    self.workspace.close(&path);
                }
            }
            "textDocument/didSave" => {
                let Ok(params) = read::<DidSaveTextDocumentParams>(n.params) else {
                    return;
                };
                if let Some(path) = self.workspace.path(&params.text_document.uri) {
                    if path == self.config_file() {
                        self.configured();
                    }
                    self.rounds.saved.store(true, Ordering::Relaxed);
                    self.checks.put(self.round());
                }
            }
            "workspace/didChangeWatchedFiles" => {
                let changes = n.params["changes"].as_array();
                let uris = changes
                    .into_iter()
                    .flatten()
                    .filter_map(|c| c["uri"].as_str());
                if uris.into_iter().any(|uri| uri.ends_with(config::NAME)) {
                    self.configured();
                    self.checks.put(self.round());
                } else {
                    self.checks.put_behind(self.round());
                }
            }
            "$/cancelRequest" => {
                let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let id: Option<RequestId> = serde_json::from_value(n.params["id"].clone()).ok();
                if id.is_some() && *waiting == id {
                    drop(waiting);
                    self.cancel_hover();
                    self.hovers.clear();
                }
            }
            _ => {}
        }
    }

    fn set(&mut self, uri: lsp_types::Uri, version: i32, text: String) {
        let Some(path) = self.workspace.path(&uri) else {
            return;
        };
        let new = self.workspace.opened(&path).is_none();
        self.workspace.set(path.clone(), uri, version, text);
        // An editor moves what it was told while one types.
        if new {
            self.publish(&path);
        }
    }

    /// What comes back from the desks.
    fn came(&mut self, event: Event) {
        match event {
            Event::Checked(object, known) => {
                let files = |known: &Known| -> BTreeSet<PathBuf> {
                    known.notes.iter().map(|n| n.file.clone()).collect()
                };
                let mut touched = files(&known);
                let old = self.known.insert(object, known);
                touched.extend(old.iter().flat_map(files));
                touched.iter().for_each(|file| self.publish(file));
            }
            Event::There(there) => {
                self.known.retain(|object, _| there.contains(object));
                for file in self.told.clone() {
                    if self.notes(&file).next().is_none() {
                        self.publish(&file);
                    }
                }
            }
            Event::Hovered(id, text) => {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if waiting.as_ref() != Some(&id) {
                    return;
                }
                *waiting = None;
                drop(waiting);
                let hover = text.map(|value| Hover {
                    contents: HoverContents::Markup(MarkupContent {
                        kind: MarkupKind::Markdown,
                        value,
                    }),
                    range: None,
                });
                self.answer(Response::new_ok(id, hover));
            }
            Event::Say(kind, text) => {
                let aloud = kind == MessageType::ERROR;
                self.say(kind, &text, aloud);
            }
            Event::Client(_) | Event::Closed => {}
        }
    }

    fn notes<'a>(&'a self, file: &'a Path) -> impl Iterator<Item = &'a Note> {
        let all = self.known.values().flat_map(|known| &known.notes);
        all.filter(move |note| note.file == file)
    }

    fn telling(&self) -> Telling<'_> {
        Telling {
            workspace: &self.workspace,
            encoding: self.client.encoding,
            rules: self.client.options["rules"].as_str(),
        }
    }

    /// Tells all that is known of a file.
    fn publish(&mut self, file: &Path) {
        let Some(uri) = self.workspace.uri(file) else {
            return;
        };
        let doc = self.workspace.text(file);
        let telling = self.telling();
        let mut diagnostics = Vec::new();
        for note in self.notes(file) {
            let diagnostic = telling.diagnostic(note, &doc);
            // What a header brings to many objects is told once.
            if !diagnostics.contains(&diagnostic) {
                diagnostics.push(diagnostic);
            }
            if diagnostics.len() >= limits::LSP_NOTES {
                break;
            }
        }
        // That there is nothing is told only where there was something.
        if diagnostics.is_empty() && !self.told.remove(file) {
            return;
        }
        if !diagnostics.is_empty() {
            self.told.insert(file.to_owned());
        }
        let params = PublishDiagnosticsParams {
            uri,
            diagnostics,
            version: None,
        };
        self.notify("textDocument/publishDiagnostics", params);
    }

    fn actions(&self, params: &CodeActionParams) -> Vec<CodeActionOrCommand> {
        let Some(file) = self.workspace.path(&params.text_document.uri) else {
            return Vec::new();
        };
        let notes: Vec<&Note> = self.notes(&file).collect();
        let telling = self.telling();
        let versions = self.client.versions;
        let actions = action::actions(&telling, &notes, &file, params.range, versions);
        let actions = actions.into_iter();
        actions.map(CodeActionOrCommand::CodeAction).collect()
    }

    /// Asks anew for the answer that is not there yet.
    fn cancel_hover(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = waiting.take() {
            let code = ErrorCode::RequestCanceled as i32;
            self.answer(Response::new_err(id, code, "another was asked".to_owned()));
        }
    }

    fn hover(&mut self, id: RequestId, params: &HoverParams) {
        let place = &params.text_document_position_params;
        let asked = self
            .workspace
            .path(&place.text_document.uri)
            .and_then(|file| {
                let doc = self.workspace.text(&file);
                let text = doc.line(place.position.line)?.to_owned();
                let byte = self.client.encoding.byte(&text, place.position.character);
                let line = place.position.line.checked_add(1)?;
                Some(Asked {
                    file,
                    line,
                    byte,
                    text,
                })
            });
        let objects = |asked: &Asked| -> Vec<PathBuf> {
            let of = self
                .known
                .iter()
                .filter(|(_, known)| known.sources.contains(&asked.file));
            of.map(|(object, _)| object.clone()).collect()
        };
        let asked = asked.map(|asked| (objects(&asked), asked));
        let Some((objects, asked)) = asked.filter(|(objects, _)| !objects.is_empty()) else {
            self.answer(Response::new_ok(id, Value::Null));
            return;
        };
        self.cancel_hover();
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(id.clone());
        let rounds = self.rounds.clone();
        self.hovers.put(move |stop| {
            let told = Round::begin(&rounds.roots, &rounds.targets)
                .and_then(|round| hover::tell(&round, &objects, &asked, stop));
            let _ = rounds.events.send(match told {
                Ok(text) => Event::Hovered(id, text),
                Err(_) => Event::Hovered(id, None),
            });
        });
    }

    /// Looks whether an object, or the configuration, was written since it was looked at; now
    /// and then for new objects. A round that is not over is left alone: replaced by the same
    /// anew, it would never be.
    fn poll(&mut self) {
        if self.checks.busy() {
            return;
        }
        self.looks += 1;
        let search = !self.client.watches && self.looks.is_multiple_of(limits::LSP_SEARCH_LOOKS);
        let configured = stamp(&self.config_file()) != self.config;
        if configured {
            self.configured();
        }
        if configured || search || self.rounds.changed() {
            self.checks.put_behind(self.round());
        }
    }

    /// The configuration changed: what was checked by the one before counts no more.
    fn configured(&mut self) {
        self.config = stamp(&self.config_file());
        self.rounds.anew.store(true, Ordering::Relaxed);
    }

    /// Builds, if a file was saved and that is allowed, and checks what changed.
    fn round(&self) -> impl FnOnce(&Stop) + Send + 'static {
        let rounds = self.rounds.clone();
        move |stop| rounds.run(stop)
    }
}

/// The targets that the client names.
fn targets(options: &Value) -> Vec<String> {
    let list = options["targets"].as_array();
    let names = list.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, String> {
    serde_json::from_value(params).map_err(|e| e.to_string())
}
