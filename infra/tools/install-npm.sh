#!/usr/bin/env bash
# Installs the tests' tools from npm (axe-core), pinned by tests/package-lock.json, into .local/tools/npm. Prints nothing
# if they are installed already. Without npm the accessibility check is left out, and says so.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$root/.local/tools/npm}
if cmp -s "$root/tests/package-lock.json" "$folder/installed.json"; then exit 0; fi
if ! command -v npm >/dev/null; then
  echo 'Note: npm is not installed, so the accessibility check of the console is left out.' >&2
  exit 0
fi
# Installed beside and moved whole, so that an interrupted or a second run leaves nothing half done.
fresh=$folder.$$
trap 'rm -rf "$fresh"' EXIT
mkdir -p "$fresh"
cp "$root/tests/package.json" "$root/tests/package-lock.json" "$fresh/"
if ! npm ci --prefix "$fresh" --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null; then
  echo 'Note: axe-core could not be installed from npm, so the accessibility check is left out.' >&2
  exit 0
fi
cp "$root/tests/package-lock.json" "$fresh/installed.json"
rm -rf "$folder"
mv "$fresh" "$folder"
