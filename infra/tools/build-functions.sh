#!/usr/bin/env bash
# Compiles the three functions once with cargo-lambda: build-functions.sh release|dev FOLDER [arm64|x86_64]
# Result: FOLDER/<function>/bootstrap, and FOLDER/ARCH with the processor they are for.
# Without a processor: arm64 (cheaper on Lambda) if Rust can compile for it, else x86_64.
# FLOOR=1 also compiles the baseline of `make bench-floor`.
set -euo pipefail

profile=$1 folder=$2 arch=${3:-}

triple() { case $1 in arm64) echo aarch64-unknown-linux-gnu ;; x86_64) echo x86_64-unknown-linux-gnu ;; esac }

# True if Rust's standard library for the processor is installed. cargo-lambda would install it without asking.
installed() {
  local folder
  folder=$(rustc --print target-libdir --target "$(triple "$1")") && compgen -G "$folder/libstd-*" >/dev/null
}

if [[ -z $arch ]]; then
  arch=arm64
  if ! installed arm64; then
    arch=x86_64
    echo "Building for x86_64: Rust cannot compile for arm64 here. Deploy with Architecture=x86_64 (\`make deploy\` does)."
    echo "For arm64: rustup target add aarch64-unknown-linux-gnu"
  fi
fi
if [[ -z $(triple "$arch") ]]; then
  echo "error: ARCH is arm64 or x86_64, not \"$arch\"" >&2
  exit 2
fi
if ! installed "$arch"; then
  echo "error: Rust cannot compile for $arch here; install it: rustup target add $(triple "$arch")" >&2
  exit 1
fi

options=(--target "$(triple "$arch")" --lambda-dir "$folder" -p webhook -p poller -p publisher)
if [[ $profile == release ]]; then
  options+=(--profile functions --locked)
else
  # Without debug information they are half the size, and each start of the local stack zips and uploads them.
  export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_STRIP=debuginfo
fi
if [[ -n ${FLOOR:-} ]]; then options+=(-p floor); fi
rm -f "$folder/ARCH"
cargo lambda build "${options[@]}"
echo "$arch" >"$folder/ARCH"
