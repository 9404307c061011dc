#!/bin/sh
# Runs bitrelay on this machine. Needs Python 3.11 or newer with `venv`; installs its tools, pinned, into .local/.
#   ./run                       plays the demo: an emulated AWS, a simulated Bitbucket, and the events of a review
#   ./run up|down|status|logs   the same stack in the background
#   ./run console               opens the stack's console in your browser
#   ./run bitrelay ...          the command line, set up for the stack
set -eu
cd "$(dirname "$0")"
command=${1:-run}
[ $# -eq 0 ] || shift
venv=.local/tools/venv

bitrelay() {
  if [ ! -f .local/bitrelay.toml ]; then echo 'The stack is down; `./run up` starts it.' >&2; exit 3; fi
  AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test exec bin/bitrelay --config .local/bitrelay.toml "$@"
}

case $command in
  run | up)
    "${PYTHON:-python3}" infra/tools/install.py "$venv" infra/tools/requirements.txt
    exec "$venv/bin/python" infra/local "$command" --functions-dir functions --simulator bin/simulator "$@"
    ;;
  down | status | logs)
    if [ ! -x "$venv/bin/python" ]; then echo 'The stack is down.'; exit 3; fi
    exec "$venv/bin/python" infra/local "$command" "$@"
    ;;
  console) bitrelay console --open "$@" ;;
  bitrelay) bitrelay "$@" ;;
  *)
    sed -n '2,6s/^# //p' run
    exit 2
    ;;
esac
