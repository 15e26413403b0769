"""Ports for the processes that tests start."""

import os
import random
import socket

# Below those that a system hands out by itself: such a one could be given to any other socket
# between the moment it was found free and the moment the process binds it.
FIRST, LAST = 20_000, 32_000
MOST_WORKERS = 16


def free_port() -> int:
    """Return a port that nobody holds, and that no other worker of this run will choose."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % MOST_WORKERS
    # Not the common source of chance: pytest-randomly sets that to the same seed in each worker.
    for port in random.SystemRandom().sample(range(FIRST + worker, LAST, MOST_WORKERS), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
