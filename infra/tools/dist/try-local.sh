#!/usr/bin/env bash
# Runs the demo from the local bundle as a machine would that has Python but no compiler: try-local.sh BUNDLE.tar.gz
# The PATH has Python and the basic tools that the bundle's `run` names, and nothing else.
set -euo pipefail
bundle=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin" "$folder/home"

for tool in sh dirname sed tar gzip; do ln -s "$(command -v "$tool")" "$folder/bin/"; done
# The program itself: a version manager's wrapper needs more tools.
ln -s "$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')" "$folder/bin/python3"
# Of the environment only what pip needs to reach its index.
kept=()
while IFS= read -r name; do kept+=("$name=${!name}"); done < <(compgen -e | grep -iE '^(PIP_|SSL_CERT)|_PROXY$' || true)
alone=(env -i "PATH=$folder/bin" "HOME=$folder/home" LANG=C.UTF-8 ${kept[@]+"${kept[@]}"})

for tool in cargo rustc rustup cc gcc clang make; do
  if "${alone[@]}" sh -c "command -v $tool" >/dev/null; then echo "error: $tool is on the PATH" >&2; exit 1; fi
done
cd "$folder"
"${alone[@]}" tar -xzf "$bundle"
cd bitrelay-local-*
"${alone[@]}" ./run run --once --port 0 </dev/null
echo "The demo passed without a toolchain."
