"""Run the tests of one module on mutants of it, each in a fork of a process that is warm.

It runs in the environment of the tests and is started by `scripts.mutants`: one line of JSON comes
in for each mutant, one goes out. A mutant lives in memory: no file of the project is changed.
"""

import gc
import importlib
import importlib.abc
import importlib.util
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as chance
from sqlalchemy.orm import configure_mappers

# No files of pytest's or Hypothesis's own, no chance: a mutant meets the same tests each time.
OPTIONS = (
    "-x",
    "-q",
    "-p",
    "no:randomly",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "-p",
    "no:unraisableexception",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
    "-m",
    "not needs_postgres and not needs_redis",
    "--hypothesis-profile=mutants",
)
LOADED_BY_TESTS = ("tests", "scripts", "conftest")
SLOWEST_FACTOR = 5
LEAST_TIMEOUT_S = 20.0
MEMORY = Path("/dev/shm")
"""A folder in memory, where there is one."""


class Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives a module other source than its file has."""

    def __init__(self, name: str, code: str) -> None:
        self.name = name
        self.code = code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for the one module."""
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutant."""
        exec(compile(self.code, f"<mutant of {self.name}>", "exec"), module.__dict__)


class Barrier(importlib.abc.MetaPathFinder):
    """Keeps a module, and with it all that needs it, from being loaded."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse the one module."""
        if fullname == self.name:
            raise ImportError(fullname)
        return None


def warm_up(modules: Sequence[str], *, without: str) -> None:
    """Load once what every mutant needs and what needs no mutant."""
    barrier = Barrier(without)
    sys.meta_path.insert(0, barrier)
    for module in modules:
        if module.split(".", maxsplit=1)[0] not in LOADED_BY_TESTS:
            # What needs the mutant, or more than its name, is loaded by each.
            with suppress(Exception):
                importlib.import_module(module)
    with suppress(Exception):
        # The models find out how they belong together: each fork would do it again.
        configure_mappers()
    sys.meta_path.remove(barrier)


class Watch:
    """Runs the tests first that found mutants before, and notes which finds this one."""

    def __init__(self, first: Sequence[str]) -> None:
        self.rank = {name: place for place, name in enumerate(first)}
        self.found = ""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Most mutants are found by a few of the tests."""
        items.sort(key=lambda item: self.rank.get(item.nodeid, len(self.rank)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the first test that fails."""
        if report.failed and not self.found:
            self.found = report.nodeid


def judge(name: str, code: str, tests: Sequence[str], first: Sequence[str]) -> dict[str, Any]:
    """Run the tests on a mutant, in a process of its own, and say what came of it."""
    sys.meta_path.insert(0, Loader(name, code))
    try:
        importlib.import_module(name)
    except Exception:  # noqa: BLE001 -- whatever it is, nobody could start this program
        return {"outcome": "stillborn"}
    watch = Watch(first)
    folder = tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None)
    try:
        code_of_exit = pytest.main([*OPTIONS, f"--basetemp={folder}/tests", *tests], [watch])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    outcome = "survived" if code_of_exit == 0 else "killed"
    return {"outcome": outcome, "by": watch.found, "modules": list(sys.modules)}


def in_fork(
    name: str, code: str, tests: Sequence[str], first: Sequence[str], *, timeout_s: float
) -> dict[str, Any]:
    """Judge a mutant in a fork; what does not end in time is stopped with all that it started."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(read_end)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        answer = judge(name, code, tests, first)
        with os.fdopen(write_end, "w") as pipe:
            json.dump(answer, pipe)
            pipe.flush()
            os._exit(0)
    os.close(write_end)
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(child, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    with os.fdopen(read_end) as pipe:
        text = pipe.read()
    signal.setitimer(signal.ITIMER_REAL, 0)
    _, status = os.waitpid(child, 0)
    if text:
        return dict(json.loads(text))
    # It took itself away without a word, or was stopped.
    return {"outcome": "timed out" if os.WIFSIGNALED(status) else "killed", "by": ""}


def main(name: str, *tests: str) -> None:
    """Answer for the module as it is, then for each mutant that is sent."""
    # Few examples, and none made smaller: that a test fails is all that is asked.
    chance.register_profile(
        "mutants",
        database=None,
        deadline=None,
        derandomize=True,
        max_examples=30,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    path = Path(*name.split(".")).with_suffix(".py")
    code = path.read_text(encoding="utf-8")
    began = time.monotonic()
    sound = in_fork(name, code, tests, (), timeout_s=600)
    timeout_s = max(LEAST_TIMEOUT_S, SLOWEST_FACTOR * (time.monotonic() - began))
    warm_up(sound.pop("modules", ()), without=name)
    # What is loaded stays, and no fork has to look through it for what could go.
    gc.freeze()
    print(json.dumps(sound), flush=True)
    first: list[str] = []
    for line in sys.stdin:
        answer = in_fork(name, json.loads(line), tests, first, timeout_s=timeout_s)
        answer.pop("modules", None)
        if by := answer.get("by"):
            first = [by, *(each for each in first if each != by)]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
