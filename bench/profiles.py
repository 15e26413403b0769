"""Where the time of a running program goes: py-spy looks at it from outside while it works."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_RATE = 200
_SHOWN = 8
_STOP_WITHIN_S = 30
_LAYERS = (
    ("psycopg", "psycopg, waiting for PostgreSQL included"),
    ("sqlalchemy", "SQLAlchemy"),
    ("limits", "counting for limits"),
    ("structlog", "the log line"),
    ("logging", "the log line"),
    ("jinja2", "templates"),
    ("jwt", "PyJWT and cryptography"),
    ("cryptography", "PyJWT and cryptography"),
    ("lti_alliance", "this tool's own code"),
    ("gunicorn", "gunicorn"),
    ("flask", "Flask and Werkzeug"),
    ("werkzeug", "Flask and Werkzeug"),
)
_FRAME = re.compile(r"^(?P<function>\S+) \((?P<file>[^:)]+)(?::\d+)?\)$")


@contextmanager
def sampling(pid: int, file: Path) -> Iterator[None]:
    """Sample a process and its children until the block ends; the stacks are then in the file."""
    program = Path(sys.executable).with_name("py-spy")
    sampler = subprocess.Popen(
        [
            str(program),
            *("record", "--subprocesses", "--nonblocking", "--rate", str(_RATE)),
            *("--format", "raw", "--output", str(file), "--pid", str(pid)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        sampler.send_signal(signal.SIGINT)
        sampler.wait(_STOP_WITHIN_S)


def look_inside(act: Callable[[], object], *, times: int) -> tuple[str, ...]:
    """Sample this process while it does something a few times over, and say what `shares` says."""
    with tempfile.TemporaryDirectory(prefix="alliance-bench-") as folder:
        file = Path(folder) / "inside.stacks"
        with sampling(os.getpid(), file):
            for _ in range(times):
                act()
        return shares(file)


def shares(file: Path) -> tuple[str, ...]:
    """Say which layers the sampled time was spent in, and under which functions of this tool.

    A layer counts what is done in it and below it that belongs to no other layer. Nothing where
    nothing was sampled: py-spy needs the right to look into other processes.
    """
    layers, functions, total = Counter[str](), Counter[str](), 0
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        stack, _, count = line.rpartition(" ")
        frames = [found for part in stack.split(";") if (found := _FRAME.match(part.strip()))]
        if not frames or not count.isdigit():
            continue
        total += int(count)
        layers[_layer(frames)] += int(count)
        for name in {_own_name(frame) for frame in frames} - {""}:
            functions[name] += int(count)
    if not total:
        return ()
    told = [f"{n / total:.0%} in {name}" for name, n in layers.most_common(_SHOWN)]
    told += [f"{n / total:.0%} under {name}" for name, n in functions.most_common(2 * _SHOWN)]
    return tuple(told)


def _layer(frames: list[re.Match[str]]) -> str:
    for frame in reversed(frames):
        parts = frame["file"].split("/")
        for package, name in _LAYERS:
            if package in parts:
                return name
    return "Python's own library"


def _own_name(frame: re.Match[str]) -> str:
    _, found, rest = frame["file"].rpartition("lti_alliance/")
    return f"{rest.removesuffix('.py')}.{frame['function']}" if found else ""
