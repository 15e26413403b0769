"""Each claim by itself: where it stands, which shapes it may have, and where its limits are.

No signature, no database: what a whole message comes to is in ``test_launch.py``.
"""

from typing import Any

import pytest

from lti_alliance.domain.addresses import ServiceAddress
from lti_alliance.domain.launch import (
    DeepLinkingRequest,
    GradeService,
    LaunchContext,
    LaunchResourceLink,
    NoticeService,
    Person,
    RosterService,
)
from lti_alliance.errors import LaunchRejected
from lti_alliance.lti import claims as read
from lti_alliance.models import Registration

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
SETTINGS = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
PNS = f"{CLAIM}platformnotificationservice"
NOTICES = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"
SITE = read.Site(known_hosts=frozenset({"lms.test"}), allow_local=False, is_secure=True)


def registered(**fields: Any) -> Registration:
    given = {
        "family": "moodle",
        "auth_login_url": "https://lms.test/auth",
        "auth_token_url": "https://lms.test/token",
        "service_hosts": ["lms.test"],
        "allow_local": False,
    }
    return Registration(**(given | fields))


def refusal(reading: Any, *given: Any) -> tuple[str, int]:
    with pytest.raises(LaunchRejected) as refused:
        reading(*given)
    return refused.value.code, refused.value.status


# The platform's addresses


def test_a_site_is_what_the_registration_says() -> None:
    """Its hosts are those that somebody approved, not the issuer's."""
    site = read.site_of(registered(issuer="https://issuer.test"))

    assert site == SITE
    assert read.site_of(registered(allow_local=True)).allow_local


@pytest.mark.parametrize(
    ("login", "token", "is_secure"),
    [
        ("https://lms.test/auth", "https://lms.test/token", True),
        ("http://lms.test/auth", "https://lms.test/token", True),
        ("https://lms.test/auth", "http://lms.test/token", True),
        ("http://lms.test/auth", "http://lms.test/token", False),
    ],
)
def test_a_platform_is_secure_where_one_of_its_own_addresses_is(
    login: str, token: str, is_secure: bool
) -> None:
    """Only there is an http address in a message raised to https."""
    site = read.site_of(registered(auth_login_url=login, auth_token_url=token))

    assert site.is_secure is is_secure


def test_an_address_is_judged_as_the_site_allows() -> None:
    """A local address only where that is allowed, and http raised to https only where that fits."""
    local = read.Site(frozenset({"127.0.0.1"}), allow_local=True, is_secure=False)

    assert local.judge("http://127.0.0.1/x") == ServiceAddress("http://127.0.0.1/x")
    assert SITE.judge("http://127.0.0.1/x") is None
    assert SITE.judge("http://lms.test/x") == ServiceAddress("https://lms.test/x")


# Texts and names


def test_a_text_is_read_to_its_limit() -> None:
    """Marks that are taken out do not use up the limit, and nothing ends in a blank."""
    assert read.text("x" * 300) == "x" * 255
    assert read.text("x" * 20, 10) == "x" * 10
    assert read.text("\u202e" * 30 + "x" * 12, 10) == "x" * 10
    assert read.text("\u202e" * 40 + "x", 10) == ""
    assert read.text("abcde fghij", 6) == "abcde"
    assert read.text("a \u202e b") == "a b"


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("x", True),
        ("x" * 255, True),
        ("x" * 256, False),
        ("", False),
        ("a\x1fb", False),
        ("a\x7fb", False),
        ("a\ud800b", False),
        (5, False),
    ],
)
def test_an_identifier_is_short_and_has_no_controls(value: object, is_one: bool) -> None:
    """1 to 255 characters (Core 1.3)."""
    assert read.is_identifier(value) is is_one


@pytest.mark.parametrize("value", [None, "text", 5, ["x"]])
def test_a_part_of_another_shape_is_empty(value: Any) -> None:
    """A claim that should be an object and is none says nothing."""
    assert read.part({"it": value}, "it") == {}
    assert read.part({}, "it") == {}
    assert read.part({"it": {"a": 1}}, "it") == {"a": 1}


