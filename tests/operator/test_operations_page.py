"""docs/operations.md: the numbers that it repeats are those of the code."""

import re
import runpy
from typing import Any

import pytest
from flask import Flask

from lti_alliance.models import db
from tests.operator.page import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
KEPT_FOR_ITSELF = 3
FOR_OTHERS = 5


@pytest.fixture(scope="module")
def gunicorn() -> dict[str, Any]:
    """What gunicorn is told."""
    return runpy.run_path(str(ROOT / "config" / "gunicorn.conf.py"))


def most(process: str) -> int:
    """Return how many connections the page's table allows a process."""
    found = re.search(rf"^\| {re.escape(process)} \| (\d+) \|", PAGE, re.MULTILINE)
    assert found, process
    return int(found[1])


def test_a_web_worker_opens_one_for_each_thread(gunicorn: dict[str, Any]) -> None:
    """Each thread has a session of its own, and none has two."""
    assert most("a web worker of gunicorn") == gunicorn["threads"]


@pytest.mark.needs_postgres
def test_a_worker_opens_no_more_than_its_pool(app: Flask) -> None:
    """The pool is what bounds a process with many threads."""
    with app.app_context():
        pool: Any = db.engine.pool

        assert most("`alliance worker`") == pool.size() + pool._max_overflow
        assert f"for up to {pool.timeout():.0f} seconds" in PAGE


@pytest.mark.parametrize(
    ("web", "workers", "needed"),
    [(5, 1, "needs 40"), (4 * 9, 2, "need 179")],
)
def test_the_examples_follow_the_formula(web: int, workers: int, needed: str) -> None:
    """What the page works out is what its formula gives."""
    count = web * most("a web worker of gunicorn") + workers * most("`alliance worker`")

    assert f"{needed.split()[0]} {count + FOR_OTHERS}" == needed
    assert needed in PAGE


def test_two_cores_have_five_web_workers(
    gunicorn: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first example is what the configuration chooses there; no machine has more than nine."""
    monkeypatch.setattr("multiprocessing.cpu_count", lambda: 2)
    two = runpy.run_path(str(ROOT / "config" / "gunicorn.conf.py"))["workers"]
    monkeypatch.setattr("multiprocessing.cpu_count", lambda: 64)
    many = runpy.run_path(str(ROOT / "config" / "gunicorn.conf.py"))["workers"]

    assert (two, many) == (5, 9)
