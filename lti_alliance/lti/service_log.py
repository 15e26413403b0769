"""One line of the log for each call of a platform's service, for who wants to see every one.

The addresses stay out of it: they name courses and people. The scope says what was called.
"""

import structlog

from lti_alliance.domain.addresses import host_of
from lti_alliance.lti.http import Answer
from lti_alliance.models import Registration

_log = structlog.get_logger(__name__)


def note_token(registration: Registration, answer: Answer, *, scopes: str) -> None:
    """Note that a token was asked for, and with which status."""
    _log.debug(
        "platform_token",
        registration_id=str(registration.id),
        host=host_of(registration.auth_token_url),
        scope=scopes,
        status=answer.status,
    )


def note_call(
    registration: Registration,
    answer: Answer,
    *,
    method: str,
    url: str,
    scopes: str,
    media_type: str,
) -> None:
    """Note that a service was called: for what, in which media type, and with which status."""
    _log.debug(
        "platform_call",
        registration_id=str(registration.id),
        method=method,
        host=host_of(url),
        scope=scopes,
        media_type=media_type,
        status=answer.status,
    )
