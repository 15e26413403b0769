"""How long the desk of a great course takes, beside a small one and beside asking row by row.

make bench-desk ARGS="--people 1000 --activities 12 --rounds 7"
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance import schema
from lti_alliance.app import create_app
from lti_alliance.domain.launch import Role
from lti_alliance.models import Context, Grade, Membership, ResourceLink, ScoreDelivery, db
from lti_alliance.parts import utc_now
from lti_alliance.services import desk
from lti_alliance.services.desk import DeskQuery
from lti_alliance.settings import Settings
from tests.conftest import DATA_KEY, SECRET_KEY
from tests.great_course import make_great_course
from tests.web.visits import visit

SMALL = 30


def main() -> None:
    """Measure on a new SQLite database and print one table."""
    chosen = _parse()
    with tempfile.TemporaryDirectory(prefix="alliance-bench-") as folder:
        app = _app(Path(folder) / "desk.sqlite")
        with app.app_context():
            with db.engine.connect() as connection:
                schema.upgrade(connection)
            session = db.session()
            small = make_great_course(session, people=SMALL, activities=chosen.activities)
            great = make_great_course(session, people=chosen.people, activities=chosen.activities)
            small_page, great_page = (_page(app, session, *made) for made in (small, great))
            rows = _measure(
                {
                    f"desk, {SMALL} people": lambda: _desk(session, *small),
                    f"desk, {chosen.people} people": lambda: _desk(session, *great),
                    f"row by row, {chosen.people} people": lambda: _row_by_row(session, great[0]),
                    f"page, {SMALL} people": small_page,
                    f"page, {chosen.people} people": great_page,
                },
                rounds=chosen.rounds,
            )
            db.session.remove()
            db.engine.dispose()
    asked = rows[f"desk, {chosen.people} people"]
    print(f"{chosen.activities} activities, SQLite, median of {chosen.rounds} rounds")
    for name, taken in rows.items():
        print(f"{name:30} {taken * 1000:9.1f} ms {taken / asked:8.2f} of the great desk")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--activities", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=7)
    return parser.parse_args()


def _app(path: Path) -> Flask:
    return create_app(
        Settings(
            environment="development",
            secret_key=SECRET_KEY,
            data_key=DATA_KEY,
            base_url="http://localhost:8000",
            database_url=f"sqlite:///{path}",
            log_level="error",
        )
    )


def _measure(ways: dict[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Time every way once in each round, so that a slow moment of the machine meets them all."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - begun)
    return {name: statistics.median(each) for name, each in taken.items()}


def _desk(session: Session, course: Context, teacher: Membership) -> desk.Desk:
    session.rollback()
    session.expunge_all()
    return desk.course_desk(
        session,
        context=session.get_one(Context, course.id),
        viewer=session.get_one(Membership, teacher.id),
        query=DeskQuery(),
    )


def _row_by_row(session: Session, course: Context) -> int:
    """Ask for each student's grades and deliveries by themselves, as a first version might."""
    session.rollback()
    session.expunge_all()
    found = 0
    for member in session.scalars(select(Membership).filter_by(context_id=course.id)).all():
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


if __name__ == "__main__":
    main()
