"""What costs more once there is much: the same acts on an empty database and on a full one.

Run as ``python -m bench.growth``. Two installations of this tool are served side by side; one of
them has the rows of years in its tables, of other platforms and courses. Besides CPU, the rows that
PostgreSQL read for each act are counted: these do not depend on the machine. Exit status 1 means
that an act failed.
"""

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from statistics import median
from urllib.parse import urljoin

import psycopg

from bench import report
from bench.arena import Arena, arena
from bench.commands import add_usual, ending_clearly, facts_of, finish, server_of, tell
from bench.contestants import TOOL, Contestant, Serving
from bench.crowd import Browser, crowd_of, launching_s, open_all, send_all
from bench.http_load import Ask
from bench.outcome import Outcome, Verdict
from bench.quiz_course import Sheet, find_homes, set_up, start_attempts
from bench.senders import SenderFailed
from lti_alliance.app import create_app
from lti_alliance.models import begin_write, db
from lti_alliance.parts import utc_now
from lti_alliance.services import check_turns, notices, roster_reading, score_claims
from lti_alliance.settings import load
from tests.full_tables import Size, fill

AIM_RATIO = 1.25
EMPTY, FULL = "empty", "full"
LAUNCH, SAVE, HOME, COURSE, CLAIM = (
    "launch with its login",
    "autosave",
    "a student's first page",
    "course view",
    "claims of a worker",
)
_CLAIMS = 100


@dataclass
class Place:
    """One installation with a class in it."""

    name: str
    found: Arena
    browsers: list[Browser] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    saves: int = 0

    @property
    def tool(self) -> Contestant:
        """Return what is served."""
        return self.found.contestants[0]

    def used_s(self) -> float:
        """Return CPU seconds so far, the database's included."""
        return self.tool.cpu_s() + self.tool.database_s()


@dataclass(frozen=True, slots=True)
class Run:
    """One act done by everybody once, in one place."""

    act: str
    place: str
    round: int
    cpu_ms: float
    """For each time."""


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = server_of(chosen)
    facts = facts_of(server)
    how = Serving(workers=chosen.workers, threads=chosen.threads)
    faults: list[str] = []
    with ending_clearly(), ExitStack() as stack:
        places = [
            Place(name, stack.enter_context(arena((TOOL,), server=server, how=how)))
            for name in (EMPTY, FULL)
        ]
        for place in places:
            _prepare(place, chosen)
        runs = list(_rounds(chosen, places, faults))
        rows = _count(chosen, places, faults)
    finish(chosen, _outcome(runs, rows, chosen, faults, facts))


def _prepare(place: Place, chosen: argparse.Namespace) -> None:
    """Set a course up, fill the tables if it is the full place, and let a class begin."""
    tool, issuer = place.tool, place.found.issuer
    faults = open_all(tool, issuer, crowd_of(1, name="first"), at_once=1)
    set_up(tool)
    if place.name == FULL:
        tell("filling the tables")
        fill(tool.own_url, _size(chosen))
        tell(f"filled: {_size(chosen).pairs:,} attempts")
    place.browsers = crowd_of(chosen.students)
    faults += open_all(tool, issuer, place.browsers, at_once=8)
    if faults:
        raise SenderFailed("; ".join(faults[:3]))
    find_homes(tool, place.browsers)
    place.sheets = start_attempts(tool, place.browsers, at_once=8)


def _rounds(
    chosen: argparse.Namespace, places: Sequence[Place], faults: list[str]
) -> Iterator[Run]:
    for number in range(chosen.rounds):
        for act, work in _ACTS.items():
            for place in places if number % 2 == 0 else reversed(places):
                used_s, times = work(place, faults)
                run = Run(act, place.name, number, used_s * 1000 / times)
                tell(f"round {number}: {act}, {place.name}: {run.cpu_ms:.1f} ms")
                yield run


def _count(
    chosen: argparse.Namespace, places: Sequence[Place], faults: list[str]
) -> dict[tuple[str, str], float]:
    """Return how many rows each act reads in each place."""
    found = {}
    time.sleep(chosen.settle)
    before = {place.name: _rows_read(place) for place in places}
    for act, work in _ACTS.items():
        times = {place.name: work(place, faults)[1] for place in places}
        time.sleep(chosen.settle)
        for place in places:
            read = _rows_read(place)
            found[act, place.name] = (read - before[place.name]) / times[place.name]
            before[place.name] = read
            tell(f"{act}, {place.name}: {found[act, place.name]:.0f} rows")
    return found


def _rows_read(place: Place) -> int:
    """Return how many rows the server has read from the tables of this place, by any way."""
    with psycopg.connect(place.tool.own_url.replace("+psycopg", "")) as connection:
        found = connection.execute(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables"
        ).fetchone()
    return int(found[0]) if found else 0


def _launch(place: Place, faults: list[str]) -> tuple[float, int]:
    newcomers = crowd_of(len(place.browsers))
    for browser, known in zip(newcomers, place.browsers, strict=True):
        browser.cookies = dict(known.cookies)
    used_s = launching_s(place.tool, place.found.issuer, newcomers, at_once=8)
    _check(newcomers, faults)
    return used_s, len(newcomers)


