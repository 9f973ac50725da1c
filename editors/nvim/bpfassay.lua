-- bpfassay in Neovim (0.8 and later; with 0.7 it starts, too): require it from init.lua, or put it
-- into plugin/.
--
-- Folders whose bpfassay.toml may run its build command on save. Whoever can write to a
-- repository below them can run commands as you: name your own projects only.
local trusted = {
  -- vim.fn.expand("~/src/my-probes"),
}

local group = vim.api.nvim_create_augroup("bpfassay", {})

vim.api.nvim_create_autocmd("FileType", {
  group = group,
  pattern = { "c", "cpp", "rust", "go" },
  callback = function(args)
    local name = vim.api.nvim_buf_get_name(args.buf)
    local root
    for _, marker in ipairs({ "bpfassay.toml", ".git" }) do
      local file = vim.fn.findfile(marker, vim.fn.fnamemodify(name, ":p:h") .. ";")
      local folder = vim.fn.finddir(marker, vim.fn.fnamemodify(name, ":p:h") .. ";")
      local found = file ~= "" and file or folder
      if found ~= "" then
        root = vim.fn.fnamemodify(found, marker == ".git" and ":p:h:h" or ":p:h")
        break
      end
    end
    if not root then
      return
    end
    local config = {
      name = "bpfassay",
      cmd = { vim.g.bpfassay_path or "bpfassay", "lsp" },
      root_dir = root,
      workspace_folders = { { name = root, uri = vim.uri_from_fname(root) } },
      init_options = { runBuild = trusted, targets = vim.g.bpfassay_targets or {} },
    }
    if vim.lsp.start then
      vim.lsp.start(config, { bufnr = args.buf })
      return
    end
    vim.g.bpfassay_client = vim.g.bpfassay_client or vim.lsp.start_client(config)
    vim.lsp.buf_attach_client(args.buf, vim.g.bpfassay_client)
  end,
})
