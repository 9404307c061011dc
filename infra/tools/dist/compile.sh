#!/usr/bin/env bash
# Compiles the programs of a release for one processor: compile.sh FOLDER arm64|x86_64
# Result: FOLDER/functions/<function>/bootstrap, FOLDER/programs/<program>/bootstrap. cargo-lambda links all of them
# with the pinned zig against an old glibc, so this machine's linker and glibc leave no trace. Neither do its paths.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
folder=$1 arch=$2
cargo_home=${CARGO_HOME:-$HOME/.cargo}
case $arch in arm64) triple=aarch64-unknown-linux-gnu ;; x86_64) triple=x86_64-unknown-linux-gnu ;; esac

export PATH=$root/.local/tools/venv/bin:$PATH CARGO_TARGET_DIR=$folder/cargo
export RUSTFLAGS="--remap-path-prefix=$cargo_home=/cargo --remap-path-prefix=$root=/bitrelay"
export CFLAGS="-ffile-prefix-map=$cargo_home=/cargo -ffile-prefix-map=$root=/bitrelay"
cd "$root"
infra/tools/build-functions.sh release "$folder/functions" "$arch"
# Apart from the functions: a selection of packages decides on the features of their dependencies.
cargo lambda build --profile programs --locked --target "$triple" --lambda-dir "$folder/programs" \
  -p cli -p simulator --bin bitrelay --bin simulator
