"""The choice of a port."""

from __future__ import annotations

import socket

from devstack.errors import StackError
from devstack.settings import HOST, PREFERRED_PORT


def choose(wanted: int | None) -> int:
    """Returns a free port: exactly `wanted`; any if 0; if None, the usual one or else any."""
    if wanted is None:
        return PREFERRED_PORT if _is_free(PREFERRED_PORT) else _any()
    if wanted == 0:
        return _any()
    if not _is_free(wanted):
        raise StackError(
            f"port {wanted} of {HOST} is taken; free it, or choose another with --port (0 finds one)"
        )
    return wanted


def _is_free(port: int) -> bool:
    """True if a listener could bind the port. A lingering connection of an earlier listener does not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _any() -> int:
    """Returns a port that the system chooses."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
