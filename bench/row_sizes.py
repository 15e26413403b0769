"""What a student of a course costs the database: bytes of tables and their indexes, measured.

Run as ``python -m bench.row_sizes``. A class plays a course through the tool's own services: every
student launches, takes a quiz, writes a reflection that is graded, and each score is delivered. The
database is then vacuumed, not packed, so that it has the air in it that a term leaves.
"""

import argparse
import base64
import random
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.databases import Database, find_server, postgresql_database, server_version
from bench.outcome import Outcome
from bench.report import machine, machine_line
from bench.rows import add_platform
from lti_alliance import schema
from lti_alliance.app import create_app
from lti_alliance.delivering import Deliverer
from lti_alliance.demo.course import WEEK_1_QUIZ, WEEK_2_REFLECTION, Placement
from lti_alliance.demo.history import History, Player
from lti_alliance.demo.run import act
from lti_alliance.demo.stage import Stage
from lti_alliance.domain.activities import Part
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.domain.launch import (
    GradeService,
    Launch,
    LaunchContext,
    LaunchResourceLink,
    MessageType,
    Person,
    Role,
)
from lti_alliance.domain.modules import Grading
from lti_alliance.lti import keys
from lti_alliance.models import Base, Membership, ResourceLink, db
from lti_alliance.parts import parts, utc_now
from lti_alliance.services import activities, launches
from lti_alliance.settings import load
from tests.fakes import FakeGradebook

LMS = "https://lms.example"
TOLD = {
    "issuer": LMS,
    "client_id": "1",
    "family": "canvas",
    "auth_login_url": f"{LMS}/authorize",
    "auth_token_url": f"{LMS}/token",
    "jwks_url": f"{LMS}/keys",
    "service_host": "lms.example",
    "deployment_id": "1",
}
BOTH = frozenset({Part.QUIZ, Part.REFLECTION})
PLACEMENTS = (
    Placement("week-1", WEEK_1_QUIZ.module_id, BOTH, grading=Grading.RUBRIC),
    Placement("week-2", WEEK_2_REFLECTION.module_id, BOTH, grading=Grading.RUBRIC),
)
LAUNCHES = 3
"""Launches of each student in each activity: read, answer, look at the feedback."""
_QUICK, _STUDENTS = 20, 300


@dataclass(frozen=True, slots=True)
class Size:
    """What one table takes, and how many rows it has."""

    table: str
    rows: int
    bytes: int


class Course:
    """One course of so many students, played from launch to graded work."""

    def __init__(self, folder: Path) -> None:
        self._at = utc_now() - timedelta(days=21)
        with act() as session:
            keys.ensure_keys(session, parts().sealer, at=self._at)
            self._registration_id = add_platform(session, TOLD).id
        self.history = History(
            parts=parts(),
            act=act,
            stage=Stage(folder, 8000, 8001),
            platform="canvas",
            began=self._at,
            activities={},
            rng=random.Random(1),
        )
        self.teacher = self.launch("teacher", Role.INSTRUCTOR)
        self._set_up()

    def launch(self, name: str, role: Role, link: str = "") -> Player:
        """Let somebody launch a link of the course; every link if none is named."""
        for each in [link] if link else [placement.link for placement in PLACEMENTS]:
            with act() as session:
                opened = launches.open_launch(
                    session,
                    self._message(name, role, each),
                    state_id=secrets.token_urlsafe(24),
                    token_digest=secrets.token_hex(32),
                    handle=secrets.token_urlsafe(12),
                    cookie_digest=secrets.token_hex(32),
                    frame_ancestors=[LMS],
                    session_for=timedelta(hours=12),
                    profile_for=timedelta(days=30),
                    at=self._at,
                    request_id=secrets.token_hex(8),
                )
                if opened is None or opened.membership_id is None:
                    raise RuntimeError("a launch opened nothing")
                membership_id = opened.membership_id
        return Player(name, membership_id, ability=0.7)

    def play(self, students: int) -> None:
        """Let so many students do all there is to do, and the instructor grade it."""
        players = [self.launch(f"student-{n}", Role.LEARNER) for n in range(students)]
        for day, placement in enumerate(PLACEMENTS, start=1):
            for player in players:
                for _ in range(LAUNCHES - 1):
                    self.launch(player.person, Role.LEARNER, placement.link)
                self.history.take_quiz(player, placement, day=day)
                self.history.write(player, placement, day=day + 1)
            self.history.grade_reflections(self.teacher, players, placement, day=day + 3)

    def _message(self, name: str, role: Role, link: str) -> Launch:
        return Launch(
            MessageType.RESOURCE_LINK,
            self._registration_id,
            TOLD["deployment_id"],
            Person(
                sub=f"{name}-{'0' * 30}",
                name=f"Given Family of {name}",
                email=f"{name}@school.example",
            ),
            role,
            context=LaunchContext("course", "COUN-5100", "The Helping Relationship"),
            resource_link=LaunchResourceLink(link, f"The alliance, {link}"),
            grade_service=GradeService(
                frozenset({GradeScope.LINE_ITEM, GradeScope.RESULT, GradeScope.SCORE}),
                lineitems=f"{LMS}/api/lti/courses/1/line_items",
                lineitem=f"{LMS}/api/lti/courses/1/line_items/{link}",
            ),
            locale="en",
        )

    def _set_up(self) -> None:
        catalogue = parts().catalogue
        for placement in PLACEMENTS:
            with act() as session:
                link = session.scalars(select(ResourceLink).filter_by(lti_id=placement.link)).one()
                activity = activities.set_up_activity(
                    session,
                    catalogue,
                    link=link,
                    module_id=placement.module_id,
                    settings=placement.settings(catalogue.get(placement.module_id)),
                    actor=self._member(session),
                    at=self._at,
                )
                self.history.activities[placement.link] = activity.id

    def _member(self, session: Session) -> Membership:
        return session.get_one(Membership, self.teacher.membership_id)


