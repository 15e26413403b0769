"""The page of a great course: its CPU, beside a small course's and beside asking row by row.

Run as ``python -m bench.desk``, on PostgreSQL and on SQLite. *Page* is the whole request through
the application, with its first students written out. Exit status 1 means that a page is not
answered, or that a great course takes more statements than a small one.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from uuid import UUID

from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bench import report
from bench.commands import add_usual, ending_clearly, facts_of, finish, server_of, tell
from bench.databases import Database, postgresql_database, sqlite_database
from bench.inside import Cost, cost_of, inside, statements_in
from bench.outcome import Outcome, Verdict
from bench.profiles import look_inside
from lti_alliance.domain.launch import Role
from lti_alliance.models import Context, Grade, Membership, ResourceLink, ScoreDelivery, db
from lti_alliance.parts import utc_now
from lti_alliance.services import desk
from lti_alliance.services.desk import DeskQuery
from tests.great_course import make_great_course
from tests.web.visits import visit

AIM_MS = 150
SMALL = 30
_ENGINES = ("PostgreSQL", "SQLite")
_LOOKS = 20
_MS = 1000


@dataclass(frozen=True, slots=True)
class Way:
    """One way to read a course on one engine."""

    engine: str
    name: str
    costs: tuple[Cost, ...]
    statements: int


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = server_of(chosen)
    facts = facts_of(server)
    found: list[Way] = []
    profile: tuple[str, ...] = ()
    with ending_clearly():
        for engine in _ENGINES:
            with _database(engine, server) as database, inside(database) as app:
                tell(f"{engine}: {chosen.people:,} people, {chosen.activities} activities")
                ways = _ways(app, chosen)
                found += _measure(engine, database, ways, chosen)
                if chosen.profile:
                    # The last one's: SQLite does its work in this process, where it can be seen.
                    profile = look_inside(ways[_great(chosen)], times=_LOOKS)
    finish(chosen, replace(_outcome(found, chosen, facts), profile=profile))


@contextmanager
def _database(engine: str, server: str) -> Iterator[Database]:
    if engine == "PostgreSQL":
        with postgresql_database(server) as database:
            yield database
        return
    with (
        tempfile.TemporaryDirectory(prefix="alliance-bench-") as folder,
        sqlite_database(Path(folder)) as database,
    ):
        yield database


def _great(chosen: argparse.Namespace) -> str:
    return f"page, {chosen.people:,} people"


def _ways(app: Flask, chosen: argparse.Namespace) -> dict[str, Callable[[], object]]:
    """Make a small and a great course, and return by their names the ways to read them."""
    session = db.session()
    small = make_great_course(session, people=SMALL, activities=chosen.activities)
    great = make_great_course(session, people=chosen.people, activities=chosen.activities)
    ids = great[0].id, great[1].id
    session.execute(text("ANALYZE"))
    session.commit()
    return {
        f"page, {SMALL} people": _page(app, session, *small),
        _great(chosen): _page(app, session, *great),
        f"desk, {chosen.people:,} people": lambda: _desk(session, *ids),
        f"row by row, {chosen.people:,} people": lambda: _row_by_row(session, ids[0]),
    }


def _measure(
    engine: str,
    database: Database,
    ways: Mapping[str, Callable[[], object]],
    chosen: argparse.Namespace,
) -> list[Way]:
    """Do everything in each round, so that a slow moment of the machine meets all."""
    statements = {name: statements_in(way) for name, way in ways.items()}
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(chosen.rounds):
        for name, way in ways.items():
            times = 1 if name.startswith("row") else chosen.times
            costs[name].append(cost_of(way, database, times=times))
    return [Way(engine, name, tuple(costs[name]), statements[name]) for name in ways]


def _desk(session: Session, course_id: UUID, teacher_id: UUID) -> desk.Desk:
    session.rollback()
    session.expunge_all()
    return desk.course_desk(
        session,
        context=session.get_one(Context, course_id),
        viewer=session.get_one(Membership, teacher_id),
        query=DeskQuery(),
    )


def _row_by_row(session: Session, course_id: UUID) -> int:
    """Ask for each student's grades and deliveries by themselves, as a first version might."""
    session.rollback()
    session.expunge_all()
    found = 0
    for member in session.scalars(select(Membership).filter_by(context_id=course_id)).all():
        found += len(_of(session, Grade, member.id)) + len(_of(session, ScoreDelivery, member.id))
    return found


def _of(
    session: Session, table: type[Grade] | type[ScoreDelivery], member_id: UUID
) -> list[object]:
    return list(session.scalars(select(table).filter_by(membership_id=member_id)))


def _page(
    app: Flask, session: Session, course: Context, teacher: Membership
) -> Callable[[], object]:
    """Return a visit to the page by the instructor, through the whole application."""
    assert teacher.role == Role.INSTRUCTOR
    link = session.scalars(select(ResourceLink).filter_by(context_id=course.id)).first()
    visitor = visit(app, session, teacher, link=link, at=utc_now())
    session.commit()

    def look() -> object:
        answer = visitor.get("course")
        assert answer.status_code == 200, answer.status
        return answer

    return look


def _outcome(found: list[Way], chosen: argparse.Namespace, facts: Mapping[str, object]) -> Outcome:
    pages = {(way.engine, way.name): way for way in found}
    great = {engine: pages[engine, _great(chosen)] for engine in _ENGINES}
    small = {engine: pages[engine, f"page, {SMALL} people"] for engine in _ENGINES}
    return Outcome(
        question="desk",
        command="python -m bench.desk",
        machine=report.machine_line(facts),
        tables=(_table(found),),
        verdicts=[
            Verdict(
                target=f"page of {chosen.people:,} students by {chosen.activities}, {engine}",
                aim=AIM_MS,
                measured=median(cost.cpu_s for cost in way.costs) * _MS,
                unit="ms of CPU with the database",
                note=f"{way.statements} statements, as for {SMALL} students",
            )
            for engine, way in great.items()
        ],
        faults=[
            f"{engine}: {great[engine].statements} statements, for few {small[engine].statements}"
            for engine in _ENGINES
            if great[engine].statements != small[engine].statements
        ],
    )


def _table(found: list[Way]) -> str:
    lines = [
        "| engine | | CPU ms with the database | of it the database | wall ms | statements |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for way in found:
        cells = (
            report.spread(cost.cpu_s * _MS for cost in way.costs).text(0),
            f"{median(cost.database_s for cost in way.costs) * _MS:.0f}",
            report.spread(cost.wall_s * _MS for cost in way.costs).text(0),
            f"{way.statements:,}",
        )
        lines.append(f"| {way.engine} | {way.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.desk", description=__doc__)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--activities", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", type=int, default=10, help="visits in a row, in each round")
    return add_usual(parser, quick={"people": 200, "rounds": 2, "times": 4})


if __name__ == "__main__":
    main()
