"""Pages of texts whose key is missing or destroyed: said clearly, and nothing is overwritten."""

from dataclasses import replace

import pytest

from lti_alliance.models import Draft
from lti_alliance.parts import EXTENSION
from lti_alliance.sealing import Sealer
from lti_alliance.services import course_keys
from tests.web.course import RUBRIC_PARTS, Course, open_course

CANARY = "My partner fell silent and I filled the silence."


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course):
    return course.stage.activity(**RUBRIC_PARTS)


@pytest.fixture
def page(course, activity) -> str:
    """The address of a reflection that was handed in, below an instructor's launch."""
    prompt_id = activity.settings["prompt_ids"][0]
    return "grading/" + course.hand_in_reflection("ada", activity, prompt_id, CANARY)


def test_a_missing_key_is_said_and_logged_by_its_id(course, activity, page, capsys):
    """The reader is told that nothing is lost; the operator finds the id of the key in the log."""
    visitor = course.visit("instructor", activity)
    before = course.app.extensions[EXTENSION]
    course.app.extensions[EXTENSION] = replace(before, sealer=Sealer(bytes(32)))
    refused = visitor.get(page)
    log = capsys.readouterr().err
    course.app.extensions[EXTENSION] = before
    again = visitor.get(page)

    assert refused.status_code == 503
    assert 'data-error-code="text.unreadable"' in refused.text
    assert f"key_id={before.sealer.prefix[1:].hex()}" in log
    assert CANARY in again.text


def test_a_destroyed_key_is_said(course, activity, page):
    """Who opens a text of a course that was destroyed learns that it is gone for good."""
    visitor = course.visit("instructor", activity)
    course_keys.destroy(course.session, activity.resource_link.context_id, at=course.now())
    course.session.commit()
    refused = visitor.get(page)

    assert refused.status_code == 410
    assert 'data-error-code="text.destroyed"' in refused.text
    assert course.fresh().query(Draft).count() == 1
