"""Notices: verified as strictly as a launch, and asked for at the platform.

Platform Notification Service 1.0, https://www.imsglobal.org/spec/lti/v1p3/pns. Implements
``services.ports.NoticeHandlers``. A notice answers no login, so its id takes the nonce's place.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from lti_alliance.domain.notices import NOTICE_SCOPE, Notice, NoticeHandlersRef, NoticeType
from lti_alliance.errors import LaunchRejected
from lti_alliance.lti import claims as read
from lti_alliance.lti import id_token
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.lti.launch import VERSION
from lti_alliance.lti.platform_keys import platform_key
from lti_alliance.lti.tokens import ServiceTokens
from lti_alliance.models import Registration

Value = TypeVar("Value")

MAX_NOTICES = 50
_MAX_ORIGINS = 20

FindSender = Callable[[str, str], Registration | None]
"""Finds a registration by issuer and client id."""


def read_envelope(body: object) -> list[str]:
    """Return the tokens of what was posted; raise ``LaunchRejected`` for any other shape."""
    listed = body.get("notices") if isinstance(body, dict) else None
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_NOTICES:
        raise LaunchRejected("notice.malformed", status=400)
    tokens = [each.get("jwt") if isinstance(each, dict) else None for each in listed]
    found = [each for each in tokens if isinstance(each, str) and each]
    if len(found) < len(tokens):
        raise LaunchRejected("notice.malformed", status=400)
    return found


def verify_notice(
    session: Session, http: PlatformHTTP, token: str, *, find_sender: FindSender, at: datetime
) -> Notice:
    """Verify one notice and return what it says; raise ``LaunchRejected`` for any other.

    Not checked here: whether its deployment is approved, and whether it has come before.
    """
    kid = _read(lambda: id_token.key_id(id_token.read_header(token)), "notice.signature")
    registration = _sender(id_token.unverified_claims(token), find_sender)
    try:
        key = platform_key(session, http, registration, kid=kid, at=at)
    except LaunchRejected as refused:
        if refused.code != "token.kid_unknown":
            # Its keys cannot be reached just now: that says nothing about the notice.
            raise
        raise LaunchRejected("notice.signature", status=401) from refused
    claims = _read(lambda: id_token.verified_claims(token, key), "notice.signature")
    _read(lambda: id_token.check_parties(claims, registration), "notice.unknown_sender", 403)
    _read(lambda: id_token.check_times(claims, at=at), "notice.expired")
    told = read.part(claims, f"{read.CLAIM}notice")
    if claims.get(f"{read.CLAIM}version") != VERSION or not (
        read.is_identifier(told.get("id")) and read.is_identifier(told.get("type"))
    ):
        raise LaunchRejected("notice.malformed", status=400)
    context = read.part(claims, f"{read.CLAIM}context").get("id")
    origins = claims.get(f"{read.CLAIM}origin_contexts")
    listed = origins[:_MAX_ORIGINS] if isinstance(origins, list) else []
    return Notice(
        registration_id=registration.id,
        deployment_id=_read(lambda: read.deployment_id(claims), "notice.unknown_sender", 403),
        id=told["id"],
        kind=told["type"],
        context=context if isinstance(context, str) and read.is_identifier(context) else "",
        origins=tuple(each for each in listed if read.is_identifier(each)),
    )


class NoticeHandlers:
    """The notification services of all registered platforms."""

    def __init__(self, tokens: ServiceTokens) -> None:
        self._tokens = tokens

    def subscribe(
        self, handlers: NoticeHandlersRef, kinds: Sequence[NoticeType], address: str
    ) -> None:
        """Have these notices of one deployment sent to an address."""
        connector = self._tokens.connector(
            handlers.registration_id, deployment_id=handlers.deployment_id
        )
        for kind in kinds:
            connector.request(
                "PUT",
                handlers.url,
                scopes=[NOTICE_SCOPE],
                accept="application/json",
                content_type="application/json",
                data=json.dumps({"notice_type": kind, "handler": address}),
            )


def _sender(claims: Mapping[str, Any], find_sender: FindSender) -> Registration:
    # What is not verified yet only chooses whose key the signature has to fit.
    audience, issuer = claims.get("aud"), claims.get("iss")
    named = audience if isinstance(audience, list) else [audience]
    for client_id in named[:_MAX_ORIGINS]:
        if isinstance(client_id, str) and isinstance(issuer, str):
            found = find_sender(issuer, client_id)
            if found is not None:
                return found
    raise LaunchRejected("notice.unknown_sender", status=403)


def _read(step: Callable[[], Value], code: str, status: int = 401) -> Value:
    """Take one step of the check, with the notice's own code for a refusal."""
    try:
        return step()
    except LaunchRejected as refused:
        raise LaunchRejected(code, status=status) from refused