def test_a_person_is_the_subject_with_names() -> None:
    """Each name comes from its own claim; none of them is needed."""
    named = {"name": "n", "given_name": "g", "family_name": "f", "email": "e"}

    assert read.person({"sub": "s"} | named) == Person("s", "n", "g", "f", "e")
    assert read.person({"sub": "s"}) == Person("s", "", "", "", "")


def test_a_person_needs_a_subject() -> None:
    """Without one nobody can be told apart."""
    assert refusal(read.person, {}) == ("claim.sub_missing", 422)
    assert refusal(read.person, {"sub": ""}) == ("claim.sub_invalid", 422)


# Where and as whom


def test_the_deployment() -> None:
    """A text that names something."""
    name = f"{CLAIM}deployment_id"

    assert read.deployment_id({name: "1"}) == "1"
    for bad in (None, "", 1, "x" * 256):
        assert refusal(read.deployment_id, {name: bad}) == ("claim.deployment_id", 422)


def test_the_roles() -> None:
    """A list of texts, which may be empty; one that is no text spoils it."""
    name = f"{CLAIM}roles"

    assert read.role_uris({name: ["a", "b"]}) == ["a", "b"]
    assert read.role_uris({name: []}) == []
    for bad in (None, "a", ["a", 5], {"a": "b"}):
        assert refusal(read.role_uris, {name: bad}) == ("claim.roles", 422)


def test_the_course() -> None:
    """Its id counts, its names are texts; no id is no course, another shape is refused."""
    name = f"{CLAIM}context"
    told = {"id": "c", "label": "HS", "title": "Helping Skills"}

    assert read.context({name: told}) == LaunchContext("c", "HS", "Helping Skills")
    assert read.context({name: {"id": "c"}}) == LaunchContext("c", "", "")
    assert read.context({name: None}) is read.context({}) is read.context({name: {}}) is None
    for bad in ("c", [], {"id": 5}, {"id": "x" * 256}):
        assert refusal(read.context, {name: bad}) == ("claim.context", 422)


def test_the_link() -> None:
    """Its id is needed, its title is not."""
    name = f"{CLAIM}resource_link"

    assert read.resource_link({name: {"id": "l", "title": "t"}}) == LaunchResourceLink("l", "t")
    assert read.resource_link({name: {"id": "l"}}) == LaunchResourceLink("l", "")
    for bad in (None, {}, "l", {"id": ""}):
        assert refusal(read.resource_link, {name: bad}) == ("claim.resource_link", 422)


def test_a_review_names_a_person_and_a_column() -> None:
    """Submission Review 1.0; the link may be missing there, because the column says it."""
    link = f"{CLAIM}resource_link"
    whole = {f"{CLAIM}for_user": {"user_id": "u"}, AGS: {"lineitem": "https://lms.test/1"}}

    assert read.reviewed_user(whole) == "u"
    for bad in (None, {}, {"user_id": ""}, {"user_id": 5}):
        broken = whole | {f"{CLAIM}for_user": bad}
        assert refusal(read.reviewed_user, broken) == ("claim.for_user", 422)
    for bad in (None, {}, {"lineitem": ""}, {"lineitem": 5}):
        assert refusal(read.reviewed_user, whole | {AGS: bad}) == ("claim.lineitem", 422)
    assert read.reviewed_link(whole) is None
    assert read.reviewed_link({link: {"id": ""}}) is None
    assert read.reviewed_link({link: {"id": "l", "title": "t"}}) == LaunchResourceLink("l", "t")


def test_whom_an_observer_accompanies() -> None:
    """Ids alone, fifty at most; another shape names nobody."""
    name = f"{CLAIM}role_scope_mentor"

    assert read.mentored_users({name: ["a", "", 5, "b"]}) == ("a", "b")
    assert len(read.mentored_users({name: [str(n) for n in range(60)]})) == 50
    assert read.mentored_users({name: "a"}) == read.mentored_users({}) == ()


