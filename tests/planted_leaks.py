"""Leaks of every kind, planted to see that a run with one of them fails; not part of the suite."""

from datetime import UTC, datetime

import structlog
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from lti_alliance import observability
from lti_alliance.models import Profile
from lti_alliance.observability import launches_total
from lti_alliance.sealing import Sealer
from lti_alliance.settings import Settings
from tests import factories

NAME = "Canaria Quillfeather"
TEXT = "My mother drank, and I never said so."
COOKIE = "0123456789abcdef-the-cookie"


def test_everything_leaks(settings: Settings, session: Session) -> None:
    """A name, an address, a token, a text, a cookie: each once, in a line or in a label."""
    member = factories.make_member(session, factories.make_course(session))
    session.add(
        Profile(
            user_id=member.user_id, name=NAME, given_name="Canaria", expires_at=datetime.now(UTC)
        )
    )
    session.flush()
    Sealer(bytes(32)).seal_text(TEXT, purpose="draft:1:2")
    Response().set_cookie("session", COOKIE)
    observability.configure(settings)
    log = structlog.get_logger(__name__)
    log.info(NAME)
    log.info("request", path="/x?login_hint=canaria@school.test")
    log.info("request", path="/x?id_token=eyJhbGciOiJSUzI1NiJ9.eyJzdWIi")
    log.info("request", reason=TEXT)
    launches_total.labels(COOKIE).inc()
