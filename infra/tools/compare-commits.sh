#!/usr/bin/env bash
# Compares the speed of the functions of several commits: compare-commits.sh COMMIT...
# Each is measured beside the same floor, so the ratios can be compared even if the machine was busier during one of them.
# `make bench-floor` must have run before: it builds the floor.
set -euo pipefail
cd "$(dirname "$0")/../.."

[[ $# -gt 0 ]] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
for commit in "$@"; do
  folder=$(infra/tools/build-commit.sh release "$commit")
  cp -r target/lambda-bench/floor "$folder/"
  printf '\n== %s\n\n' "$(git log -1 --format='%h %s' "$commit")"
  BITRELAY_FUNCTIONS=$folder cargo run -q -p e2e --profile histories --bin bench-floor
done
