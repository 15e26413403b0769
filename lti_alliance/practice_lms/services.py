"""Plumbing of the service endpoints: answers, refusals, and the record of every call."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NoReturn

from flask import Response, g, jsonify, request

from lti_alliance.practice_lms import faults
from lti_alliance.practice_lms.messages import parsed
from lti_alliance.practice_lms.moods import Fault
from lti_alliance.practice_lms.platform import Platform, platform_named
from lti_alliance.practice_lms.stats import Pair
from lti_alliance.practice_lms.wire import SOCKET, is_dropped

LONGEST_ANSWER = 50_000
"""A longer answer, such as the grades of a great class, is remembered by its beginning."""
ISO_8601 = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?"
)


class Refusal(Exception):
    """An answer that ends the request here and now."""

    def __init__(self, response: Response) -> None:
        """Carry the response."""
        super().__init__(response.status)
        self.response = response


def refuse(response: Response) -> NoReturn:
    """End the request with this response."""
    raise Refusal(response)


def answer(body: Any, *, status: int | str = 200, media_type: str = "application/json") -> Response:
    """Return a JSON answer of exactly this media type."""
    response = jsonify(body)
    if isinstance(status, str):
        response.status = status
    else:
        response.status_code = status
    response.headers["Content-Type"] = f"{media_type}; charset=utf-8"
    return response


def bearer_token() -> str | None:
    """Return the access token that came with the request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def parse_moment(text: object) -> datetime | None:
    """Read an ISO 8601 date and time; without a zone it is taken as UTC."""
    match = ISO_8601.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in (None, "Z") else zone
    if ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    fraction = (fraction or "0")[:6].ljust(6, "0")
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{fraction}{zone}").astimezone(UTC)
    except ValueError:
        return None


def written(moment: float) -> str:
    """Return seconds since the epoch as an ISO 8601 text."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


View = Callable[..., Response]


def endpoint(platform_name: str, kind: str, *, fault: str = "") -> Callable[[View], View]:
    """Make a view a protocol endpoint: it can be broken on purpose, and its calls are recorded."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def observed(*args: Any, **kwargs: Any) -> Response:
            platform = platform_named(platform_name)

            def proceed() -> Response:
                try:
                    return view(*args, **kwargs)
                except Refusal as refusal:
                    return refusal.response

            user_id = _user_of_score() if fault == "score" else None
            platform.stats.count_call(fault or "unknown", host=request.host)
            done = _in_flight(platform, user_id)
            found: Fault | None = None
            response: Response | None = None
            try:
                response = faults.mood(platform, fault)
                if response is None:
                    found = faults.next_fault(platform, fault, user_id=user_id)
                    response = faults.misbehave(platform, found, proceed) if found else proceed()
            finally:
                if response is not None and response.is_streamed:
                    response.response = _until_sent(response.response, done)
                else:
                    done()
            _record(platform, kind, response, found)
            status = None if is_dropped() else response.status_code
            platform.stats.count_answer(fault or "unknown", status)
            return response

        return observed

    return decorate


def _user_of_score() -> str | None:
    sent = parsed(request.get_data(as_text=True))
    found = sent.get("userId") if isinstance(sent, dict) else None
    return None if found is None else str(found)


def _in_flight(platform: Platform, user_id: str | None) -> Callable[[], None]:
    """Note that a score call is being dealt with; return what says that it no longer is."""
    if user_id is None:
        return lambda: None
    pair = Pair(str((request.view_args or {}).get("item_id")), user_id)
    call = platform.stats.begin_score(pair, connection=request.environ.get(SOCKET))
    return functools.partial(platform.stats.end_score, call)


def _until_sent(chunks: Iterable[Any], done: Callable[[], None]) -> Iterator[Any]:
    try:
        yield from chunks
    finally:
        done()


def _record(platform: Platform, kind: str, response: Response, fault: Fault | None) -> None:
    sent: Any = parsed(request.get_data(as_text=True)) if request.data else None
    if request.form:
        sent = request.form.to_dict()
    answered: Any = g.get("answered")
    if response.is_streamed:
        answered = "(in many pieces)"
    elif answered is None:
        text = response.get_data().decode("utf-8", "replace")
        answered = parsed(text) if len(text) <= LONGEST_ANSWER else text
    platform.messages.add(
        platform.name,
        kind + (f" (broken on purpose: {fault.kind})" if fault else ""),
        method=request.method,
        url=request.url,
        sent=sent,
        status=None if is_dropped() else response.status_code,
        answered="connection dropped" if is_dropped() else answered,
    )
