//! `lsp`: the tool in an editor, by the Language Server Protocol on standard input and output.
//!
//! Objects are what is checked, sources what is edited: line information ties the two. The
//! server looks for the workspace's objects, checks those that are new or were written since,
//! and tells what it found at the lines of their sources, where these stand in the text
//! that the editor has now. An edit is offered only if it was verified and the line that it
//! is about still reads as the object has it.
//!
//! The conversation goes on while work is done at two desks (`desk`): one checks, one
//! answers hovers. The repository is not trusted: names in objects lead nowhere outside
//! of its folder (`files`, `sources`), and its build command runs only for clients that say
//! so (`build`).

mod action;
mod build;
mod desk;
mod files;
mod hover;
mod note;
mod rounds;
mod scan;
mod server;
mod text;

use std::path::PathBuf;
use std::sync::mpsc;

use clap::Args;
use lsp_server::{Connection, Message};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, HoverProviderCapability,
    InitializeParams, SaveOptions, ServerCapabilities, ServerInfo, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
};
use serde_json::{Value, json};

use super::roots::Roots;
use super::{Failure, exit};
use server::{Event, Server};
use text::Encoding;

/// Arguments of `lsp`.
#[derive(Debug, Args)]
pub(super) struct LspArgs {
    /// What editors pass; standard input and output are used in any case.
    #[arg(long, hide = true)]
    stdio: bool,
}

/// What the client is and can.
struct Client {
    root: PathBuf,
    encoding: Encoding,
    /// It tells of files that change.
    watches: bool,
    /// It takes edits of a version of a document.
    versions: bool,
    /// What it was started with for this server.
    options: Value,
}

/// Runs the verb: until the client says so, or goes away.
pub(super) fn run(_args: &LspArgs) -> Result<u8, Failure> {
    let (connection, threads) = Connection::stdio();
    let ended = |e: &dyn std::fmt::Display| Failure::usage(format!("the client: {e}"));
    let (id, params) = connection.initialize_start().map_err(|e| ended(&e))?;
    let params: InitializeParams = serde_json::from_value(params).map_err(|e| ended(&e))?;
    let client = client(&params);
    let info = ServerInfo {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
    };
    let answer = json!({ "capabilities": capabilities(client.encoding), "serverInfo": info });
    connection
        .initialize_finish(id, answer)
        .map_err(|e| ended(&e))?;
    let given = client.root.clone();
    let roots = Roots::enter(&[given])?;
    let (send, events) = mpsc::channel();
    let forward = send.clone();
    let receiver = connection.receiver.clone();
    std::thread::spawn(move || {
        for message in receiver {
            if forward.send(Event::Client(message)).is_err() {
                return;
            }
        }
        let _ = forward.send(Event::Closed);
    });
    let say = connection.sender.clone();
    let tell = move |message: Message| say.send(message).is_ok();
    let orderly = Server::new(client, roots, send, Box::new(tell)).run(&events);
    drop(connection);
    // Of a client that is gone, standard output may never be read again.
    if orderly {
        let _ = threads.join();
        return Ok(exit::CLEAN);
    }
    Ok(exit::FINDINGS)
}

fn client(params: &InitializeParams) -> Client {
    let folders = params.workspace_folders.as_deref().unwrap_or_default();
    let folder = folders.first().map(|f| &f.uri);
    #[expect(deprecated, reason = "what clients without folders send")]
    let folder = folder.or(params.root_uri.as_ref());
    let capabilities = &params.capabilities;
    let workspace = capabilities.workspace.as_ref();
    let general = capabilities.general.as_ref();
    Client {
        root: folder
            .and_then(files::decode)
            .unwrap_or_else(|| PathBuf::from(".")),
        encoding: Encoding::of(general.and_then(|g| g.position_encodings.as_deref())),
        watches: workspace
            .and_then(|w| w.did_change_watched_files)
            .and_then(|w| w.dynamic_registration)
            .unwrap_or(false),
        versions: workspace
            .and_then(|w| w.workspace_edit.as_ref())
            .and_then(|e| e.document_changes)
            .unwrap_or(false),
        options: params.initialization_options.clone().unwrap_or_default(),
    }
}

fn capabilities(encoding: Encoding) -> ServerCapabilities {
    let save = SaveOptions {
        include_text: Some(false),
    };
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::FULL),
        save: Some(TextDocumentSyncSaveOptions::SaveOptions(save)),
        ..TextDocumentSyncOptions::default()
    };
    let actions = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
        ..CodeActionOptions::default()
    };
    ServerCapabilities {
        position_encoding: Some(encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(actions)),
        ..ServerCapabilities::default()
    }
}
