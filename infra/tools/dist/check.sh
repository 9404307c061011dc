#!/usr/bin/env bash
# Proves three statements about a release: check.sh [FOLDER]
#   1. The same commit gives the same bytes: two clones in different folders, each with a build of its own.
#   2. The template deploys into the AWS emulator (try_template.py).
#   3. The local bundle runs without Rust and without a C compiler (try-local.sh).
# Checks the last commit, not the working tree. Takes about 40 minutes on two cores. Needs `make tools`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
folder=$(realpath -m "${1:-$root/.local/dist-check}")

tools=$(realpath "$root/.local/tools")
python=$tools/venv/bin/python

rm -rf "$folder"
for clone in one another/deeper; do
  git clone -q "$root" "$folder/$clone"
  mkdir -p "$folder/$clone/.local"
  # Pinned, so `make tools` would install the same again.
  ln -s "$tools" "$folder/$clone/.local/tools"
  printf '\n== build in %s\n' "$folder/$clone"
  env -u CARGO_TARGET_DIR -u SOURCE_DATE_EPOCH "$python" "$folder/$clone/infra/tools/dist"
done

printf '\n== compare\n'
cd "$folder"
# Fails at the first difference, and if a file is in one folder only.
diff -r one/dist another/deeper/dist
(cd one/dist && sha256sum -c SHA256SUMS)
echo "Both builds have the same bytes."

printf '\n== deploy the template into the emulator\n'
"$python" "$here/try_template.py" one/dist

printf '\n== run the local bundle without a toolchain\n'
"$here/try-local.sh" one/dist/bitrelay-local-*-"$(uname -m | sed 's/aarch64/arm64/')".tar.gz
rm -rf "$folder"
