"""The local stack from the command line: `python infra/local up|down|status|run` (see `--help`)."""

import sys

from devstack.cli import main

sys.exit(main(sys.argv[1:]))