def test_custom_values() -> None:
    """Texts under names that can be kept; not what the platform has left unresolved."""
    values = {"a": "1", "b": 2, "c": "$x", "": "3", "d": "y" * 1001, "e": "5 $"}
    many = {f"k{n}": "v" for n in range(101)}

    kept = {"a": "1", "d": "y" * 1000, "e": "5 $"}
    assert read.custom({f"{CLAIM}custom": values}) == kept
    assert list(read.custom({f"{CLAIM}custom": many})) == list(many)[:100]


# Services


def test_the_gradebook() -> None:
    """A column, a container or both; a scope that is no text is none."""
    one, all_ = "https://lms.test/1", "https://lms.test/all"
    told = {"scope": ["s", 5], "lineitem": one, "lineitems": all_}
    scopes = frozenset({"s"})

    assert read.grade_service({AGS: told}, SITE) == GradeService(scopes, all_, one, "")
    only_column = {AGS: {"scope": ["s"], "lineitem": one}}
    assert read.grade_service(only_column, SITE) == GradeService(scopes, "", one, "")
    only_list = {AGS: {"scope": ["s"], "lineitems": all_, "lineitem": None}}
    assert read.grade_service(only_list, SITE) == GradeService(scopes, all_, "", "")


@pytest.mark.parametrize(
    "told",
    [
        {"scope": ["s"]},
        {"scope": "s", "lineitem": "https://lms.test/1"},
        {"lineitem": "https://lms.test/1"},
        {"scope": ["s"], "lineitem": "https://10.0.0.1/1"},
        {"scope": ["s"], "lineitem": "https://lms.test/1", "lineitems": "https://10.0.0.1/"},
    ],
)
def test_a_gradebook_that_cannot_be_used_is_none(told: dict[str, Any]) -> None:
    """Nothing named, no list of scopes, or one address never to be called."""
    assert read.grade_service({AGS: told}, SITE) is None


@pytest.mark.parametrize("name", ["lineitem", "lineitems"])
def test_a_gradebook_at_an_unknown_host_is_held(name: str) -> None:
    """Whichever of its addresses it is."""
    told = {"scope": [], "lineitem": "https://lms.test/1", "lineitems": "https://lms.test/all"}
    service = read.grade_service({AGS: told | {name: "https://new.example/1"}}, SITE)

    assert service is not None
    assert service.held_host == "new.example"


def test_the_roster() -> None:
    """One address, held where its host is not known."""
    known = {NRPS: {"context_memberships_url": "https://lms.test/m"}}
    new = {NRPS: {"context_memberships_url": "https://new.example/m"}}

    assert read.roster_service(known, SITE) == RosterService("https://lms.test/m", "")
    assert read.roster_service(new, SITE) == RosterService("https://new.example/m", "new.example")
    assert read.roster_service({}, SITE) is None


def test_where_notices_are_asked_for() -> None:
    """Only a platform that has both notices that the tool understands, and the scope for them."""
    told = {
        "platform_notification_service_url": "https://lms.test/n",
        "notice_types_supported": ["LtiHelloWorldNotice", "LtiContextCopyNotice", "LtiOther"],
        "scope": [NOTICES],
    }

    assert read.notice_service({PNS: told}, SITE) == NoticeService("https://lms.test/n", "")
    exactly = told | {"notice_types_supported": ["LtiHelloWorldNotice", "LtiContextCopyNotice"]}
    assert read.notice_service({PNS: exactly}, SITE) is not None
    held = told | {"platform_notification_service_url": "https://new.example/n"}
    assert read.notice_service({PNS: held}, SITE) == NoticeService(
        "https://new.example/n", "new.example"
    )
    for lack in (
        {"notice_types_supported": ["LtiHelloWorldNotice"]},
        {"notice_types_supported": "LtiHelloWorldNotice LtiContextCopyNotice"},
        {"scope": []},
        {"scope": NOTICES},
        {"platform_notification_service_url": None},
    ):
        assert read.notice_service({PNS: told | lack}, SITE) is None


# Deep linking


