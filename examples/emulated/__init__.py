"""The examples on an emulated AWS. Needs the project's tools: run it by `make test-examples`."""

import sys

from tests import EXAMPLES

sys.path.insert(0, str(EXAMPLES.parent / "infra" / "local"))
