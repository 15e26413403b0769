"""What happens often reads what it needs by an index, however much there is besides.

The real code runs on tables filled by the hundred thousand; each statement that it sent is then
explained by PostgreSQL.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, UniqueConstraint, create_engine, select
from sqlalchemy.orm import Session

from lti_alliance.app import create_app
from lti_alliance.delivering import acts_of
from lti_alliance.models import Activity, Base, Membership, db
from lti_alliance.services import (
    audit_listing,
    audit_sealing,
    check_turns,
    closing,
    erasing,
    notices,
    persons,
    privacy,
    retention,
    roster_reading,
    score_tries,
)
from lti_alliance.settings import Settings
from lti_alliance.worker import Worker
from tests.conftest import DATA_KEY, SECRET_KEY, Clock
from tests.fakes import FakeGradebook
from tests.full_tables import Size, fill
from tests.platforms import INSTRUCTOR, Network, World
from tests.query_plans import Sent, sent_to, whole_scans
from tests.web import visits
from tests.web.course import Course, open_course

pytestmark = [pytest.mark.needs_postgres, pytest.mark.xdist_group("query plans")]

SIZE = Size(courses=300, people=8)
ONCE_AN_HOUR = (
    # Whose time is up is asked of all courses together.
    "SELECT memberships.context_id AS context_id, max(memberships.last_launch_at)",
    # And who is in no course any more of all people together.
    "WHERE memberships.user_id = users.id",
)
"""What is in the statements of the sweep by which things end: that one looks at everything."""
LEASE = timedelta(minutes=1)


@dataclass
class Full:
    """The tool on full tables, with a course of its own in them."""

    app: Flask
    engine: Engine
    world: World
    course: Course
    activity: Activity

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Find nothing that reads the whole of a table among what the application sends.

        A block that sends nothing has proved nothing.
        """
        with self.app.app_context():
            engine = db.engine
        with sent_to(engine) as sent:
            yield
        found = whole_scans(self.engine, sent.without(*ONCE_AN_HOUR))

        assert sent.statements
        assert not found, "\n\n".join(found)

    @property
    def now(self) -> datetime:
        """The moment at which the application stands."""
        return self.course.now()


@pytest.fixture(scope="module")
def full(_postgres_databases: Any) -> Iterator[Full]:
    """Full tables, a platform that launches, and a course with Ada, Ben and their instructor."""
    url = _postgres_databases()
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    fill(url, SIZE)
    now, network = Clock(datetime(2027, 3, 1, 12, tzinfo=UTC)), Network()
    settings = Settings(
        environment="development",
        secret_key=SECRET_KEY,
        data_key=DATA_KEY,
        base_url="http://localhost:8000",
        database_url=url,
    )
    app = create_app(settings, sessions=network.session, now=now)
    with Session(engine, expire_on_commit=False) as session:
        world = World(app, session, now, network, base_url=settings.base_url)
        world.add(world.platform)
        course = open_course(app, session, now)
        activity = course.stage.activity()
        session.commit()
        yield Full(app, engine, world, course, activity)
    with app.app_context():
        db.engine.dispose()
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM attempts WHERE saved_version = 7",
        "SELECT count(*) FROM audit_events",
        "SELECT id FROM users ORDER BY created_at LIMIT 5",
    ],
)
def test_a_table_that_is_read_as_a_whole_is_found(full, statement):
    """What no index answers is named, whether it filters, counts or sorts."""
    assert len(whole_scans(full.engine, Sent({statement: ()}))) == 1


def test_the_first_rows_by_an_index_are_no_whole_table(full):
    """An index that is read until enough is found does not count."""
    statement = "SELECT id FROM audit_events ORDER BY at LIMIT 5"

    assert whole_scans(full.engine, Sent({statement: ()})) == []


def test_login_and_launch_read_by_index(full):
    """A first launch, a later one and an instructor's find every row by an index."""
    with full.watched():
        browser = full.world.browser()
        for _ in range(2):
            assert browser.open().status_code == 200
        assert full.world.browser().launch(sub="t", roles=[INSTRUCTOR]).status_code == 303


