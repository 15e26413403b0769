"""Handing in happens once, decided by the database between real processes."""

import multiprocessing
import random
from collections import Counter
from multiprocessing.synchronize import Barrier
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.items import ShortItem, SingleItem, response_field
from lti_alliance.domain.modules import FeedbackTiming, Grading
from lti_alliance.errors import Conflict
from lti_alliance.models import (
    Attempt,
    Grade,
    Response,
    ScoreDelivery,
    begin_write,
    db,
)
from lti_alliance.sealing import Sealer
from lti_alliance.services import answering, attempt_sheets, attempts, reflections
from tests import stage as stages
from tests.stage import NOON

pytestmark = [pytest.mark.both_databases, pytest.mark.processes]

ROUNDS = 2


def _application(database_url: str) -> Flask:
    app = Flask("submit-once")
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    db.init_app(app)
    return app


def _hand_in(database_url: str, attempt_id: UUID, barrier: Barrier, told: object) -> None:
    with _application(database_url).app_context():
        catalogue = Catalogue.load()
        barrier.wait(30)
        try:
            begin_write()
            attempt = db.session.get_one(Attempt, attempt_id)
            sheet = attempt_sheets.get_sheet(db.session(), catalogue, attempt)
            fields = {
                response_field(i.id): [i.accepted[0].text]
                for i in sheet.items
                if isinstance(i, ShortItem)
            }
            answering.submit_attempt(
                db.session(), catalogue, attempt=attempt, fields=fields, base_version=0, at=NOON
            )
            db.session.commit()
            told.put("handed in")  # type: ignore[attr-defined]
        except Conflict as conflict:
            db.session.rollback()
            told.put(conflict.reason)  # type: ignore[attr-defined]


def _check(database_url: str, attempt_id: UUID, place: int, barrier: Barrier, told: object) -> None:
    with _application(database_url).app_context():
        catalogue = Catalogue.load()
        barrier.wait(30)
        try:
            begin_write()
            attempt = db.session.get_one(Attempt, attempt_id)
            sheet = attempt_sheets.get_sheet(db.session(), catalogue, attempt)
            item = min(
                (i for i in sheet.items if isinstance(i, SingleItem)), key=lambda item: item.id
            )
            answering.check_answer(
                db.session(),
                catalogue,
                attempt=attempt,
                item_id=item.id,
                fields={response_field(item.id): [item.options[place].id]},
                base_version=0,
                at=NOON,
            )
            db.session.commit()
            told.put(item.options[place].id)  # type: ignore[attr-defined]
        except Conflict as conflict:
            db.session.rollback()
            told.put(conflict.reason)  # type: ignore[attr-defined]


def _write(database_url: str, ids: tuple[UUID, UUID], barrier: Barrier, told: object) -> None:
    with _application(database_url).app_context():
        sealer = Sealer(b"thirty-two bytes for the tests..")
        barrier.wait(30)
        begin_write()
        activity, student = stages.get(db.session(), *ids)
        reflections.submit_reflection(
            db.session(),
            sealer,
            activity=activity,
            membership=student,
            prompt_id="fo-r1",
            text="A word.",
            base_version=0,
            at=NOON,
        )
        db.session.commit()
        told.put("handed in")  # type: ignore[attr-defined]


def _begin(database_url: str, ids: tuple[UUID, UUID], barrier: Barrier, told: object) -> None:
    with _application(database_url).app_context():
        catalogue = Catalogue.load()
        barrier.wait(30)
        begin_write()
        activity, student = stages.get(db.session(), *ids)
        attempt = attempts.start_attempt(
            db.session(),
            catalogue,
            activity=activity,
            membership=student,
            rng=random.Random(),
            at=NOON,
        )
        db.session.commit()
        told.put(str(attempt.id))  # type: ignore[attr-defined]