def test_a_deep_linking_request() -> None:
    """Links are taken, several only where that is said, with a column unless that is denied."""
    told = {
        "accept_types": ["link", "ltiResourceLink"],
        "deep_link_return_url": "https://lms.test/",
    }
    full = told | {"data": "d", "accept_multiple": True, "accept_lineitem": False}

    assert read.deep_linking({SETTINGS: told}, registered()) == DeepLinkingRequest(
        return_url="https://lms.test/", data=None, accepts_multiple=False, accepts_line_item=True
    )
    assert read.deep_linking({SETTINGS: full}, registered()) == DeepLinkingRequest(
        return_url="https://lms.test/", data="d", accepts_multiple=True, accepts_line_item=False
    )
    odd = told | {"data": 5, "accept_multiple": "true", "accept_lineitem": None}
    assert read.deep_linking({SETTINGS: odd}, registered()) == read.deep_linking(
        {SETTINGS: told}, registered()
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"accept_types": None}, "deeplink.settings"),
        ({"accept_types": "ltiResourceLink"}, "deeplink.settings"),
        ({"accept_types": ["ltiResourceLink", 5]}, "deeplink.settings"),
        ({"accept_types": ["link", "file"]}, "deeplink.type"),
        ({"deep_link_return_url": None}, "deeplink.return_url"),
        ({"deep_link_return_url": "https://127.0.0.1/"}, "deeplink.return_url"),
    ],
)
def test_a_deep_linking_request_that_cannot_be_answered(changes: Any, code: str) -> None:
    """No links taken, or no way back."""
    told = {"accept_types": ["ltiResourceLink"], "deep_link_return_url": "https://lms.test/"}

    assert refusal(read.deep_linking, {SETTINGS: told | changes}, registered()) == (code, 422)


def test_a_deep_linking_request_has_settings_and_a_local_platform_its_own_way_back() -> None:
    """A platform on this machine is sent back to where that was allowed."""
    local = {"accept_types": ["ltiResourceLink"], "deep_link_return_url": "http://127.0.0.1/"}

    assert refusal(read.deep_linking, {}, registered()) == ("deeplink.settings", 422)
    request = read.deep_linking({SETTINGS: local}, registered(allow_local=True))
    assert request.return_url == "http://127.0.0.1/"


# How it is shown


def presented(**values: Any) -> dict[str, Any]:
    return {f"{CLAIM}launch_presentation": values}


def test_the_way_back() -> None:
    """A known host of the platform, 500 characters at most."""
    longest = "https://lms.test/".ljust(500, "x")

    assert read.return_url(presented(return_url=longest), SITE) == longest
    assert read.return_url(presented(return_url=f"{longest}x"), SITE) == ""
    assert read.return_url(presented(return_url="https://new.example/"), SITE) == ""
    assert read.return_url({}, SITE) == ""


def test_the_language() -> None:
    """The presentation's, else the person's, each only if it is a tag of 20 characters at most."""
    assert read.locale(presented(locale="de") | {"locale": "en"}) == "de"
    assert read.locale(presented(locale="!") | {"locale": "en"}) == "en"
    assert read.locale({"locale": "de-abcdefgh-abcdefgh"}) == "de-abcdefgh-abcdefgh"
    assert read.locale({"locale": "den-abcdefgh-abcdefgh"}) == ""
    assert read.locale({}) == read.locale({"locale": 5}) == ""


def test_a_launch_is_framed_unless_it_says_otherwise() -> None:
    """A window of its own is the exception."""
    assert read.is_framed({})
    assert read.is_framed(presented(document_target="iframe"))
    assert not read.is_framed(presented(document_target="window"))


def test_which_platform_it_is() -> None:
    """The two families that matter, else what the registration says; and any name."""

    def told(**values: Any) -> dict[str, Any]:
        return {f"{CLAIM}tool_platform": values}

    assert read.platform_family(told(product_family_code="Canvas"), registered()) == "canvas"
    assert read.platform_family(told(product_family_code="moodle"), registered(family="")) == (
        "moodle"
    )
    for other in ("sakai", 5, None):
        assert read.platform_family(told(product_family_code=other), registered()) == "moodle"
    assert read.platform_name(told(name="Northfield")) == "Northfield"
    assert read.platform_name({}) == ""