def test_an_attempt_reads_by_index(full):
    """Opening the activity, starting, saving, handing in and looking at the result do."""
    ada = full.course.visit("ada", full.activity)
    with full.watched():
        assert ada.get().status_code == 200
        page = ada.follow(ada.post("attempts"))
        form = next(f for f in visits.forms_of(page) if f["action"].endswith("/responses"))
        fields = dict(form["fields"])
        saved = ada.post(form["action"], fields, headers=visits.SCRIPT)
        assert saved.status_code == 200, saved.text
        fields["saved_version"] = str(saved.json["saved_version"])
        address = form["action"].replace("/responses", "/submission")
        assert ada.post(address, fields).status_code in (200, 303)
        assert ada.get().status_code == 200


PAGES = (
    *("", "course", "course/scores.csv", "course/profile", "course/gains", "course/standards"),
    *("analysis", "grading", "grading/markers", "accommodations", "dates", "unmatched"),
)


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_those_who_teach_read_by_index(full, path):
    """The desk, the table of scores and an activity's pages read one course and no other."""
    teacher = full.course.visit("instructor", full.activity)
    with full.watched():
        assert teacher.get(path).status_code == 200


def test_the_worker_claims_by_index(full):
    """Claims of deliveries, comparisons, rosters and notices, and what follows a delivery."""
    full.course.hand_in_quiz("ben", full.activity)
    worker = Worker(full.app, gradebook=FakeGradebook())
    with full.watched(), _act(full) as session:
        for claims in (check_turns, roster_reading, notices):
            claims.is_any_due(session, at=full.now)
        check_turns.claim_check(session, at=full.now, lease=LEASE, token="t")
        roster_reading.claim(session, at=full.now, lease=LEASE, token="t")
        notices.claim(session, at=full.now, lease=LEASE, token="t")
        session.commit()
        worker._deliverer.deliver_due()


def test_the_timetable_reads_by_index(full):
    """Sealing, closing times, what is kept too long, and the end of old histories."""
    with full.watched(), _act(full) as session:
        audit_sealing.seal_events(session, at=full.now)
        closing.settle_closed(session, full.course.catalogue, at=full.now)
        privacy.retain(session, at=full.now)
        score_tries.forget(session, at=full.now)


@pytest.mark.parametrize("column", ["action", "actor_id", "context_id", "object_id", "since"])
def test_the_audit_trail_is_listed_by_index(full, column):
    """Whatever it is asked for, the trail is not read from end to end."""
    known = {"action": "grade.changed", "since": full.now}
    wanted: dict[str, Any] = {column: known.get(column, full.course.stage.context.id)}
    with full.watched(), _act(full) as session:
        audit_listing.list_events(session, limit=100, **wanted)


def test_a_person_is_erased_by_index(full):
    """Counting and erasing what is of one person touches nobody else's rows."""
    somebody = full.course.session.scalars(select(Membership.id).limit(1)).one()
    with full.watched(), _act(full) as session:
        subject = persons.subject_of(session, session.get_one(Membership, somebody))
        erasing.preview_erasure(session, subject)
        erasing.erase_person(session, subject, at=full.now)


def test_a_course_goes_by_index(full):
    """Removing a course whose time is up touches no other course's rows."""
    periods = full.app.extensions["alliance"].periods
    with full.watched(), _act(full) as session:
        removed = retention.remove_due(session, periods, at=full.now, limit=1)

    assert removed


def test_what_refers_to_rows_that_go_has_an_index():
    """A row that is deleted is looked for in every table that refers to it: by an index."""
    bare = [
        f"{table.name}.{key.parent.name}"
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name in _GO and key.parent.name not in _led(table)
    ]

    assert bare == []


_GO = frozenset({"memberships", "users", "attempts", "grades", "reflections", "score_deliveries"})
"""The tables whose rows are erased, and that other tables refer to."""


def _led(table: Any) -> set[str]:
    """Return the columns that an index of the table begins with."""
    unique = [part for part in table.constraints if isinstance(part, UniqueConstraint)]
    begins = [next(iter(part.columns)).name for part in (*table.indexes, *unique)]
    return {*begins, next(iter(table.primary_key.columns)).name}


def _act(full: Full) -> Any:
    """Begin an act, as the worker does."""
    return acts_of(full.app)()
