"""`alliance score`: where scores stand, and another push."""

import json
from decimal import Decimal
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from lti_alliance import delivering
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.models import Grade, ScoreDelivery
from lti_alliance.services import score_delivery
from tests.cli.conftest import Run
from tests.conftest import Clock
from tests.factories import (
    make_activity,
    make_course,
    make_grade,
    make_link,
    make_tool_key,
    want_shown,
)
from tests.fakes import FakeGradebook

Scores = tuple[ScoreDelivery, ScoreDelivery]


@pytest.fixture
def scores(session: Session, now: Clock) -> Scores:
    """Two scores in two courses: one that a platform refused, one that is in its gradebook."""
    grades: list[Grade] = [make_grade(session), make_grade(session)]
    blocked, delivered = (want_shown(session, grade, at=now()) for grade in grades)
    assert blocked
    assert delivered
    blocked.state, blocked.reason = DeliveryState.BLOCKED, "refused"
    delivered.state = DeliveryState.DELIVERED
    session.commit()
    return blocked, delivered


def listed(run: Run, *words: str) -> list[str]:
    return [row["id"] for row in json.loads(run("score", "list", "--json", *words).stdout)]


def test_scores_are_listed_by_what_is_asked_for(run: Run, scores: Scores) -> None:
    """Each option narrows the list down."""
    blocked, delivered = scores
    course = blocked.membership.context_id

    assert set(listed(run)) == {str(blocked.id), str(delivered.id)}
    assert listed(run, "--state", "blocked") == [str(blocked.id)]
    assert listed(run, "--activity", str(delivered.activity_id)) == [str(delivered.id)]
    assert listed(run, "--course", str(course)) == [str(blocked.id)]
    assert listed(run, "--person", str(delivered.membership.user_id)) == [str(delivered.id)]
    assert len(listed(run, "--limit", "1")) == 1


def test_a_person_is_named_by_id_alone(run: Run, scores: Scores) -> None:
    """The list shows no name: it may be pasted into a mail to the LMS's administrator."""
    rows = json.loads(run("score", "list", "--json").stdout)

    assert not {"name", "email", "sub"} & set(rows[0])


@pytest.mark.parametrize("by", ["id", "state"])
def test_what_is_resent_is_due_at_once(run: Run, session: Session, scores: Scores, by: str) -> None:
    """A blocked score is due again; the others are left alone."""
    words = (str(scores[0].id),) if by == "id" else ("--state", "blocked")
    result = run("score", "resend", *words)
    session.rollback()
    session.expire_all()

    assert result.exit_code == 0, result.output
    assert "1 of 1" in result.stdout
    assert [delivery.state for delivery in scores] == ["due", "delivered"]


def test_everything_is_resent_only_by_choice(run: Run, scores: Scores) -> None:
    """Without a choice nothing is sent: a whole school's scores would go out again."""
    assert run("score", "resend").exit_code == 2
    assert listed(run, "--state", "due") == []


def test_a_delivery_that_does_not_exist_is_not_counted(run: Run, scores: Scores) -> None:
    """What cannot be sent is told by the count."""
    assert "0 of 1" in run("score", "resend", str(uuid4())).stdout


def test_delivering_makes_the_steps_that_are_due(
    run: Run, session: Session, scores: Scores
) -> None:
    """Without a worker a due score is tried at once; this platform cannot be reached."""
    run("score", "resend", str(scores[0].id))
    result = run("score", "deliver")
    session.rollback()
    session.expire_all()

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("1 steps")
    assert scores[0].tries == 1
    assert scores[0].state != "delivered"


def test_gradebooks_are_compared_on_demand(
    run: Run, app: Flask, session: Session, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost score is sent again, a person's is listed and kept, and the numbers are told."""
    gradebook = FakeGradebook()
    monkeypatch.setattr(delivering, "GradeServices", lambda _tokens: gradebook)
    make_tool_key(session)
    activity = make_activity(session, make_link(session, make_course(session)))
    for _ in range(3):
        score_delivery.mirror(session, make_grade(session, activity), at=now())
    session.commit()
    delivering.Deliverer(app).deliver_due()
    kept, changed, lost = gradebook.cells.values()
    changed.score, lost.score = Decimal("8.5"), None
    now.move(hours=1)
    (row,) = json.loads(run("score", "reconcile", "--json").stdout)

    assert (row["agree"], row["differ"], row["mended"]) == (1, 1, 1)
    assert row["activity"] == str(activity.id)
    assert (kept.score, changed.score, lost.score) == (7, Decimal("8.5"), 7)


def test_nothing_told_is_nothing_to_compare(run: Run, scores: Scores) -> None:
    """Activities of which no gradebook has heard are left out, in words."""
    result = run("score", "reconcile")

    assert result.exit_code == 0
    assert "Nothing has been told" in result.stdout
