#!/usr/bin/env bash
# Where the built tool lies, and what it is cached by: the reference that is asked
# for, or the sources of this action.
set -euo pipefail
bin="${RUNNER_TEMP:?}/bpfassay-bin"
if [ -n "${VERSION:-}" ]; then
    key=$(printf '%s' "$VERSION" | tr -c 'A-Za-z0-9._-' _)
else
    key=$(cd "$ACTION" && find src rules kernel-types Cargo.toml Cargo.lock -type f -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum | sha256sum | cut -c1-32)
fi
{ echo "bin=$bin"; echo "key=$key"; } >> "$GITHUB_OUTPUT"
