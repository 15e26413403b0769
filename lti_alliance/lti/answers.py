"""What a platform's answer says: success or which failure, how long to wait, what comes next."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

from requests.utils import parse_header_links

from lti_alliance.domain.addresses import origin_of
from lti_alliance.errors import (
    PlatformError,
    PlatformRefused,
    PlatformUnavailable,
    PlatformUnclear,
)
from lti_alliance.lti import quirks
from lti_alliance.lti.http import Answer

_DETAIL_LENGTH = 200


def failure(answer: Answer, *, at: datetime) -> PlatformError | None:
    """Return what is wrong with a service's answer, or nothing."""
    wait = _retry_after(answer, at=at)
    if quirks.is_throttled(answer):
        return PlatformUnavailable("rate_limited", status=answer.status, retry_after_s=wait)
    if answer.status in (502, 504):
        # A gateway gave up waiting: what it passed the call on to may have done the work.
        return PlatformUnclear("no_answer", status=answer.status, retry_after_s=wait)
    if answer.status >= 500:
        return PlatformUnavailable("platform_down", status=answer.status, retry_after_s=wait)
    if not 200 <= answer.status < 300:
        return PlatformRefused("refused", status=answer.status, detail=detail(answer))
    if quirks.is_web_page(answer):
        return PlatformUnavailable("unexpected_answer", status=answer.status)
    return None


def json_of(answer: Answer) -> Any:
    """Return the body as JSON, or nothing where it is not JSON."""
    try:
        return answer.json()
    except ValueError:
        return None


def document_of(answer: Answer) -> dict[str, Any] | None:
    """Return the JSON object that a successful answer holds, or nothing."""
    body = json_of(answer) if 200 <= answer.status < 300 else None
    return body if isinstance(body, dict) else None


def detail(answer: Answer) -> str:
    """Return the platform's own sentence; never a body that is not of a known shape."""
    body = json_of(answer)
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    if isinstance(errors, list):
        errors = errors[0] if errors else None
    if isinstance(errors, dict):
        body = errors
    said = (body.get(name) for name in ("error", "error_description", "message", "reason"))
    return ": ".join(part for part in said if isinstance(part, str))[:_DETAIL_LENGTH]


def _retry_after(answer: Answer, *, at: datetime) -> float | None:
    told = answer.headers.get("Retry-After", "").strip()
    if told.isdecimal():
        return float(told)
    moment = moment_of(told)
    return (moment - at).total_seconds() if moment else None


def moment_of(text: str) -> datetime | None:
    """Return the moment that an HTTP date names, or nothing."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def next_page(answer: Answer, *, url: str) -> str:
    """Return the address of the page after this one, letter for letter; empty for the last.

    Raises ``PlatformRefused`` for another origin: the token would go there.
    """
    links = parse_header_links(answer.headers.get("Link", ""))
    target = next((link["url"] for link in links if link.get("rel") == "next"), "")
    if not target:
        return ""
    target = urljoin(url, target)
    if origin_of(target) != origin_of(url):
        raise PlatformRefused("address_refused")
    return target
