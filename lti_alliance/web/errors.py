"""Every failure as an answer: a page or JSON with a stable code, a request id and what to do next.

Nothing else turns an exception into a status. The words are in ``web/problems.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException, MethodNotAllowed, TooManyRequests

from lti_alliance.errors import (
    AllianceError,
    Conflict,
    InvalidInput,
    LaunchRejected,
    NotAllowed,
    NotFound,
    SignedOut,
)
from lti_alliance.models import db
from lti_alliance.parts import parts
from lti_alliance.sealing import KeyMissing, SealBroken
from lti_alliance.services.course_keys import KeyDestroyed
from lti_alliance.web import access, forms, refusals, security, transaction
from lti_alliance.web.problems import PROBLEMS, Problem
from lti_alliance.web.request_log import request_id

_log = structlog.get_logger(__name__)

RETRY_AFTER_S = 60
_HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "request_too_large",
    414: "request_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}
# For a code that has no words of its own.
_GENERAL = {
    401: "session.expired",
    403: "role.not_allowed",
    404: "resource.unknown",
    409: "conflict",
    422: "input.invalid",
    500: "internal",
}
# What an administrator copies to approve an installation; nothing here tells about a person.
_FACT_NAMES = ("issuer", "client_id", "deployment_id")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is known of one failure when its answer is written."""

    code: str
    status: int
    facts: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    allow: tuple[str, ...] = ()

    @property
    def problem(self) -> Problem:
        """The words for it."""
        return PROBLEMS.get(self.code) or PROBLEMS[_GENERAL.get(self.status, "bad_request")]


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A form that could not be dealt with, to be sent again as it came."""

    action: str
    csrf_token: str
    """The one that came with it, which may be none of ours."""
    fields: tuple[tuple[str, str], ...]
    """All others."""
    written: tuple[str, ...]
    """What a person wrote in words, to be read or copied."""
    has_entries: bool
    """Whether it holds more than every form carries."""


def register(app: Flask) -> None:
    """Answer every exception that leaves a view."""
    app.register_error_handler(AllianceError, _answer_ours)
    app.register_error_handler(HTTPException, _answer_http)
    for failure in (OperationalError, InterfaceError, NoConnectionFree):
        app.register_error_handler(failure, _answer_database)
    app.register_error_handler(Exception, _answer_unforeseen)


def answer(refusal: Refusal) -> Response:
    """Write the answer, as JSON where that is preferred, and keep the code for the log line."""
    try:
        return _written(refusal)
    except Exception as error:  # noqa: BLE001 - the page itself may be what is broken
        _log.error("internal.page", exc_info=error)
        return _bare_page()


def _written(refusal: Refusal) -> Response:
    db.session.rollback()
    g.problem_code = refusal.code
    if not security.is_framing_decided():
        security.allow_framing_by_anyone()
    problem = refusal.problem
    if _prefers_json():
        response = jsonify(
            error=refusal.code,
            message=problem.message,
            request_id=request_id(),
            **_shown_facts(refusal),
            **({"fields": dict(refusal.fields)} if refusal.fields else {}),
        )
    else:
        response = make_response(_page(refusal, problem))
    response.status_code = refusal.status
    if refusal.allow:
        response.headers["Allow"] = ", ".join(refusal.allow)
    if refusal.status in (429, 503):
        response.headers.setdefault("Retry-After", str(RETRY_AFTER_S))
    return response


def _page(refusal: Refusal, problem: Problem) -> str:
    return render_template(
        "errors/problem.html",
        code=refusal.code,
        problem=problem,
        facts=_shown_facts(refusal),
        platform_says=refusal.facts.get("platform_says", ""),
        platform_means=refusal.facts.get("platform_means", ""),
        fields=refusal.fields,
        kept=_kept_form() if refusal.status >= 500 else None,
        request_id=request_id(),
        support_contact=parts().settings.support_contact,
    )


def _kept_form() -> KeptForm | None:
    """Return the form of one of our pages that came with the request.

    What a platform or another site sent is not put on a page of ours: it may hold a token, or be
    words that would look like ours and are one click away from being sent.
    """
    rule = access.rule_of(current_app, request.endpoint) if request.endpoint else None
    if request.method != "POST" or rule is None or rule.takes_cross_site_forms:
        return None
    try:
        security.check_origin()
    except NotAllowed:
        return None
    others = [each for each in request.form.items(multi=True) if each[0] != security.CSRF_FIELD]
    entries = [each for values in forms.other_fields(request.form).values() for each in values]
    query = request.query_string.decode("ascii", "replace")
    return KeptForm(
        action=f"{request.script_root}{request.path}{'?' if query else ''}{query}",
        csrf_token=request.form.get(security.CSRF_FIELD, ""),
        fields=tuple(others),
        written=tuple(each for each in entries if " " in each),
        has_entries=any(entries),
    )


def _shown_facts(refusal: Refusal) -> dict[str, str]:
    return {name: refusal.facts[name] for name in _FACT_NAMES if name in refusal.facts}


def _prefers_json() -> bool:
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def _answer_ours(error: AllianceError) -> Response:
    match error:
        case LaunchRejected():
            known = PROBLEMS.get(error.code)
            status = known.status if known else error.status
            return answer(Refusal(error.code, status, facts=error.facts))
        case NotFound():
            # What is not there and what is not the asker's look the same, down to the code.
            return answer(Refusal("resource.unknown", 404))
        case NotAllowed():
            refusals.note(error.code)
            return answer(Refusal(error.code, 403))
        case SignedOut():
            return answer(Refusal(error.code, 401))
        case Conflict():
            return answer(Refusal(error.reason, 409))
        case InvalidInput():
            return answer(Refusal(error.code, 422, fields=error.fields))
        case SealBroken():
            return _answer_sealed(error)
        case KeyDestroyed():
            return answer(Refusal("text.destroyed", 410))
        case _:
            return _answer_unforeseen(error)


def _answer_sealed(error: SealBroken) -> Response:
    """Answer a text that does not open; an operator finds in the log which key is missing."""
    missing = error.key_id if isinstance(error, KeyMissing) else ""
    _log.error("text.unreadable", reason=str(error), key_id=missing, exc_info=error)
    return answer(Refusal("text.unreadable", 503))


def _answer_http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    code = _HTTP_CODES.get(error.code, "internal" if error.code >= 500 else "bad_request")
    allow: tuple[str, ...] = ()
    if isinstance(error, MethodNotAllowed):
        # HEAD goes without saying where GET is, and nothing here answers OPTIONS.
        allow = tuple(sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"}))
    response = answer(Refusal(code, error.code, allow=allow))
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _answer_database(error: SQLAlchemyError) -> ResponseReturnValue:
    """Answer a failure of the database: by another try, or by a page that says what is certain."""
    if transaction.may_repeat(error):
        _log.warning("database.repeated", exc_info=error)
        try:
            return transaction.repeat()
        except Exception as again:  # noqa: BLE001 - whatever it is has its own answer here
            return current_app.handle_user_exception(again)
    _log.error("database.unavailable", exc_info=error)
    code = "service_unavailable" if transaction.is_undone(error) else "service_unclear"
    # Who is asking was read from the database, which may not answer the page either.
    transaction.forget()
    return answer(Refusal(code, 503))


def _answer_unforeseen(error: Exception) -> Response:
    _log.error("internal", code="internal", exc_info=error)
    return answer(Refusal("internal", 500))


def _bare_page() -> Response:
    """Return a page that needs neither database nor templates."""
    response = make_response(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Something went wrong</title>'
        '<main data-error-code="internal"><h1>Something went wrong</h1>'
        "<p>Something went wrong on our side. Nothing was lost. Try again in a minute.</p>"
        f"<p>Request number: {request_id()}</p></main></html>"
    )
    response.status_code = 500
    return response
