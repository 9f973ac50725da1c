#!/usr/bin/env bash
# Tries the editors' configurations with the built command: run.sh BPFASSAY. What needs a tool
# that is not here says so.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
tool=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

ok() { printf 'ok   %s\n' "$1"; }
fail() { printf 'FAIL %s\n' "$1"; sed 's/^/     /' "$work/log" 2>/dev/null | tail -20; failed=$((failed + 1)); }
skipped() { printf 'NOT CHECKED: %s\n' "$1"; }
try() { local what=$1; shift; if "$@" >"$work/log" 2>&1; then ok "$what"; else fail "$what"; fi; }

# Visual Studio Code: the extension is sound, and packs.
if command -v node >/dev/null; then
    try 'vscode: the script parses' node --check "$root/editors/vscode/extension.js"
    try 'vscode: a workspace cannot turn builds on' node -e '
        const p = require(process.argv[1]);
        const c = p.contributes.configuration.properties;
        for (const key of ["bpfassay.path", "bpfassay.runBuild"]) {
            if (c[key].scope !== "machine") throw key;
            if (!p.capabilities.untrustedWorkspaces.restrictedConfigurations.includes(key)) throw key;
        }
        if (c["bpfassay.runBuild"].default !== false) throw "default";
    ' "$root/editors/vscode/package.json"
    # The script itself, with stand-ins for the editor: what the server is started with.
    try 'vscode: trust and setting both decide' node -e '
        const Module = require("module");
        const load = Module._load;
        for (const [trusted, set, want] of [[false, true, false], [true, false, false], [true, true, true]]) {
            let given;
            const nothing = () => ({});
            const vscode = {
                workspace: {
                    isTrusted: trusted,
                    getConfiguration: () => ({ get: (key) => ({ path: "bpfassay", runBuild: set, targets: [] })[key] }),
                    registerTextDocumentContentProvider: nothing, onDidGrantWorkspaceTrust: nothing, onDidChangeConfiguration: nothing,
                },
                commands: { registerCommand: nothing }, window: {},
            };
            class LanguageClient { constructor(_a, _b, _c, options) { given = options; } async start() {} }
            Module._load = (name, ...rest) => name === "vscode" ? vscode
                : name === "vscode-languageclient/node" ? { LanguageClient } : load(name, ...rest);
            delete require.cache[require.resolve(process.argv[1])];
            require(process.argv[1]).activate({ subscriptions: [] });
            if (given.initializationOptions.runBuild !== want) throw [trusted, set];
        }
    ' "$root/editors/vscode/extension.js"
    cp -r "$root/editors/vscode" "$work/vscode"
    cp "$root/LICENSE-MIT" "$work/vscode/LICENSE"
    if ! command -v npm >/dev/null; then
        skipped 'vscode: packing needs npm'
    elif ! (cd "$work/vscode" && timeout 120 npm install --omit=dev --no-audit --no-fund) >"$work/log" 2>&1; then
        skipped 'vscode: npm cannot install vscode-languageclient here'
    elif ! (cd "$work/vscode" && timeout 240 npm exec --yes -- @vscode/vsce --version) >"$work/log" 2>&1; then
        skipped 'vscode: npm has no @vscode/vsce here'
    else
        try 'vscode: packs with vsce' sh -c "cd '$work/vscode' && timeout 240 npm exec --yes -- @vscode/vsce package --allow-missing-repository && ls -l *.vsix"
    fi
else
    skipped 'vscode: needs node'
fi

# Helix: the file is TOML with the server in it.
if command -v hx >/dev/null; then
    mkdir -p "$work/config/helix" && cp "$root/editors/helix/languages.toml" "$work/config/helix"
    try 'helix: takes the configuration' env XDG_CONFIG_HOME="$work/config" hx --health c
elif python3 -c 'import tomllib' 2>/dev/null; then
    try 'helix: the configuration is TOML' python3 -c '
import sys, tomllib
t = tomllib.load(open(sys.argv[1], "rb"))
s = t["language-server"]["bpfassay"]
assert s["args"] == ["lsp"] and s["config"]["runBuild"] == []
assert all("bpfassay" in l["language-servers"] for l in t["language"])' "$root/editors/helix/languages.toml"
    skipped 'helix itself: hx is not installed'
else
    skipped 'helix: needs hx, or a Python with tomllib'
fi

# Emacs: the file compiles without a warning.
if command -v emacs >/dev/null; then
    try 'emacs: compiles' emacs --batch -Q --eval '(setq byte-compile-error-on-warn t byte-compile-dest-file-function (lambda (_) "/dev/null"))' \
        -f batch-byte-compile "$root/editors/emacs/bpfassay.el"
else
    skipped 'emacs: it is not installed'
fi

# Neovim: a real session shows a refusal on its line.
if command -v nvim >/dev/null; then
    mkdir -p "$work/ws/reject"
    cp "$root/tests/corpus/reject/memory.c" "$work/ws/reject"
    cp "$root/tests/corpus/reject/memory.o" "$work/ws"
    touch "$work/ws/bpfassay.toml"
    cat >"$work/session.lua" <<'LUA'
vim.g.bpfassay_path = vim.env.BPFASSAY
dofile(vim.env.CONFIG)
vim.cmd("filetype on")
vim.cmd("edit " .. vim.env.FILE)
local shown = vim.wait(60000, function()
  for _, d in ipairs(vim.diagnostic.get(0)) do
    if d.source == "bpfassay" and d.message:find("byte 12 of the packet") then return true end
  end
end, 100)
vim.cmd(shown and "qall!" or "cquit!")
LUA
    try 'nvim: shows a refusal' env BPFASSAY="$tool" CONFIG="$root/editors/nvim/bpfassay.lua" \
        FILE="$work/ws/reject/memory.c" timeout 90 nvim --headless -u NONE -i NONE -S "$work/session.lua"
else
    skipped 'nvim: it is not installed'
fi

[ "$failed" -eq 0 ] && echo 'editors: all that could be tried works'
exit "$((failed > 0))"
