"""Calls to a platform's services, with an access token that is kept and renewed.

Security Framework 1.0 section 4.1, https://www.imsglobal.org/spec/security/v1p0: client credentials
with a signed assertion (RFC 7523). PyLTI1p3's connector signs; the network, the token's life and
the reading of answers are ours, because the library knows no time limit, no expiry and no refusal.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pylti1p3.service_connector import ServiceConnector

from lti_alliance.domain.addresses import host_of
from lti_alliance.errors import (
    NotFound,
    PlatformError,
    PlatformRefused,
    PlatformUnavailable,
    PlatformUnclear,
)
from lti_alliance.lti import keys
from lti_alliance.lti.answers import failure, json_of, moment_of, next_page
from lti_alliance.lti.http import Answer, PlatformHTTP
from lti_alliance.lti.kept_tokens import Acts, Clock, KeptTokens, Recent
from lti_alliance.lti.service_log import note_call, note_token
from lti_alliance.lti.tool_config import library_registration
from lti_alliance.models import Registration
from lti_alliance.sealing import Sealer

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DEPLOYMENT_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/deployment_id"
_ISSUED_BEFORE_NOW = timedelta(seconds=5)
"""Moodle has no leeway for clocks that differ by a second."""
_ASSERTION_LIFE = timedelta(minutes=5)
_UNTOLD_LIFE_S = 300
_LONGEST_LIFE_S = 3600
_NOTABLE_SKEW = timedelta(seconds=10)
_TOKEN_DEADLINE_S = 15.0


class ServiceTokens:
    """What calls services for all registrations, each with a token of its own.

    What was read of a registration, and its token, is good for ``kept_for_s`` seconds, so that a
    batch of scores does not read the same rows for each of them.
    """

    def __init__(
        self,
        *,
        http: PlatformHTTP,
        acts: Acts,
        sealer: Sealer,
        now: Clock,
        kept_for_s: float = 0.0,
    ) -> None:
        self._http = http
        self._acts = acts
        self._sealer = sealer
        self._now = now
        self._kept_for_s = kept_for_s
        self._connectors: Recent[tuple[UUID, str], PlatformConnector] = Recent()
        self.kept = KeptTokens(acts=acts, sealer=sealer, now=now, kept_for_s=kept_for_s)

    def connector(self, registration_id: UUID, *, deployment_id: str) -> "PlatformConnector":
        """Return what calls the services of a registration for one of its deployments."""
        kept = self._connectors.find((registration_id, deployment_id))
        if kept is not None:
            return kept
        with self._acts() as session:
            registration = session.get_one(Registration, registration_id)
            try:
                key = keys.signing_key(session, self._sealer)
            except NotFound:
                raise PlatformUnavailable("internal_error") from None
        made = PlatformConnector(
            registration,
            key=key,
            deployment_id=deployment_id,
            http=self._http,
            tokens=self,
            now=self._now,
        )
        self._connectors.keep((registration_id, deployment_id), made, for_s=self._kept_for_s)
        return made

    def previous_key(self) -> keys.SigningKey | None:
        """Return the key that signed before the current one, while it is still published."""
        with self._acts() as session:
            return keys.previous_key(session, self._sealer)


class PlatformConnector(ServiceConnector):
    """PyLTI1p3's service connector with every network step through ``PlatformHTTP``."""

    def __init__(
        self,
        registration: Registration,
        *,
        key: keys.SigningKey,
        deployment_id: str,
        http: PlatformHTTP,
        tokens: ServiceTokens,
        now: Clock,
    ) -> None:
        super().__init__(library_registration(registration, private_key=key.private_key))
        self._ours = registration
        self._key = key
        self._deployment_id = deployment_id
        self._http = http
        self._tokens = tokens
        self._kept = tokens.kept
        self._now = now

    def request(
        self,
        method: str,
        url: str,
        *,
        scopes: Sequence[str],
        accept: str,
        content_type: str = "",
        data: str | None = None,
    ) -> Answer:
        """Call a service and return its answer; raise ``PlatformError`` for anything but success.

        A token that the platform does not take is renewed once.
        """
        if host_of(url) not in self._ours.service_hosts:
            raise PlatformRefused("address_refused")
        headers = {"Accept": accept} | ({"Content-Type": content_type} if content_type else {})
        for is_last in (False, True):
            token = self.get_access_token(scopes)
            answer = self._http.request(
                method,
                url,
                allow_local=self._ours.allow_local,
                headers=headers | {"Authorization": f"Bearer {token}"},
                data=data,
            )
            note_call(
                self._ours,
                answer,
                method=method,
                url=url,
                scopes=_joined(scopes),
                media_type=content_type or accept,
            )
            if answer.status != 401 or is_last:
                break
            self._kept.drop(self._ours, _joined(scopes), token)
        if error := failure(answer, at=self._now()):
            raise error
        return answer

    def get_access_token(self, scopes: Sequence[str]) -> str:
        """Return a token for these scopes, kept or new."""
        wanted = _joined(scopes)
        with self._kept.one_at_a_time(self._ours, wanted):
            if kept := self._kept.find(self._ours, wanted):
                return kept
            text, life = self._fetch(wanted)
            self._kept.keep(self._ours, wanted, text, expires_at=self._now() + life)
        return text

    def ask_for_token(self, scopes: Sequence[str]) -> timedelta:
        """Ask for a new token, whatever is kept, keep it, and return for how long it is good."""
        text, life = self._fetch(_joined(scopes))
        self._kept.keep(self._ours, _joined(scopes), text, expires_at=self._now() + life)
        return life

    def pages(self, scope: str, url: str, *, accept: str, most: int) -> Iterator[Any]:
        """Yield the bodies of a list's pages as JSON; raise for a list that does not end."""
        for _ in range(most):
            page = self.make_service_request([scope], url, accept=accept)
            yield page["body"]
            url = page["next_page_url"]
            if not url:
                return
        raise PlatformUnavailable("unexpected_answer", status=200)

    def make_service_request(
        self,
        scopes: Sequence[str],
        url: str,
        is_post: bool = False,  # noqa: FBT001, FBT002 -- PyLTI1p3's signature
        data: str | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        case_insensitive_headers: bool = False,  # noqa: FBT001, FBT002
    ) -> Any:
        """Call a service as PyLTI1p3 does: headers, the body as JSON, the next page's address."""
        answer = self.request(
            "POST" if is_post else "GET",
            url,
            scopes=scopes,
            accept=accept,
            content_type=content_type if is_post else "",
            data=data,
        )
        return {
            "headers": answer.headers if case_insensitive_headers else dict(answer.headers),
            "body": json_of(answer),
            "next_page_url": next_page(answer, url=url),
        }

    def _fetch(self, scopes: str) -> tuple[str, timedelta]:
        try:
            answer = self._ask_until_taken(scopes)
            if error := _token_failure(answer, at=self._now()):
                raise error
            return _read_token(answer)
        except PlatformError as error:
            error.endpoint = "token"
            raise

    def _ask_until_taken(self, scopes: str) -> Answer:
        at = self._now()
        answer = self._ask(scopes, at=at, key=self._key)
        there = moment_of(answer.headers.get("Date", ""))
        if answer.status in (400, 401) and there is not None and abs(there - at) > _NOTABLE_SKEW:
            # The assertion's times may be what is wrong; the platform says what time it is there.
            at = there
            answer = self._ask(scopes, at=at, key=self._key)
        if answer.status not in (400, 401) or b"invalid_scope" in answer.body:
            return answer
        previous = self._tokens.previous_key()
        if previous is None:
            return answer
        # A platform that holds on to an old key set does not know the newest key yet.
        second = self._ask(scopes, at=at, key=previous)
        return second if 200 <= second.status < 300 else answer

    def _ask(self, scopes: str, *, at: datetime, key: keys.SigningKey) -> Answer:
        url = self._ours.auth_token_url
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(at, key),
            "scope": scopes,
        }
        try:
            answer = self._http.request(
                "POST",
                url,
                allow_local=self._ours.allow_local,
                headers={"Accept": "application/json"},
                data=form,
                deadline_s=_TOKEN_DEADLINE_S,
            )
        except PlatformUnclear as error:
            # Whether a token was issued does not matter: the service has not been called yet.
            raise PlatformUnavailable(error.code) from None
        note_token(self._ours, answer, scopes=scopes)
        return answer

    def _assertion(self, at: datetime, key: keys.SigningKey) -> str:
        issued_at = int((at - _ISSUED_BEFORE_NOW).timestamp())
        claims: dict[str, Any] = {
            "iss": self._ours.client_id,
            "sub": self._ours.client_id,
            "aud": self._ours.auth_audience or self._ours.auth_token_url,
            "iat": issued_at,
            "exp": issued_at + int(_ASSERTION_LIFE.total_seconds()),
            "jti": str(uuid4()),
        }
        if self._deployment_id:
            claims[DEPLOYMENT_CLAIM] = self._deployment_id
        private_key: Any = key.private_key
        return str(self.encode_jwt(claims, private_key, {"kid": key.kid}))


def _token_failure(answer: Answer, *, at: datetime) -> PlatformError | None:
    if 200 <= answer.status < 300:
        return None
    error = failure(answer, at=at)
    if isinstance(error, PlatformRefused):
        code = "scope_refused" if "invalid_scope" in error.detail else "token_refused"
        return PlatformRefused(code, status=error.status, detail=error.detail)
    if isinstance(error, PlatformUnclear):
        return PlatformUnavailable(
            "platform_down", status=error.status, retry_after_s=error.retry_after_s
        )
    return error


def _read_token(answer: Answer) -> tuple[str, timedelta]:
    # The content type is not looked at: Moodle calls its JSON text/html.
    body = json_of(answer)
    text = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(text, str) or not text.isascii() or not text:
        raise PlatformUnavailable("token_malformed", status=answer.status)
    told = body.get("expires_in")
    life_s: float = _UNTOLD_LIFE_S
    if isinstance(told, int | float) and not isinstance(told, bool) and told > 0:
        life_s = min(told, _LONGEST_LIFE_S)
    return text, timedelta(seconds=life_s)


def _joined(scopes: Sequence[str]) -> str:
    return " ".join(sorted(scopes))