def _race(*targets: tuple[object, tuple[object, ...]]) -> list[str]:
    spawn = multiprocessing.get_context("spawn")
    barrier, told = spawn.Barrier(len(targets)), spawn.Queue()
    processes = [
        spawn.Process(target=target, args=(*args, barrier, told)) for target, args in targets
    ]
    for process in processes:
        process.start()
    answers = [told.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(30)
    assert all(process.exitcode == 0 for process in processes)
    return answers


def _stage(database_url: str, **settings: object) -> tuple[UUID, UUID]:
    """Put an activity and a student into the database; return their ids."""
    engine = create_engine(database_url)
    with Session(engine) as session:
        stage = stages.build(session, Catalogue.load())
        activity, student = stage.activity(**settings), stage.join("student")
        session.commit()
        ids = activity.id, student.id
    engine.dispose()
    return ids


def _start(database_url: str, ids: tuple[UUID, UUID]) -> UUID:
    with _application(database_url).app_context():
        activity, student = stages.get(db.session(), *ids)
        attempt = attempts.start_attempt(
            db.session(),
            Catalogue.load(),
            activity=activity,
            membership=student,
            rng=random.Random(3),
            at=NOON,
        )
        db.session.commit()
        found = attempt.id
        db.engine.dispose()
    return found


def test_two_processes_hand_in_one_attempt(database_url: str, session: Session) -> None:
    """Of two submissions at the same moment one counts, and the grade is made once."""
    ids = _stage(database_url, attempts=None)
    for _ in range(ROUNDS):
        attempt_id = _start(database_url, ids)
        answers = _race(*[(_hand_in, (database_url, attempt_id))] * 2)

        assert Counter(answers) == {"handed in": 1, "attempt.already_submitted": 1}
    states = list(session.scalars(select(Attempt.state)))

    assert states == [AttemptState.GRADED] * ROUNDS
    assert session.scalar(select(func.count()).select_from(Grade)) == 1
    assert session.scalar(select(func.count()).select_from(ScoreDelivery)) == 1


def test_two_tabs_check_one_answer(database_url: str, session: Session) -> None:
    """Of two answers that are checked at the same moment one is, and it is the one that is kept."""
    ids = _stage(database_url, feedback=FeedbackTiming.AFTER_EACH)
    attempt_id = _start(database_url, ids)
    answers = set(_race(*[(_check, (database_url, attempt_id, place)) for place in (0, 1)]))
    kept = session.scalars(select(Response)).one()

    assert "work.stale" in answers
    assert kept.value == {"chosen": [next(iter(answers - {"work.stale"}))]}
    assert kept.checked_at == NOON


def test_two_parts_at_the_same_moment_make_a_whole_grade(
    database_url: str, session: Session
) -> None:
    """Neither part's transaction works out a grade without the other's part."""
    for number in range(ROUNDS):
        ids = _stage_pair(database_url, number)
        attempt_id = _start(database_url, ids)
        answers = _race((_hand_in, (database_url, attempt_id)), (_write, (database_url, ids)))
        assert answers == ["handed in", "handed in"]
        score = session.scalars(select(Grade.score).where(Grade.membership_id == ids[1])).one()
        session.rollback()

        assert score is not None


def test_two_processes_start_one_attempt(database_url: str, session: Session) -> None:
    """Two clicks on Start at the same moment open one attempt."""
    ids = _stage(database_url)
    answers = _race(*[(_begin, (database_url, ids))] * 2)

    assert len(set(answers)) == 1
    assert session.scalar(select(func.count()).select_from(Attempt)) == 1


def _stage_pair(database_url: str, number: int) -> tuple[UUID, UUID]:
    engine = create_engine(database_url)
    with Session(engine) as session:
        stage = stages.build(session, Catalogue.load(), name=f"School {number}")
        activity = stage.activity(
            parts=frozenset({"quiz", "reflection"}),
            prompt_ids=("fo-r1",),
            reflection_grading=Grading.COMPLETION,
        )
        student = stage.join("student")
        session.commit()
        ids = activity.id, student.id
    engine.dispose()
    return ids
