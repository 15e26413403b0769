# gunicorn reads this file by its path; the folder is no package.
# ruff: noqa: INP001
"""gunicorn for a server: ``gunicorn --config config/gunicorn.conf.py wsgi:app``.

Whatever is given on the command line or in GUNICORN_CMD_ARGS wins over this file.
"""

import multiprocessing
import os
from typing import Any

from prometheus_client import multiprocess as shared_metrics

from lti_alliance.web import preloading

bind = "127.0.0.1:8000"

# A launch waits for the platform's keys at most once in a while; everything else is short. Threads
# cover the waiting, workers the computing.
worker_class = "gthread"
workers = min(2 * multiprocessing.cpu_count() + 1, 9)
threads = 4

# Longer than the slowest platform call (platform_timeout_s, twice), so that a request is not cut
# off in the middle of one.
timeout = 60
graceful_timeout = 30

# A worker's memory grows with what it has cached; a fresh one now and then costs nothing.
max_requests = 10_000
max_requests_jitter = 1_000

# The application is built once, in the master, and its children share that memory (ADR 0026). A
# HUP therefore brings new workers of the same program; new code or settings need a restart.
preload_app = True

# Query strings hold login hints and addresses hold launch handles: the tool writes its own log,
# which leaves them out.
accesslog = None
errorlog = "-"

# gunicorn would otherwise open a control socket in the home directory, which a service account
# may not have.
control_socket_disable = True

# Moodle's login carries its hints in the query, and cookies of eight launches fit in one header.
limit_request_line = 8190
limit_request_field_size = 16_380


def on_starting(server: Any) -> None:
    """Load what the first requests would load, where several workers will share it."""
    if server.cfg.workers > 1:
        preloading.load_ahead(server.app.wsgi())


def post_fork(server: Any, _worker: object) -> None:
    """Let each worker open connections to the database of its own."""
    preloading.begin_child(server.app.wsgi())


def child_exit(_server: object, worker: object) -> None:
    """Take the gauges of a worker that ended out of the shared metrics."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        shared_metrics.mark_process_dead(worker.pid)  # type: ignore[attr-defined]
