"""Asking for notices: once per deployment, by the worker, and again when it did not work."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from lti_alliance.domain.notices import NoticeType
from lti_alliance.errors import PlatformError
from lti_alliance.lti.notices import NoticeHandlers
from lti_alliance.models import Deployment, NoticeSubscription
from lti_alliance.practice_lms import scopes
from lti_alliance.services import notices
from tests.campus import LEASE, Campus

ADDRESS = "http://localhost:8000/lti/notices"


@pytest.fixture
def campus(engine: Engine) -> Campus:
    """Canvas, where the tool has the scope."""
    campus = Campus(engine, "canvas")
    campus.platform.state.tool.scopes.append(scopes.NOTICES)
    return campus


def want(campus: Campus) -> None:
    """Let a launch tell where notices are asked for."""
    url = f"{campus.platform.root}/api/lti/notice-handlers/{campus.platform.state.tool.number}"
    with campus.act() as session:
        notices.want(session, session.scalars(select(Deployment)).one(), url, at=campus.at)


def work(campus: Campus) -> PlatformError | None:
    """Make the subscription that is due, and return why it failed."""
    with campus.act() as session:
        assert notices.is_any_due(session, at=campus.at)
        step = notices.claim(session, at=campus.at, lease=LEASE, token="t")
        assert step is not None
    handlers = NoticeHandlers(campus.gradebook._tokens)
    error = notices.call(handlers, step, address=ADDRESS)
    with campus.act() as session:
        assert notices.record(session, step, error, at=campus.at, jitter=1.0)
        assert not notices.record(session, step, error, at=campus.at, jitter=1.0)
    return error


def row(campus: Campus) -> NoticeSubscription:
    with campus.act() as session:
        return session.scalars(select(NoticeSubscription)).one()


def is_due(campus: Campus) -> bool:
    with campus.act() as session:
        return notices.is_any_due(session, at=campus.at)


def test_canvas_sends_notices_from_then_on(campus: Campus) -> None:
    """Both kinds are asked for in one go, and a launch that tells the same asks for nothing."""
    want(campus)
    error = work(campus)
    want(campus)

    assert error is None
    assert campus.platform.state.tool.notice_handlers == dict.fromkeys(NoticeType, ADDRESS)
    assert row(campus).done_at == campus.at
    assert not is_due(campus)
    campus.at += notices.AGAIN
    assert is_due(campus)


def test_one_worker_at_a_time(campus: Campus) -> None:
    """What one worker holds no other takes, until its lease has run out."""
    want(campus)
    with campus.act() as session:
        assert notices.claim(session, at=campus.at, lease=LEASE, token="a")
        assert notices.claim(session, at=campus.at, lease=LEASE, token="b") is None
    campus.at += LEASE
    with campus.act() as session:
        assert notices.claim(session, at=campus.at, lease=LEASE, token="b")


def test_a_refusal_is_left_alone_for_a_day(campus: Campus) -> None:
    """Where the tool lacks the permission, the platform is asked again a day later."""
    campus.platform.state.tool.scopes.remove(scopes.NOTICES)
    want(campus)
    error = work(campus)

    assert error is not None
    assert row(campus).reason == error.code
    campus.at += timedelta(hours=23)
    assert not is_due(campus)
    campus.at += timedelta(hours=1)
    assert is_due(campus)