def main() -> None:
    """Play, weigh, and print one table."""
    chosen = _parse()
    server = find_server(chosen.postgres)
    if server is None:
        sys.exit("no PostgreSQL lets this user in: name one with --postgres")
    students = _QUICK if chosen.quick else chosen.students
    with postgresql_database(server) as database:
        before, after = _weigh_a_class(database, students)
    facts = machine({"postgresql": server_version(server)})
    outcome = Outcome(
        question="row_sizes",
        command=f"python -m bench.row_sizes --students {students}",
        machine=machine_line(facts),
        tables=(_table(before, after, students),),
        faults=tuple(_faults(after, students)),
    )
    print("\n\n".join([*outcome.tables, outcome.machine]))
    if chosen.json:
        outcome.write(chosen.json)
    sys.exit(1 if outcome.faults else 0)


def _weigh_a_class(database: Database, students: int) -> tuple[Sequence[Size], Sequence[Size]]:
    with _application(database) as app:
        course = Course(Path.cwd())
        before = sizes(database)
        course.play(students)
        deliverer = Deliverer(app, gradebook=FakeGradebook())
        while deliverer.deliver_due():
            pass
    return before, sizes(database)


@contextmanager
def _application(database: Database) -> Iterator[object]:
    app = create_app(
        load(
            {
                "ALLIANCE_SECRET_KEY": secrets.token_urlsafe(48),
                "ALLIANCE_DATA_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
                "ALLIANCE_DATABASE_URL": database.url,
                "ALLIANCE_LOG_LEVEL": "error",
            }
        )
    )
    with app.app_context():
        with db.engine.begin() as connection:
            schema.upgrade(connection)
        yield app
        db.session.remove()
        db.engine.dispose()


def sizes(database: Database) -> Sequence[Size]:
    """Weigh each table with its indexes and what is kept beside its rows, after a vacuum."""
    with psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        found = []
        for table in Base.metadata.sorted_tables:
            row = connection.execute(
                f"SELECT count(*), pg_total_relation_size('{table.name}') FROM {table.name}"  # type: ignore[arg-type]
            ).fetchone()
            if row is not None:
                found.append(Size(table.name, *row))
    return found


def _table(before: Sequence[Size], after: Sequence[Size], students: int) -> str:
    pairs = students * len(PLACEMENTS)
    was = {each.table: each for each in before}
    grown = sorted(
        (
            (each.table, each.rows - was[each.table].rows, each.bytes - was[each.table].bytes)
            for each in after
        ),
        key=lambda line: -line[2],
    )
    lines = ["| Table | rows for each student and activity | bytes for each student and activity |"]
    lines.append("|---|---:|---:|")
    lines += [
        f"| {name} | {rows / pairs:.2f} | {size / pairs:,.0f} |"
        for name, rows, size in grown
        if rows
    ]
    total = sum(size for _, _, size in grown)
    lines.append(f"| **all** | | **{total / pairs:,.0f}** |")
    return "\n".join(lines)


def _faults(after: Sequence[Size], students: int) -> Iterator[str]:
    rows = {each.table: each.rows for each in after}
    for table in ("attempts", "reflections", "grades", "score_deliveries"):
        if rows[table] != students * len(PLACEMENTS):
            yield f"{table} has {rows[table]} rows"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.row_sizes", description=__doc__)
    parser.add_argument("--students", type=int, default=_STUDENTS)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK} students")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcome there")
    parser.add_argument("--postgres", default="", metavar="URL", help="a server to use")
    return parser.parse_args()


if __name__ == "__main__":
    main()
