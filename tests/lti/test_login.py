"""Logins: every field judged, and the way on to the platform built from our own values."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from lti_alliance.errors import LaunchRejected
from lti_alliance.lti.login import LoginRequest, authorization_url, parse_login
from lti_alliance.models import Registration
from tests.platforms import MISSING, replaced

LAUNCH_URL = "https://tool.example/lti/launch"
FIELDS = {
    "iss": "https://lms.example",
    "client_id": "client-1",
    "login_hint": "hint",
    "lti_message_hint": "message",
    "target_link_uri": LAUNCH_URL,
    "lti_deployment_id": "7",
}


def parsed(**changes: Any) -> LoginRequest:
    return parse_login(MultiDict(replaced(FIELDS, changes)), launch_url=LAUNCH_URL)


def refusal(**changes: Any) -> tuple[str, int]:
    with pytest.raises(LaunchRejected) as refused:
        parsed(**changes)
    return refused.value.code, refused.value.status


def test_a_login_is_read() -> None:
    """All that the platform says and the tool needs."""
    assert parsed() == LoginRequest(
        issuer="https://lms.example",
        client_id="client-1",
        login_hint="hint",
        lti_message_hint="message",
        target_link_uri=LAUNCH_URL,
    )


def test_optional_fields_may_be_missing() -> None:
    """Core 1.3 leaves the client id and the message hint to the platform."""
    login = parsed(client_id=MISSING, lti_message_hint=MISSING, lti_deployment_id=MISSING)

    assert (login.client_id, login.lti_message_hint) == ("", "")


@pytest.mark.parametrize("iss", [MISSING, "", "   "])
def test_n002_an_issuer_is_needed(iss: Any) -> None:
    """N002: empty and blank are as good as absent."""
    assert refusal(iss=iss) == ("login.iss_missing", 400)


@pytest.mark.parametrize("hint", [MISSING, ""])
def test_n006_a_login_hint_is_needed(hint: Any) -> None:
    """N006."""
    assert refusal(login_hint=hint) == ("login.login_hint_missing", 400)


@pytest.mark.parametrize("target", [MISSING, ""])
def test_n007_a_target_is_needed(target: Any) -> None:
    """N007."""
    assert refusal(target_link_uri=target) == ("login.target_missing", 400)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/lti/launch",
        "https://tool.example.evil.example/lti/launch",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://tool.example@evil.example/lti/launch",
        "https://x@tool.example/lti/launch",
        "https://@tool.example/lti/launch",
        "//evil.example",
        "//tool.example/lti/launch",
        "/\\evil.example",
        "https:/evil",
        "/lti/launch",
        "http://tool.example/lti/launch",
        "https://tool.example:444/lti/launch",
        "https://tool.example/lti/launch/",
        "https://tool.example/lti/launch/../x",
        "https://tool.example/lti%2Flaunch",
        "https://tool.example/LTI/launch",
        "https://tool.example/",
        "https://tool.example/lti/launch#x",
        "https://tool.example/lti/launch#",
        "https://tool.example\\.evil.example/lti/launch",
        "https://tool.example /lti/launch",
        "https://tool.example/lti/launch?next=https://evil.example",
        "https://tool.example/lti/launch?activity=a&activity=b",
        "https://tool.example/lti/launch?activity=",
        "https://tool.example/lti/launch?activity=../x",
        "https://tool.example/lti/launch?activity=a%20b",
        "https://tool.example/lti/launch?activity=" + "a" * 65,
        "https://tool.example/lti/launch?a",
        "https://tool.example/lti/launch?activity=a&",
        "https://tool.example/lti/launch?activity=a;attempt=b",
        "https://tool.example:x/lti/launch",
        "https://[tool.example/lti/launch",
    ],
)
def test_n008_the_target_is_ours_alone(target: str) -> None:
    """N008 to N011: exactly our launch address, compared by its parts, is a target."""
    assert refusal(target_link_uri=target) == ("login.target_not_ours", 400)


@pytest.mark.parametrize(
    "target",
    [
        "https://tool.example/lti/launch?activity=0b1c-2_D",
        "https://tool.example/lti/launch?attempt=b&activity=a",
        "https://TOOL.example:443/lti/launch",
        "HTTPS://tool.example/lti/launch",
    ],
)
def test_the_target_may_name_an_activity_and_an_attempt(target: str) -> None:
    """Spelling that changes no part, and the two queries, are allowed; the text is kept."""
    assert parsed(target_link_uri=target).target_link_uri == target


@pytest.mark.parametrize(
    "name", ["iss", "client_id", "login_hint", "lti_message_hint", "target_link_uri"]
)
@pytest.mark.parametrize("bad", ["\r\nSet-Cookie: a=b", "\0", "\x1b", "\x7f"])
def test_n019_control_characters_are_refused(name: str, bad: str) -> None:
    """N019: nothing that could become a header or end a text."""
    assert refusal(**{name: FIELDS[name] + bad}) == ("login.bad_characters", 400)


def test_a_field_beyond_reason_is_refused() -> None:
    """What is sent on in an address has a limit."""
    assert parsed(lti_message_hint="x" * 8192).lti_message_hint == "x" * 8192
    assert refusal(lti_message_hint="x" * 8193) == ("login.too_long", 400)


def test_blanks_around_names_are_dropped() -> None:
    """They come with copying; every other sign is part of the name."""
    login = parsed(iss="  X \u00a0 ", client_id="  X \u00a0 ")

    assert (login.issuer, login.client_id) == ("X \u00a0", "X \u00a0")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([("login_hint", "\0")], "login.bad_characters"),
        ([("login_hint", "x" * 8193)], "login.too_long"),
        ([("login_hint", "a"), ("login_hint", "b")], "launch.param_duplicated"),
    ],
)
def test_a_refusal_says_which_field_it_is_about(values: list[tuple[str, str]], code: str) -> None:
    """An administrator of the platform can look for it; its value is not repeated."""
    with pytest.raises(LaunchRejected) as refused:
        parse_login(MultiDict(values), launch_url=LAUNCH_URL)

    assert refused.value.code == code
    assert refused.value.facts == {"parameter": "login_hint"}


@pytest.mark.parametrize("name", [*FIELDS, "lti_storage_target"])
def test_a_field_that_comes_twice_is_refused(name: str) -> None:
    """Two readers might each believe another one; a deployment id is believed by nobody."""
    values = MultiDict([*FIELDS.items(), (name, "another"), (name, "more")])
    if name == "lti_deployment_id":
        assert parse_login(values, launch_url=LAUNCH_URL).client_id == "client-1"
        return
    with pytest.raises(LaunchRejected) as refused:
        parse_login(values, launch_url=LAUNCH_URL)

    assert refused.value.code == "launch.param_duplicated"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("post_message_forwarding", "post_message_forwarding"),
        ("_parent", "_parent"),
        ('"><script>', ""),
        ("x" * 65, ""),
        ("a b", ""),
        ("a\r\n", ""),
        ("", ""),
    ],
)
def test_n021_a_frame_has_a_plain_name_or_none(sent: str, kept: str) -> None:
    """N021: another value is ignored, and cookies are used."""
    assert parsed(lti_storage_target=sent).storage_target == kept


def registration(**changes: Any) -> Registration:
    fields = {
        "issuer": "https://lms.example",
        "client_id": "client-1",
        "auth_login_url": "https://lms.example/auth",
        "auth_token_url": "https://lms.example/token",
        "jwks_url": "https://lms.example/jwks",
        "auth_audience": "",
    }
    return Registration(**{**fields, **changes})


def way(login: LoginRequest, **changes: Any) -> str:
    return authorization_url(
        registration(**changes),
        login,
        state_token="the.state",
        nonce="the-nonce",
        redirect_uri=LAUNCH_URL,
    )


def test_the_way_on_has_exactly_the_parameters_of_the_standard() -> None:
    """Security Framework 1.0 section 5.1.1.2."""
    url = way(parsed())

    assert url.startswith("https://lms.example/auth?")
    assert parse_qs(urlsplit(url).query, strict_parsing=True) == {
        "scope": ["openid"],
        "response_type": ["id_token"],
        "response_mode": ["form_post"],
        "prompt": ["none"],
        "client_id": ["client-1"],
        "redirect_uri": [LAUNCH_URL],
        "state": ["the.state"],
        "nonce": ["the-nonce"],
        "login_hint": ["hint"],
        "lti_message_hint": ["message"],
    }


@pytest.mark.parametrize(
    "hint",
    [
        '{"cmid":3,"launchid":"ltilaunch1_1820119617"}',
        "a&b=c+d%20e?f#g/h",
        "Zoë 中文 🙂",
        " leading and trailing ",
        "eyJ0eXAiOiJKV1QifQ.e30.sig-_~",
    ],
)
def test_n020_hints_go_back_byte_for_byte(hint: str) -> None:
    """N020: Moodle's hint is JSON and used once; a changed one fails at the platform."""
    url = way(parsed(login_hint=hint, lti_message_hint=hint))
    sent = parse_qs(urlsplit(url).query, strict_parsing=True)

    assert (sent["login_hint"], sent["lti_message_hint"]) == ([hint], [hint])