def _save(place: Place, faults: list[str]) -> tuple[float, int]:
    place.saves += 1
    asks = [sheet.ask(sheet.save_url, pick=0, answered=place.saves) for sheet in place.sheets]
    used_s = _sent(place, asks, faults)
    for sheet in place.sheets:
        sheet.saved_version += 1
    return used_s, len(asks)


def _home(place: Place, faults: list[str]) -> tuple[float, int]:
    asks = [Ask(browser.home, cookies=browser.cookies) for browser in place.browsers]
    return _sent(place, asks, faults), len(asks)


def _course(place: Place, faults: list[str]) -> tuple[float, int]:
    teacher = Browser("teacher")
    issuer = replace(place.found.issuer, role="Instructor")
    faults += open_all(place.tool, issuer, [teacher], at_once=1)
    assert teacher.answer is not None
    page = urljoin(place.tool.url, teacher.answer.header("Location")).rstrip("/") + "/course"
    asks = [Ask(page, cookies=teacher.cookies)] * 10
    before = place.used_s()
    for ask in asks:
        send_all([teacher], [ask], at_once=1)
        _check([teacher], faults)
    return place.used_s() - before, len(asks)


def _claim(place: Place, _faults: list[str]) -> tuple[float, int]:
    """Ask for work of every kind as an idle worker does, and claim what nobody has."""
    app = create_app(load(dict(place.tool.env)))
    with app.app_context():
        session = db.session()
        used_s = time.process_time() + place.tool.database_s()
        for number in range(_CLAIMS):
            at = utc_now()
            for claims in (check_turns, roster_reading, notices):
                claims.is_any_due(session, at=at)
            score_claims.is_anything_due(session, at=at)
            session.rollback()
            begin_write()
            lease = timedelta(seconds=1)
            score_claims.claim_due(session, at=at, limit=8, lease=lease, token=str(number))
            session.rollback()
        used_s = time.process_time() + place.tool.database_s() - used_s
        db.session.remove()
        db.engine.dispose()
    return used_s, _CLAIMS


_ACTS = {LAUNCH: _launch, SAVE: _save, HOME: _home, COURSE: _course, CLAIM: _claim}


def _sent(place: Place, asks: Sequence[Ask], faults: list[str]) -> float:
    before = place.used_s()
    send_all(place.browsers, asks, at_once=8)
    used_s = place.used_s() - before
    _check(place.browsers, faults)
    return used_s


def _check(browsers: Sequence[Browser], faults: list[str]) -> None:
    for browser in browsers:
        answer = browser.answer
        if answer is None or answer.status not in (200, 303):
            faults.append(f"{browser.sub}: {answer.status if answer else 'nothing'}")


def _size(chosen: argparse.Namespace) -> Size:
    return Size(
        registrations=100, courses=chosen.courses, people=50, activities=4, answers=5, events=40
    )


def _outcome(
    runs: Sequence[Run],
    rows: Mapping[tuple[str, str], float],
    chosen: argparse.Namespace,
    faults: Sequence[str],
    facts: Mapping[str, object],
) -> Outcome:
    size = _size(chosen)
    return Outcome(
        question="growth",
        command=f"python -m bench.growth --courses {chosen.courses}",
        machine=report.machine_line(facts),
        tables=(_table(runs, rows),),
        verdicts=[
            Verdict(
                target=f"{act}, beside {size.pairs:,} attempts and {size.members * size.events:,}"
                " audit events",
                aim=AIM_RATIO,
                measured=_ratio(runs, act),
                unit="times the CPU on an empty database",
                note=f"{rows[act, FULL]:.0f} rows read, on an empty one {rows[act, EMPTY]:.0f}",
            )
            for act in _ACTS
        ],
        faults=faults,
    )


def _ratio(runs: Sequence[Run], act: str) -> float:
    by = {(run.place, run.round): run.cpu_ms for run in runs if run.act == act}
    rounds = {number for _, number in by}
    return median(by[FULL, number] / by[EMPTY, number] for number in rounds)


def _table(runs: Sequence[Run], rows: Mapping[tuple[str, str], float]) -> str:
    lines = [
        "| act | database | CPU ms with the database | : empty | rows read |",
        "|---|---|---:|---:|---:|",
    ]
    for act in _ACTS:
        for place in (EMPTY, FULL):
            own = [run for run in runs if (run.act, run.place) == (act, place)]
            lines.append(
                f"| {act} | {place} | {report.spread(run.cpu_ms for run in own).text(1)} "
                f"| {'1' if place == EMPTY else f'{_ratio(runs, act):.2f}'} "
                f"| {rows[act, place]:.0f} |"
            )
    return "\n".join(lines)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--students", type=int, default=100, help="of the class that is at work")
    parser.add_argument("--courses", type=int, default=1000, help="of 50 people, beside it")
    parser.add_argument("--rounds", type=int, default=5)
    # An idle process of PostgreSQL tells after ten seconds what it has read.
    parser.add_argument("--settle", type=float, default=11, help="seconds before rows are counted")
    return add_usual(parser, quick={"students": 20, "courses": 40, "rounds": 2, "settle": 2})


if __name__ == "__main__":
    main()
