"""The launch: a platform's signed message becomes a value, once.

LTI Core 1.3 (https://www.imsglobal.org/spec/lti/v1p3) with the Security Framework 1.0. PyLTI1p3's
message launch gives the steps; every step that decides is ours, because the library takes tokens
that live for ever, nonces of another login, and a student for a teacher.
"""

from datetime import datetime
from typing import Any

from pylti1p3.message_launch import MessageLaunch
from pylti1p3.request import Request
from sqlalchemy.orm import Session

from lti_alliance.domain.addresses import parse_target
from lti_alliance.domain.launch import (
    Launch,
    MessageType,
    Role,
    Target,
    course_role,
    is_institution_administrator,
    is_test_user,
)
from lti_alliance.errors import LaunchRejected
from lti_alliance.lti import claims as read
from lti_alliance.lti import id_token
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.lti.login import Values, single
from lti_alliance.lti.platform_keys import platform_key
from lti_alliance.lti.state import LoginState
from lti_alliance.lti.tool_config import RegistrationConfig, library_registration
from lti_alliance.models import Registration

VERSION = "1.3.0"


def verify_launch(
    session: Session,
    http: PlatformHTTP,
    *,
    form: Values,
    state: LoginState,
    registration: Registration,
    launch_url: str,
    at: datetime,
) -> Launch:
    """Verify a posted message and return what it says; raise ``LaunchRejected`` for any other.

    ``state`` is that of the form, read and bound to this browser before. Nothing is stored but the
    platform's keys, in a transaction of their own; the caller's must not hold SQLite's write lock.
    Not checked here: whether the deployment is approved, and whether the state has been consumed.
    """
    if state.registration_id != registration.id:
        raise LaunchRejected("launch.state_mismatch", status=401)
    message = _Message(session, http, form, state, registration, at=at)
    return _launch(message.get_launch_data(), state, registration, launch_url=launch_url)


class _Form(Request):
    """The posted form as PyLTI1p3 asks for it."""

    def __init__(self, form: Values) -> None:
        self._form = form

    def is_secure(self) -> bool:
        return True

    def get_param(self, key: str) -> str:
        return single(self._form, key)


class _Message(MessageLaunch[Any, Any, Any, Any]):
    """PyLTI1p3's message launch with steps that hold, and without its cookies and its session."""

    def __init__(
        self,
        session: Session,
        http: PlatformHTTP,
        form: Values,
        state: LoginState,
        registration: Registration,
        *,
        at: datetime,
    ) -> None:
        # Bare objects fail as soon as anything is asked of them.
        super().__init__(_Form(form), RegistrationConfig(registration), object(), object())
        self._session = session
        self._http = http
        self._form = form
        self._state = state
        self._own = registration
        self._at = at

    def _get_request_param(self, key: str) -> str:
        return single(self._form, key)

    def validate(self) -> "_Message":
        """Take every step, in the order in which a token can be believed."""
        self.validate_jwt_format()
        self.validate_registration()
        self.validate_jwt_signature()
        self.validate_nonce()
        self.validate_message()
        self._validated = True
        return self

    def validate_jwt_format(self) -> "_Message":
        if not self._form.getlist("id_token"):
            raise LaunchRejected("launch.id_token_missing")
        self._token = self._get_request_param("id_token")
        kid = id_token.key_id(id_token.read_header(self._token))
        self._jwt = {"header": {"kid": kid, "alg": id_token.ALGORITHM}}
        return self

    def validate_registration(self) -> "_Message":
        # Known from the signed state; what the token says of it is checked after its signature.
        self._registration = library_registration(self._own)
        return self

    def validate_jwt_signature(self) -> "_Message":
        kid = self._jwt["header"]["kid"]
        key = platform_key(self._session, self._http, self._own, kid=kid, at=self._at)
        body = id_token.verified_claims(self._token, key)
        id_token.check_parties(body, self._own)
        id_token.check_times(body, at=self._at)
        self._jwt["body"] = body  # type: ignore[typeddict-item]
        return self

    def validate_nonce(self) -> "_Message":
        id_token.check_nonce(self._jwt["body"], self._state.nonce)
        return self

    def validate_message(self) -> "_Message":
        claims: read.Claims = self._jwt["body"]
        read.person(claims)
        kind = claims.get(f"{read.CLAIM}message_type")
        if not kind or not isinstance(kind, str):
            raise LaunchRejected("claim.message_type", status=422)
        if claims.get(f"{read.CLAIM}version") != VERSION:
            raise LaunchRejected("claim.version", status=422)
        if kind not in list(MessageType):
            raise LaunchRejected("claim.message_type_unknown", status=422)
        return self


def _launch(
    claims: read.Claims, state: LoginState, registration: Registration, *, launch_url: str
) -> Launch:
    site = read.site_of(registration)
    kind = MessageType(claims[f"{read.CLAIM}message_type"])
    deployment_id = read.deployment_id(claims)
    target = _target(claims, kind, state, launch_url=launch_url)
    roles = read.role_uris(claims)
    is_review, is_deep_linking = (
        kind is MessageType.SUBMISSION_REVIEW,
        kind is MessageType.DEEP_LINKING,
    )
    link = read.reviewed_link(claims) if is_review else None
    if kind is MessageType.RESOURCE_LINK:
        link = read.resource_link(claims)
    role = course_role(roles)
    return Launch(
        message_type=kind,
        registration_id=registration.id,
        deployment_id=deployment_id,
        person=read.person(claims),
        role=role,
        is_test_user=is_test_user(roles),
        is_institution_administrator=is_institution_administrator(roles),
        context=read.context(claims),
        resource_link=link,
        target=target,
        for_user=read.reviewed_user(claims) if is_review else "",
        mentored=read.mentored_users(claims) if role is Role.OBSERVER else (),
        custom=read.custom(claims),
        grade_service=read.grade_service(claims, site),
        roster_service=read.roster_service(claims, site),
        notice_service=read.notice_service(claims, site),
        deep_linking=read.deep_linking(claims, registration) if is_deep_linking else None,
        platform_family=read.platform_family(claims, registration),
        platform_name=read.platform_name(claims),
        return_url=read.return_url(claims, site),
        locale=read.locale(claims),
        is_framed=read.is_framed(claims),
    )


def _target(
    claims: read.Claims, kind: MessageType, state: LoginState, *, launch_url: str
) -> Target:
    uri = claims.get(f"{read.CLAIM}target_link_uri")
    if uri is None and kind is MessageType.DEEP_LINKING:
        # The certification suite sends none there.
        return Target()
    if not uri or not isinstance(uri, str):
        raise LaunchRejected("claim.target_link_uri", status=422)
    target = parse_target(uri, launch_url=launch_url)
    # The login's own was ours; both are compared by what they ask for.
    if target is None or target != parse_target(state.target_link_uri, launch_url=launch_url):
        raise LaunchRejected("claim.target_mismatch", status=422)
    return target
