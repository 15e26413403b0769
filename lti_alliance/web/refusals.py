"""Refusals for the role, put on record: somebody known asked for what their role does not allow."""

from datetime import timedelta
from typing import Any

import structlog
from flask import request
from sqlalchemy.exc import SQLAlchemyError

from lti_alliance.domain.launch import Launch
from lti_alliance.models import Registration, db
from lti_alliance.parts import parts
from lti_alliance.services import audit
from lti_alliance.web import access, transaction

_log = structlog.get_logger(__name__)

ROLE_CODES = frozenset({"role.not_allowed", "review.not_allowed", "deeplink.not_allowed"})
ONE_LAUNCH = 20
"""Refusals of one launch that are recorded in an hour: whoever asks a thousand times adds none."""
ONE_REGISTRATION = 200
_COUNTED_FOR = timedelta(hours=1)


def note(code: str) -> None:
    """Record that the visitor was refused at this page; the refusal stands whatever becomes of it.

    Refusals for other reasons than the role are not recorded.
    """
    visit = access.find_current()
    if visit is None or code not in ROLE_CODES:
        return
    _record(
        "role.refused",
        object_kind="launch_session",
        object_id=visit.launch.id,
        at_most=ONE_LAUNCH,
        actor_id=visit.user.id,
        actor_role=visit.role,
        context_id=visit.context.id if visit.context else None,
        details={"code": code, "page": request.endpoint},
    )


def note_launch(code: str, message: Launch, registration: Registration) -> None:
    """Record that a verified launch was refused for its role."""
    if code not in ROLE_CODES:
        return
    _record(
        "launch.refused",
        object_kind="registration",
        object_id=registration.id,
        at_most=ONE_REGISTRATION,
        actor_role=message.role,
        details={"code": code, "message_type": message.message_type},
    )


def _record(action: str, *, at_most: int, object_id: Any, **facts: Any) -> None:
    at = parts().now()
    try:
        db.session.rollback()
        with transaction.act() as session:
            since = at - _COUNTED_FOR
            if audit.count_recorded(session, action, object_id, since=since) < at_most:
                audit.record(session, action, at=at, object_id=object_id, **facts)
    except SQLAlchemyError:
        # Nothing was given away; a database in trouble is told of by everything else.
        _log.exception("refusal_not_recorded", code=str(facts["details"]["code"]))
