"""`alliance keys`: what signs, and letting the next key sign."""

import base64
import json
from dataclasses import replace
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import Part
from lti_alliance.models import CourseKey, Reflection
from lti_alliance.parts import EXTENSION
from lti_alliance.sealing import Sealer, key_id
from lti_alliance.services import sealed_texts
from lti_alliance.services.course_keys import KeyDestroyed
from lti_alliance.services.sealed_texts import TextKind
from tests import stage as stages
from tests.cli.conftest import Run
from tests.conftest import DATA_KEY, Clock
from tests.services.work import write
from tests.stage import Stage

OLD = base64.b64decode(DATA_KEY)
NEW = bytes(range(32))
CANARY = "My partner fell silent and I filled the silence."


def keys(run: Run) -> dict[str, str]:
    return {row["state"]: row["kid"] for row in json.loads(run("keys", "list", "--json").stdout)}


def test_a_young_key_is_not_used_without_force(run: Run) -> None:
    """Platforms that cached our keys would refuse one published a moment ago."""
    result = run("keys", "rotate")

    assert result.exit_code == 1
    assert "--force" in result.stderr


def test_force_rotates_at_once(run: Run) -> None:
    """A leaked key is replaced whatever platforms have cached; the old one stays published."""
    result = run("keys", "rotate", "--force")
    states = [row["state"] for row in json.loads(run("keys", "list", "--json").stdout)]

    assert result.exit_code == 0
    assert keys(run)["current"] in result.stdout
    assert sorted(states) == ["current", "next", "previous"]


def test_a_day_later_rotation_needs_no_force(run: Run, now: Clock) -> None:
    """The next key signs once it has been published for a day."""
    run("keys", "rotate", "--force")
    expected = keys(run)["next"]
    now.move(hours=25)
    result = run("keys", "rotate")

    assert result.exit_code == 0, result.output
    assert expected in result.stdout


def test_no_private_key_is_shown(run: Run) -> None:
    """A listing names keys and shows none."""
    run("keys", "rotate", "--force")

    assert set(json.loads(run("keys", "list", "--json").stdout)[0]) == {
        "kid",
        "state",
        "created_at",
        "current_from",
        "retired_at",
    }


@pytest.fixture
def course(session: Session) -> Stage:
    """A course in which somebody has written."""
    stage = stages.build(session, Catalogue.load())
    activity = stage.activity(parts=frozenset({Part.REFLECTION}), prompt_ids=("fo-r1",))
    write(stage, Sealer(OLD), activity, stage.join("student"), CANARY)
    session.commit()
    return stage


def with_keys(app: Flask, *keys: bytes) -> None:
    """Let the application have these data keys, the first to seal."""
    app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], sealer=Sealer(*keys))


def text_with(course: Stage, *keys: bytes) -> str:
    course.session.rollback()
    course.session.expire_all()
    reflection = course.session.scalars(select(Reflection)).one()
    return sealed_texts.read_submitted(Sealer(*keys), reflection)


def test_a_data_key_takes_over(run: Run, app: Flask, course: Stage) -> None:
    """After the command the new key alone opens everything, signing keys too."""
    run("keys", "rotate", "--force")
    with_keys(app, NEW, OLD)
    result = run("keys", "rotate-data")
    again = run("keys", "rotate-data")
    with_keys(app, NEW)

    assert result.exit_code == 0, result.output
    assert "1 course keys and 3 signing keys were sealed anew" in result.stdout
    assert "Nothing needs another key" in result.stdout
    assert "0 course keys and 0 signing keys" in again.stdout
    assert text_with(course, NEW) == CANARY
    assert run("keys", "rotate", "--force").exit_code == 0


def test_courses_get_another_key(run: Run, app: Flask, now: Clock, course: Stage) -> None:
    """The key before is kept for an hour and dropped by the next run; texts open all the while."""
    first = run("keys", "rotate-data", "--new-course-keys")
    between = text_with(course, OLD)
    now.move(hours=1)
    course.session.rollback()
    second = run("keys", "rotate-data")
    course.session.expire_all()
    key = course.session.scalars(select(CourseKey)).one()

    assert "run this again" in first.stdout
    assert "3 texts were sealed anew" in first.stdout
    assert between == CANARY
    assert "Nothing needs another key" in second.stdout
    assert key.wrapped_before is None
    assert text_with(course, OLD) == CANARY


def test_a_lost_data_key_is_told_and_changes_nothing(run: Run, app: Flask, course: Stage) -> None:
    """The command fails with a sentence that names the key, and the old one still opens all."""
    with_keys(app, NEW)
    result = run("keys", "rotate-data")

    assert result.exit_code == 1
    assert key_id(OLD).hex() in result.stderr
    assert text_with(course, OLD) == CANARY


def test_a_course_is_forgotten(run: Run, course: Stage) -> None:
    """Asked twice, the command destroys the key; what was written before keys goes with it."""
    reflection = course.session.scalars(select(Reflection)).one()
    purpose = sealed_texts.purpose(TextKind.SUBMITTED, reflection.id, reflection.membership_id)
    reflection.submitted_text = Sealer(OLD).seal_text(CANARY, purpose=purpose)
    course.session.commit()
    refused = run("keys", "destroy-course", str(course.context.id))
    kept = text_with(course, OLD)
    course.session.rollback()
    done = run("keys", "destroy-course", "--yes", str(course.context.id))
    unknown = run("keys", "destroy-course", "--yes", str(uuid4()))

    assert refused.exit_code == 1
    assert kept == CANARY
    assert done.exit_code == 0, done.output
    assert unknown.exit_code == 1
    with pytest.raises(KeyDestroyed):
        text_with(course, OLD)
