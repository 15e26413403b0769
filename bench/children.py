"""Programs that the benchmark starts: where they listen and how they end."""

import socket
import subprocess
from collections.abc import Iterable

_STOP_WITHIN_S = 15


def free_port() -> int:
    """Return a port that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_all(running: Iterable[subprocess.Popen[bytes]]) -> None:
    """Ask each program to end, and insist after a while."""
    asked = list(running)
    for process in asked:
        process.terminate()
    for process in asked:
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
