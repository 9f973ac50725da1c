// The extension starts `bpfassay lsp` and shows the pages of rules; the rest is the server's.
"use strict";

const { execFile } = require("child_process");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const PAGES = "bpfassay";
const LANGUAGES = ["c", "cpp", "rust", "go"];

let client;

function settings() {
  return vscode.workspace.getConfiguration("bpfassay");
}

async function start() {
  const command = settings().get("path");
  const options = {
    documentSelector: LANGUAGES.map((language) => ({ scheme: "file", language })),
    initializationOptions: {
      // Both are the person's to say: the editor's trust, and a setting of the machine.
      runBuild: vscode.workspace.isTrusted && settings().get("runBuild") === true,
      targets: settings().get("targets"),
      rules: `${PAGES}:/{code}.txt`,
    },
  };
  client = new LanguageClient("bpfassay", "bpfassay", { command, args: ["lsp"] }, options);
  try {
    await client.start();
  } catch (error) {
    vscode.window.showErrorMessage(`bpfassay: ${command} does not start: ${error.message || error}`);
  }
}

async function restart() {
  if (client) {
    await client.stop().catch(() => {});
  }
  await start();
}

// The page of a rule, by the command itself: no network.
const pages = {
  provideTextDocumentContent(uri) {
    const code = /^\/(BPF\d{4})\.txt$/.exec(uri.path);
    if (!code) {
      return "no such page";
    }
    return new Promise((resolve) => {
      execFile(settings().get("path"), ["explain", code[1]], { timeout: 20000 }, (error, out) => {
        resolve(error ? String(error) : out);
      });
    });
  },
};

async function activate(context) {
  context.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider(PAGES, pages),
    vscode.commands.registerCommand("bpfassay.restart", restart),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("bpfassay")) {
        restart();
      }
    }),
  );
  await start();
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };
