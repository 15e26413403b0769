"""Reading claims out of a verified message: what is there, in the right shape, fit to be shown.

LTI Core 1.3 section 5 and appendix C (https://www.imsglobal.org/spec/lti/v1p3). A claim that the
launch cannot do without is refused by name; any other that has the wrong shape is as good as
absent. Platforms send ``null`` for what they do not know, and keys that no standard names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lti_alliance.domain.addresses import ServiceAddress, is_form_target, judge_service_address
from lti_alliance.domain.launch import (
    DeepLinkingRequest,
    GradeService,
    LaunchContext,
    LaunchResourceLink,
    NoticeService,
    Person,
    RosterService,
)
from lti_alliance.domain.notices import NOTICE_SCOPE, NoticeType
from lti_alliance.errors import LaunchRejected
from lti_alliance.models import Registration

Claims = Mapping[str, Any]

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
GRADE_SERVICE = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
DEEP_LINKING_SETTINGS = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
LINK_TYPE = "ltiResourceLink"
ROSTER_SERVICE = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"

MAX_ID = 255
MAX_TEXT = 255
MAX_CUSTOM_TEXT = 1000
MAX_CUSTOM_VALUES = 100
MAX_RETURN_URL = 500
MAX_MENTORED = 50

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# Controls, halves of characters, and marks of direction: a name with an override would turn the
# sentence around it. Joiners stay, which names in many scripts need.
_UNFIT = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)
_LOCALE = re.compile(r"[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8}){0,2}")
_FAMILIES = ("canvas", "moodle")


@dataclass(frozen=True, slots=True)
class Site:
    """What a registration says of the addresses that its platform may name."""

    known_hosts: frozenset[str]
    allow_local: bool
    is_secure: bool

    def judge(self, url: object) -> ServiceAddress | None:
        """Return the address as it may be kept, or nothing for one never to be called."""
        return judge_service_address(
            url,
            known_hosts=self.known_hosts,
            allow_local=self.allow_local,
            is_secure=self.is_secure,
        )


def site_of(registration: Registration) -> Site:
    """Return what the registration says of its platform's addresses."""
    # The issuer does not count: on Canvas it is a name, the same for every school.
    own = (registration.auth_login_url, registration.auth_token_url)
    return Site(
        known_hosts=frozenset(registration.service_hosts),
        allow_local=registration.allow_local,
        is_secure=any(url.startswith("https:") for url in own),
    )


def text(value: object, limit: int = MAX_TEXT) -> str:
    """Return a claim as one line of text that is fit to be shown, cut to its limit."""
    if not isinstance(value, str):
        return ""
    # Line breaks become blanks before the other controls go.
    one_line = _UNFIT.sub("", " ".join(value[: limit * 4].split()))
    return " ".join(one_line.split())[:limit].strip()


def is_identifier(value: object) -> bool:
    """Say whether a claim can name something: 1 to 255 characters and no control among them."""
    return isinstance(value, str) and 0 < len(value) <= MAX_ID and not _CONTROL.search(value)


def part(claims: Claims, name: str) -> Claims:
    """Return a claim that is an object, empty for any other."""
    value = claims.get(name)
    return value if isinstance(value, dict) else {}


def person(claims: Claims) -> Person:
    """Read the user; only ``sub`` ever identifies anybody (Core 1.3 section 5.3.6)."""
    if "sub" not in claims:
        raise LaunchRejected("claim.sub_missing", status=422)
    if not is_identifier(claims["sub"]):
        raise LaunchRejected("claim.sub_invalid", status=422)
    return Person(
        sub=claims["sub"],
        name=text(claims.get("name")),
        given_name=text(claims.get("given_name")),
        family_name=text(claims.get("family_name")),
        email=text(claims.get("email")),
    )


def deployment_id(claims: Claims) -> str:
    """Read which installation of the tool was launched."""
    value = claims.get(f"{CLAIM}deployment_id")
    if not isinstance(value, str) or not is_identifier(value):
        raise LaunchRejected("claim.deployment_id", status=422)
    return value


def role_uris(claims: Claims) -> list[str]:
    """Read the roles: a list of texts, which may be empty."""
    uris = claims.get(f"{CLAIM}roles")
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        raise LaunchRejected("claim.roles", status=422)
    return uris


def context(claims: Claims) -> LaunchContext | None:
    """Read the course, which a launch may lack."""
    value = claims.get(f"{CLAIM}context")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise LaunchRejected("claim.context", status=422)
    if not value.get("id"):
        return None
    if not is_identifier(value["id"]):
        raise LaunchRejected("claim.context", status=422)
    return LaunchContext(
        id=value["id"], label=text(value.get("label")), title=text(value.get("title"))
    )


def resource_link(claims: Claims) -> LaunchResourceLink:
    """Read the link that was opened."""
    value = part(claims, f"{CLAIM}resource_link")
    if not is_identifier(value.get("id")):
        raise LaunchRejected("claim.resource_link", status=422)
    return LaunchResourceLink(id=value["id"], title=text(value.get("title")))


def reviewed_user(claims: Claims) -> str:
    """Read whose work a review is about (Submission Review 1.0), and check that it has a column."""
    user_id = part(claims, f"{CLAIM}for_user").get("user_id")
    if not isinstance(user_id, str) or not is_identifier(user_id):
        raise LaunchRejected("claim.for_user", status=422)
    if not is_identifier(part(claims, GRADE_SERVICE).get("lineitem")):
        raise LaunchRejected("claim.lineitem", status=422)
    return user_id


