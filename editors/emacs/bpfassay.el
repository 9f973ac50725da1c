;;; bpfassay.el --- The Linux verifier's verdict on eBPF programs  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "29.1"))

;;; Commentary:

;; With Eglot, which is part of Emacs since 29: load this file, then `M-x eglot' in a BPF source.
;; Eglot runs one server a buffer; `M-x bpfassay-eglot' takes this one in place of clangd.

;;; Code:

(require 'project)

(defgroup bpfassay nil
  "The Linux verifier's verdict on eBPF programs."
  :group 'tools)

(defcustom bpfassay-command "bpfassay"
  "The bpfassay command."
  :type 'string
  :risky t)

(defcustom bpfassay-trusted nil
  "Folders whose bpfassay.toml may run its build command on save.
Whoever can write to a repository below them can run commands as
you: name your own projects only."
  :type '(repeat directory)
  :risky t)

(defcustom bpfassay-targets nil
  "Kernels or runtimes to predict for, such as \"linux-6.1\"."
  :type '(repeat string)
  :safe (lambda (all) (and (listp all) (seq-every-p #'stringp all))))

(defun bpfassay-contact (&rest _)
  "How Eglot starts the server."
  (list bpfassay-command "lsp"
        :initializationOptions
        (list :runBuild (vconcat (mapcar #'expand-file-name bpfassay-trusted))
              :targets (vconcat bpfassay-targets))))

(declare-function eglot "eglot")
(defvar eglot-server-programs)

;;;###autoload
(defun bpfassay-eglot ()
  "Start `bpfassay lsp' for this buffer's project."
  (interactive)
  (require 'eglot)
  (let ((eglot-server-programs
         (cons (cons major-mode #'bpfassay-contact) eglot-server-programs)))
    (call-interactively #'eglot)))

(provide 'bpfassay)
;;; bpfassay.el ends here
