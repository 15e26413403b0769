"""The database server crashes, stays away or comes back: rows F37 and F38 of the matrix."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lti_alliance.demo import course
from lti_alliance.demo.course import TASTER
from lti_alliance.demo.launching import launch
from lti_alliance.parts import parts, utc_now
from tests.failures.classroom import open_classroom
from tests.failures.private_postgres import PrivatePostgres
from tests.failures.running import Running, is_up, right_answers, wait_for

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("private-postgres"),
]

PEOPLE = 200
SLOW_S = 0.05


@pytest.fixture(scope="session")
def running(private_postgres: PrivatePostgres, tmp_path_factory) -> Iterator[Running]:
    """An installation on a PostgreSQL cluster of its own, with the taster set up."""
    folder: Path = tmp_path_factory.mktemp("private")
    started = Running(folder, private_postgres.create_database("restarted"))
    with started.app.app_context():
        course.set_up(
            started.act,
            parts().catalogue,
            started.stage,
            platform="canvas",
            placements=(TASTER,),
            at=utc_now(),
        )
    yield started
    started.stop()


def test_a_restart_in_the_middle_of_a_batch(
    running: Running, private_postgres: PrivatePostgres, capsys: Any
) -> None:
    """Two workers come back by themselves and every score arrives once; the web process serves
    the first request after the restart, and the tool is ready."""
    great = open_classroom(running, "canvas", PEOPLE)
    slow = {"platform": "canvas", "endpoint": "score", "kind": "delay", "times": PEOPLE}
    running.ask("faults", slow | {"seconds": SLOW_S})
    workers = [running.worker(f"worker {number}") for number in range(2)]
    scores = {sub: 1 + number % 100 for number, sub in enumerate(great.subs)}
    great.want(scores)
    wait_for("the middle", lambda: sent(running) > PEOPLE / 4)
    private_postgres.restart()
    running.disconnect()
    back, sent_before = time.monotonic(), sent(running)
    first = is_up(f"{running.stage.tool_url}/.well-known/jwks.json")
    home = launch(running.stage, platform="canvas", person="amara.okafor", activity="taster").page
    wait_for("the scores", lambda: great.are_all_delivered(PEOPLE))
    took_s = time.monotonic() - back
    book, calls = great.book(), running.stats("canvas")["calls"]
    wait_for("readiness", lambda: is_up(f"{running.stage.tool_url}/readyz"))
    leased = great.leased()
    ended = [worker.poll() for worker in workers]
    for worker in workers:
        worker.kill()
        worker.wait(10)
    with capsys.disabled():
        print(
            f"\nrestarted after {sent_before} of {PEOPLE} scores; the rest arrived "
            f"{took_s:.1f} s later with {calls} calls in all"
        )

    assert PEOPLE / 4 < sent_before < PEOPLE
    assert first
    assert home.status == 200
    assert ended == [None, None]
    assert leased == 0
    assert {sub: cell["score"] for sub, cell in book.items()} == scores
    assert {(len(cell["history"]), cell["attempts"]) for cell in book.values()} == {(1, 1)}


def test_a_submission_while_the_database_is_away(
    running: Running, private_postgres: PrivatePostgres
) -> None:
    """The student is told that nothing was saved, and the page's own form hands the work in as
    soon as the database is back."""
    answers = right_answers(running.app, "taster", 2)
    student = running.open_quiz("mateo.quispe", "taster", answers)
    with private_postgres.away():
        refused = student.hand_in()
        is_alive, is_ready = (
            is_up(f"{running.stage.tool_url}/{name}") for name in ("healthz", "readyz")
        )
    running.disconnect()
    (form,) = refused.forms
    page = student.browser.post(form.action, form.fields)

    assert refused.status == 503
    assert 'data-error-code="service_unavailable"' in refused.text
    assert form.fields == student.form.fields
    assert (is_alive, is_ready) == (True, False)
    assert (page.status, page.url) == (200, student.page)


def sent(running: Running) -> int:
    """Count the scores that the platform was told."""
    return running.stats("canvas")["calls"].get("score", 0)