def test_blanks_are_sent_so_that_every_platform_reads_them() -> None:
    """As %20: a plus is a blank to some and a plus to others."""
    assert way(parsed(login_hint="a b+c")).count("login_hint=a%20b%2Bc") == 1


def test_no_message_hint_is_not_an_empty_one() -> None:
    """What the platform did not send does not go back."""
    assert "lti_message_hint" not in way(parsed(lti_message_hint=MISSING))


def test_a_query_of_the_platforms_own_is_kept() -> None:
    """Some platforms put a tenant into the query of their address."""
    url = way(parsed(), auth_login_url="https://lms.example/auth?tenant=a%20b")

    assert url.startswith("https://lms.example/auth?tenant=a%20b&scope=openid&")


def test_n022_values_of_the_callers_own_are_ignored() -> None:
    """N022: state, nonce and redirect address are ours, whatever the login brings."""
    login = parsed(redirect_uri="https://evil.example/", state="theirs", nonce="theirs")
    sent = parse_qs(urlsplit(way(login)).query)

    assert (sent["redirect_uri"], sent["state"], sent["nonce"]) == (
        [LAUNCH_URL],
        ["the.state"],
        ["the-nonce"],
    )


def test_a_login_without_client_id_is_sent_on_with_the_registered_one() -> None:
    """By then the registration is known, being the issuer's only one."""
    url = way(parsed(client_id=MISSING))

    assert parse_qs(urlsplit(url).query)["client_id"] == ["client-1"]
