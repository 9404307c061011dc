#!/usr/bin/env bash
# Compiles the functions of another commit: build-commit.sh release|dev COMMIT
# Result: target/commits/<commit>/<profile>/<function>/bootstrap; its path is the last line of the output. A second call
# compiles nothing.
set -euo pipefail

profile=$1 commit=$(git rev-parse --short=12 --verify "$2^{commit}")
root=$(git rev-parse --show-toplevel)
source=$root/.local/commits/$commit folder=$root/target/commits/$commit/$profile
arch=$(case $(uname -m) in aarch64 | arm64) echo arm64 ;; *) echo x86_64 ;; esac)

if [[ ! -f $folder/ARCH ]]; then
  git -C "$root" worktree prune
  [[ -d $source ]] || git -C "$root" worktree add --quiet --detach "$source" "$commit"
  # One folder for all commits: their dependencies are mostly the same.
  (cd "$source" && CARGO_TARGET_DIR=$root/target/commits/build infra/tools/build-functions.sh "$profile" "$folder" "$arch") >&2
  git -C "$root" worktree remove --force "$source"
fi
echo "$folder"