def reviewed_link(claims: Claims) -> LaunchResourceLink | None:
    """Read the link of a submission review, which may lack one: the column says it as well."""
    has_link = is_identifier(part(claims, f"{CLAIM}resource_link").get("id"))
    return resource_link(claims) if has_link else None


def mentored_users(claims: Claims) -> tuple[str, ...]:
    """Read whose progress an observer may see (Core 1.3 appendix D.1); nothing where none is."""
    told = claims.get(f"{CLAIM}role_scope_mentor")
    listed = told if isinstance(told, list) else []
    return tuple(each for each in listed if is_identifier(each))[:MAX_MENTORED]


def custom(claims: Claims) -> dict[str, str]:
    """Read the custom values: texts only, without variables that the platform left unresolved."""
    values = part(claims, f"{CLAIM}custom")
    readable = {
        key: text(value, MAX_CUSTOM_TEXT)
        for key, value in values.items()
        if is_identifier(key) and isinstance(value, str) and not value.startswith("$")
    }
    return dict(list(readable.items())[:MAX_CUSTOM_VALUES])


def grade_service(claims: Claims, site: Site) -> GradeService | None:
    """Read the AGS endpoint (AGS 2.0 section 3.1); one bad address switches all of it off."""
    told = part(claims, GRADE_SERVICE)
    scopes = told.get("scope")
    named = {name: told[name] for name in ("lineitems", "lineitem") if told.get(name)}
    judged = {name: site.judge(url) for name, url in named.items()}
    found = {name: address for name, address in judged.items() if address is not None}
    if not found or len(found) < len(named) or not isinstance(scopes, list):
        return None
    held = [address.held_host for address in found.values() if address.held_host]
    return GradeService(
        scopes=frozenset(scope for scope in scopes if isinstance(scope, str)),
        lineitems=found["lineitems"].url if "lineitems" in found else "",
        lineitem=found["lineitem"].url if "lineitem" in found else "",
        held_host=held[0] if held else "",
    )


def roster_service(claims: Claims, site: Site) -> RosterService | None:
    """Read the NRPS endpoint (NRPS 2.0 section 3.6.1.1)."""
    address = site.judge(part(claims, ROSTER_SERVICE).get("context_memberships_url"))
    return RosterService(address.url, address.held_host) if address else None


def notice_service(claims: Claims, site: Site) -> NoticeService | None:
    """Read where notices are asked for (Platform Notification Service 1.0)."""
    told = part(claims, f"{CLAIM}platformnotificationservice")
    types = told.get("notice_types_supported")
    scopes = told.get("scope")
    if not isinstance(types, list) or not set(NoticeType) <= {str(each) for each in types}:
        return None
    if not isinstance(scopes, list) or NOTICE_SCOPE not in scopes:
        return None
    address = site.judge(told.get("platform_notification_service_url"))
    return NoticeService(address.url, address.held_host) if address else None


def deep_linking(claims: Claims, registration: Registration) -> DeepLinkingRequest:
    """Read what a deep linking request accepts and where its answer goes."""
    settings = claims.get(DEEP_LINKING_SETTINGS)
    if not isinstance(settings, dict):
        raise LaunchRejected("deeplink.settings", status=422)
    types = settings.get("accept_types")
    if not isinstance(types, list) or not all(isinstance(each, str) for each in types):
        raise LaunchRejected("deeplink.settings", status=422)
    if LINK_TYPE not in types:
        raise LaunchRejected("deeplink.type", status=422)
    url = settings.get("deep_link_return_url")
    if not is_form_target(url, allow_local=registration.allow_local):
        raise LaunchRejected("deeplink.return_url", status=422)
    assert isinstance(url, str)
    data = settings.get("data")
    return DeepLinkingRequest(
        return_url=url,
        data=data if isinstance(data, str) else None,
        accepts_multiple=settings.get("accept_multiple") is True,
        accepts_line_item=settings.get("accept_lineitem") is not False,
    )


def return_url(claims: Claims, site: Site) -> str:
    """Read where a person may be led back to: a page of the platform itself, or nowhere."""
    url = part(claims, f"{CLAIM}launch_presentation").get("return_url")
    address = site.judge(url)
    if address is None or address.held_host or len(address.url) > MAX_RETURN_URL:
        return ""
    return address.url


def locale(claims: Claims) -> str:
    """Read the language in which the platform shows itself to the person."""
    shown = part(claims, f"{CLAIM}launch_presentation").get("locale")
    for value in (shown, claims.get("locale")):
        if isinstance(value, str) and _LOCALE.fullmatch(value) and len(value) <= 20:
            return value
    return ""


def is_framed(claims: Claims) -> bool:
    """Say whether the launch opens inside the platform's page; when nothing is said, it does."""
    target = part(claims, f"{CLAIM}launch_presentation").get("document_target")
    return target != "window"


def platform_family(claims: Claims, registration: Registration) -> str:
    """Return which kind of platform sent the message, as far as it matters here."""
    code = part(claims, f"{CLAIM}tool_platform").get("product_family_code")
    if isinstance(code, str) and code.lower() in _FAMILIES:
        return code.lower()
    return registration.family


def platform_name(claims: Claims) -> str:
    """Return what the platform calls itself."""
    return text(part(claims, f"{CLAIM}tool_platform").get("name"))
