"""Launches: every way in which a message may be wrong, and what a right one says.

``P1`` to ``P16`` are the gaps of PyLTI1p3 that the tool's own steps close; ``N…`` are bad inputs
with the answer that the tool owes them, ``C…`` cases of the certification suite.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from lti_alliance.domain.launch import DeepLinkingRequest, Launch, MessageType, Role, Target
from lti_alliance.errors import LaunchRejected
from lti_alliance.lti.claims import DEEP_LINKING_SETTINGS
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.lti.launch import verify_launch
from lti_alliance.lti.state import LoginState
from lti_alliance.models import Base
from tests.platforms import (
    INSTRUCTOR,
    LEARNER,
    MISSING,
    Login,
    Network,
    Platform,
    base64url,
    public_jwk,
    replaced,
    rsa_key,
    signed,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LAUNCH_URL = "https://tool.example/lti/launch"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
LIS = "http://purl.imsglobal.org/vocab/lis/v2/"


class World:
    """A platform, the tool's side of one login there, and launches of it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.network = Network()
        self.http = PlatformHTTP(timeout_s=1, sessions=self.network.session)
        self.platform = self.add(Platform())
        self.target = LAUNCH_URL
        self.nonce = "nonce-of-this-login"

    def add(self, platform: Platform, **fields: Any) -> Platform:
        platform.register(self.session, at=NOW, **fields)
        self.network.serve_json(platform.jwks_url, lambda: platform.jwks)
        return platform

    def change(self, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(self.platform.registration, name, value)
        self.session.commit()

    def state(self, platform: Platform | None = None) -> LoginState:
        registration = (platform or self.platform).registration
        return LoginState("state-1", registration.id, self.nonce, self.target, "digest", NOW)

    def login(self, platform: Platform | None = None) -> Login:
        return Login(platform or self.platform, self.target, "", "", self.nonce)

    def token(self, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        return self.platform.token(self.login(), at=NOW, header=header, **claims)

    def verify(self, token: str | MultiDict[str, str], *, at: datetime = NOW) -> Launch:
        """Verify as the edge does, which ends its reading before it writes."""
        form = token if isinstance(token, MultiDict) else MultiDict({"id_token": token})
        try:
            return verify_launch(
                self.session,
                self.http,
                form=form,
                state=self.state(),
                registration=self.platform.registration,
                launch_url=LAUNCH_URL,
                at=at,
            )
        finally:
            self.left_behind = [*self.session.new, *self.session.dirty, *self.session.deleted]
            self.session.rollback()

    def launch(self, *, at: datetime = NOW, **claims: Any) -> Launch:
        return self.verify(self.token(**claims), at=at)

    def refusal(self, token: Any = None, *, at: datetime = NOW, **claims: Any) -> tuple[str, int]:
        with pytest.raises(LaunchRejected) as refused:
            self.verify(self.token(**claims) if token is None else token, at=at)
        assert "student-1" not in str(refused.value.facts)
        return refused.value.code, refused.value.status

    def signed(self, payload: Any, **header: Any) -> str:
        head = replaced({"kid": self.platform.kid}, header)
        return signed(payload, key=rsa_key(self.platform.key), header=head)

    @property
    def calls_elsewhere(self) -> list[str]:
        return [url for url in self.network.calls if url != self.platform.jwks_url]


@pytest.fixture
def world(session: Session) -> World:
    return World(session)


def seconds(number: float) -> int:
    return int((NOW + timedelta(seconds=number)).timestamp())


def with_header(token: str, **changes: Any) -> str:
    """Change the header of a token without signing it again."""
    _, payload, signature = token.split(".")
    header = replaced(jwt.get_unverified_header(token), changes)
    return f"{base64url(json.dumps(header).encode())}.{payload}.{signature}"


# What a right message says


def test_a_launch_says_who_where_and_what(world: World) -> None:
    """The whole message becomes one plain value."""
    launch = world.launch(
        name="Ira Bloom",
        given_name="Ira",
        family_name="Bloom",
        email="ira@lms.test",
        roles=[INSTRUCTOR],
        tool_platform={"product_family_code": "Moodle", "name": "Northfield"},
        launch_presentation={
            "document_target": "window",
            "return_url": "https://lms.test/back?course=3",
            "locale": "en-GB",
        },
        custom={"activity": "abc"},
        **{
            AGS: {
                "scope": ["https://purl.imsglobal.org/spec/lti-ags/scope/score"],
                "lineitems": "https://lms.test/items?type_id=2",
                "lineitem": "https://lms.test/items/4/Item?type_id=2",
            },
            NRPS: {"context_memberships_url": "https://lms.test/members"},
        },
    )

    assert launch.message_type is MessageType.RESOURCE_LINK
    assert launch.registration_id == world.platform.registration.id
    assert (launch.deployment_id, launch.role) == ("1", Role.INSTRUCTOR)
    assert (launch.person.sub, launch.person.name) == ("student-1", "Ira Bloom")
    assert (launch.person.given_name, launch.person.family_name) == ("Ira", "Bloom")
    assert launch.person.email == "ira@lms.test"
    assert launch.context is not None
    assert (launch.context.id, launch.context.title) == ("course-1", "Helping Skills")
    assert launch.resource_link is not None
    assert (launch.resource_link.id, launch.resource_link.title) == ("link-1", "Alliance")
    assert launch.grade_service is not None
    assert launch.grade_service.lineitem == "https://lms.test/items/4/Item?type_id=2"
    assert launch.grade_service.lineitems == "https://lms.test/items?type_id=2"
    assert launch.grade_service.held_host == ""
    assert launch.roster_service is not None
    assert launch.roster_service.memberships_url == "https://lms.test/members"
    assert (launch.platform_family, launch.platform_name) == ("moodle", "Northfield")
    assert launch.return_url == "https://lms.test/back?course=3"
    assert (launch.locale, launch.is_framed) == ("en-GB", False)
    assert launch.custom == {"activity": "abc"}
    assert launch.target == Target()


@pytest.mark.both_databases
def test_a_bare_launch_is_enough(world: World) -> None:
    """C24: no name, no service, no presentation: everything has a neutral default."""
    launch = world.launch()

    assert (launch.person.name, launch.person.email) == ("", "")
    assert (launch.grade_service, launch.roster_service) == (None, None)
    assert (launch.is_framed, launch.locale, launch.return_url) == (True, "", "")


def test_unknown_claims_and_nulls_do_no_harm(world: World) -> None:
    """Canvas sends null for what it does not know, and keys of its own."""
    launch = world.launch(
        name=None,
        email=None,
        locale=None,
        custom=None,
        tool_platform=None,
        launch_presentation=None,
        lis={"person_sourcedid": None},
        lti1p1={"user_id": "legacy", "oauth_consumer_key_sign": "forged"},
        **{
            AGS: None,
            NRPS: None,
            "https://www.instructure.com/placement": None,
            "errors": {"errors": {}},
        },
    )

    assert launch.person.sub == "student-1"


# P1 to P16, which PyLTI1p3 leaves open


@pytest.mark.parametrize("nonce", ["of another login", "", "nonce-of-this-login ", None, 5, []])
def test_p1_the_nonce_is_that_of_this_very_login(world: World, nonce: Any) -> None:
    """P1: a nonce of the same browser's other login is refused (N093)."""
    code, status = world.refusal(nonce=nonce)

    assert code in ("claim.nonce_mismatch", "claim.nonce_missing")
    assert status == 401


def test_p1_a_nonce_is_needed(world: World) -> None:
    """P1: without a nonce a token answers no login."""
    assert world.refusal(nonce=MISSING) == ("claim.nonce_missing", 401)


def test_p2_nothing_is_read_from_pylti1p3s_session_or_cookies(world: World) -> None:
    """P2: the library's state check, which passes without any cookie, has no part in a launch."""
    form = MultiDict({"id_token": world.token(), "state": "whatever"})

    assert world.verify(form).person.sub == "student-1"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": MISSING}, "claim.exp_missing"),
        ({"iat": MISSING}, "claim.iat_missing"),
        ({"exp": seconds(10 * 365 * 86400)}, "claim.exp_too_far"),
        ({"exp": seconds(3600 + 61)}, "claim.exp_too_far"),
        ({"iat": seconds(-365 * 86400)}, "claim.iat_stale"),
        ({"iat": seconds(-3600)}, "claim.iat_stale"),
        ({"iat": seconds(-601)}, "claim.iat_stale"),
        ({"iat": seconds(61)}, "claim.iat_future"),
        ({"iat": seconds(600), "exp": seconds(900)}, "claim.iat_future"),
        ({"exp": seconds(-61)}, "claim.expired"),
        ({"iat": 11111, "exp": 22222}, "claim.expired"),
        ({"nbf": seconds(61)}, "claim.nbf_future"),
    ],
)
def test_p3_a_token_was_made_just_now_and_ends_soon(
    world: World, changes: dict[str, Any], code: str
) -> None:
    """P3: N080 to N089 and C7."""
    assert world.refusal(**changes) == (code, 401)


@pytest.mark.parametrize("name", ["exp", "iat"])
@pytest.mark.parametrize(
    "value", ["1700000000", True, None, -1, 1.5, float(seconds(60)), [], {}, 10**30, 10**400]
)
def test_p3_moments_are_whole_numbers(world: World, name: str, value: Any) -> None:
    """P3 and N083: nothing but a whole number of seconds is a moment."""
    assert world.refusal(**{name: value}) == (f"claim.{name}_invalid", 401)


def test_p3_a_number_beyond_floats_is_no_moment(world: World) -> None:
    """N083: 1e400 is valid JSON and becomes infinity."""
    claims = json.dumps(world.platform.claims(world.login(), at=NOW))
    text = claims.replace(f'"exp": {seconds(300)}', '"exp": 1e400')

    assert world.refusal(world.signed(text.encode())) == ("claim.exp_invalid", 401)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": seconds(-30), "iat": seconds(-90)},
        {"exp": seconds(-60), "iat": seconds(-120)},
        {"iat": seconds(30)},
        {"iat": seconds(60), "exp": seconds(120)},
        {"iat": seconds(-600), "exp": seconds(60)},
        {"exp": seconds(3600)},
        {"nbf": seconds(30)},
        {"nbf": None},
    ],
)
def test_p4_a_minute_of_leeway(world: World, changes: dict[str, Any]) -> None:
    """P4, N082 and N086: clocks differ, and Moodle's tokens live for a minute."""
    assert world.launch(**changes).person.sub == "student-1"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": MISSING}, "claim.aud_invalid"),
        ({"aud": []}, "claim.aud_invalid"),
        ({"aud": 5}, "claim.aud_invalid"),
        ({"aud": ""}, "claim.aud_invalid"),
        ({"aud": [None]}, "claim.aud_invalid"),
        ({"aud": ["client-1", 5]}, "claim.aud_invalid"),
        ({"aud": "client-2"}, "claim.aud_mismatch"),
        ({"aud": "CLIENT-1"}, "claim.aud_mismatch"),
        ({"aud": ["client-1", "evil"], "azp": "client-1"}, "claim.aud_untrusted"),
        ({"aud": ["evil", "client-1"], "azp": "client-1"}, "claim.aud_untrusted"),
        ({"aud": ["client-1", "trusted"]}, "claim.azp_missing"),
        ({"aud": ["client-1", "trusted"], "azp": "trusted"}, "claim.azp_invalid"),
        ({"azp": "someone else"}, "claim.azp_invalid"),
        ({"azp": ""}, "claim.azp_invalid"),
        ({"azp": ["client-1"]}, "claim.azp_invalid"),
        ({"iss": "https://evil.example"}, "claim.iss_mismatch"),
        ({"iss": "https://lms.test/"}, "claim.iss_mismatch"),
        ({"iss": ["https://lms.test"]}, "claim.iss_mismatch"),
        ({"iss": MISSING}, "claim.iss_missing"),
        ({"iss": ""}, "claim.iss_missing"),
    ],
)
def test_p5_the_token_is_from_them_to_us(world: World, changes: dict[str, Any], code: str) -> None:
    """P5 and N073 to N078: issuer, audiences and authorised party, each with its own code."""
    world.change(trusted_audiences=["trusted"])

    assert world.refusal(**changes) == (code, 401)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["client-1"]},
        {"azp": "client-1"},
        {"aud": ["client-1", "trusted"], "azp": "client-1"},
        {"aud": ["trusted", "client-1"], "azp": "client-1"},
    ],
)
def test_p5_trusted_audiences_may_stand_beside_ours(world: World, changes: dict[str, Any]) -> None:
    """P5: in any order, as long as the party is ours."""
    world.change(trusted_audiences=["trusted"])

    assert world.launch(**changes).person.sub == "student-1"


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        (MISSING, "claim.target_link_uri"),
        (None, "claim.target_link_uri"),
        ("", "claim.target_link_uri"),
        (5, "claim.target_link_uri"),
        ("https://evil.example/lti/launch", "claim.target_mismatch"),
        ("javascript:alert(1)", "claim.target_mismatch"),
        ("https://tool.example/lti/launch?activity=other", "claim.target_mismatch"),
        ("https://tool.example/lti/launch?attempt=abc", "claim.target_mismatch"),
        ("https://tool.example/lti/launch/more", "claim.target_mismatch"),
    ],
)
def test_p6_the_target_is_the_logins_and_ours(world: World, uri: Any, code: str) -> None:
    """P6, N109 and N111: absent, foreign, or another than at the login."""
    assert world.refusal(target_link_uri=uri) == (code, 422)


def test_p6_the_target_says_what_is_opened(world: World) -> None:
    """The two opaque queries of the signed target, and nothing of the login's own."""
    world.target = f"{LAUNCH_URL}?attempt=B_2&activity=a-1"
    launch = world.launch(target_link_uri=f"{LAUNCH_URL}?activity=a-1&attempt=B_2")

    assert launch.target == Target(activity="a-1", attempt="B_2")


@pytest.mark.parametrize("roles", [MISSING, None, "Instructor", {}, [None], [1], [["x"]], True])
def test_p7_roles_are_a_list_of_texts(world: World, roles: Any) -> None:
    """P7, N115 and C9: the library takes the text 'Instructor' and a list of nothing."""
    assert world.refusal(roles=roles) == ("claim.roles", 422)


@pytest.mark.parametrize(
    "link",
    [
        MISSING,
        None,
        {},
        {"id": ""},
        {"id": None},
        {"id": 5},
        {"id": "x" * 256},
        {"id": "a\0b"},
        "link-1",
        [],
    ],
)
def test_p7_the_resource_link_has_an_id(world: World, link: Any) -> None:
    """P7, N114 and C11: a text here makes the library fail with an internal error."""
    assert world.refusal(resource_link=link) == ("claim.resource_link", 422)


@pytest.mark.parametrize("payload", [[], 5, "text", None, True])
def test_p7_a_payload_is_an_object(world: World, payload: Any) -> None:
    """P7 and N050: whatever else is signed is no message."""
    assert world.refusal(world.signed(payload)) == ("token.malformed", 400)


@pytest.mark.parametrize(
    ("uris", "role"),
    [
        ([f"{LIS}membership/Learner#Instructor"], Role.LEARNER),
        ([f"{LIS}person#Instructor"], Role.LEARNER),
        ([f"{LIS}unknown/unknown#Instructor"], Role.LEARNER),
        ([f"{LIS}institution/person#Instructor", LEARNER], Role.LEARNER),
        ([f"{LIS}institution/person#Instructor"], Role.LEARNER),
        ([INSTRUCTOR.replace("http:", "https:")], Role.INSTRUCTOR),
        ([INSTRUCTOR], Role.INSTRUCTOR),
        (["Instructor"], Role.INSTRUCTOR),
        ([], Role.LEARNER),
        ([""], Role.LEARNER),
    ],
)
def test_p8_only_whole_known_uris_give_a_role(world: World, uris: list[str], role: Role) -> None:
    """P8 and N116 to N119: a student never becomes a teacher by how a role is spelt."""
    assert world.launch(roles=uris).role is role


def test_p9_a_platforms_new_key_is_found(world: World) -> None:
    """P9: the library keeps its old key set for two hours."""
    world.launch()
    world.platform.kid, world.platform.key = "key-2", "next"
    later = NOW + timedelta(minutes=2)
    token = world.platform.token(world.login(), at=later)

    assert world.verify(token, at=later).person.sub == "student-1"


def test_p10_service_addresses_keep_their_case(world: World) -> None:
    """P10: the library lower-cases addresses of pages; ids in them are case-sensitive."""
    url = "https://lms.test/Items/aBc?Page=XyZ"
    launch = world.launch(**{AGS: {"scope": [], "lineitem": url}})

    assert launch.grade_service is not None
    assert launch.grade_service.lineitem == url


def test_p11_no_token_of_the_platforms_services_is_fetched_at_a_launch(world: World) -> None:
    """P11: a launch talks to nothing but the platform's key set."""
    world.launch(**{AGS: {"scope": ["x"], "lineitem": "https://lms.test/item"}})

    assert world.calls_elsewhere == []


def test_p12_a_deep_linking_request_is_told_apart(world: World) -> None:
    """P12 and N110: the suite's request has no target and no link; the library's form is unused."""
    launch = world.launch(
        message_type="LtiDeepLinkingRequest",
        target_link_uri=MISSING,
        resource_link=MISSING,
        **{
            DEEP_LINKING_SETTINGS: {
                "deep_link_return_url": "https://lms.test/return?data=x",
                "accept_types": ["ltiResourceLink", "file"],
                "accept_multiple": True,
            }
        },
    )

    assert launch.message_type is MessageType.DEEP_LINKING
    assert (launch.target, launch.resource_link) == (Target(), None)
    assert launch.deep_linking == DeepLinkingRequest(
        return_url="https://lms.test/return?data=x", accepts_multiple=True
    )


def test_p12_a_deep_linking_target_is_judged_when_it_comes(world: World) -> None:
    """Optional is not unchecked."""
    refused = world.refusal(
        message_type="LtiDeepLinkingRequest", target_link_uri="https://evil.example/"
    )

    assert refused == ("claim.target_mismatch", 422)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_p13_numbers_that_json_does_not_have_are_no_moments(world: World, number: str) -> None:
    """P13: Python's JSON reads NaN; nothing here ever counts with it."""
    claims = json.dumps(world.platform.claims(world.login(), at=NOW))
    text = claims.replace(f'"exp": {seconds(300)}', f'"exp": {number}')

    assert world.refusal(world.signed(text.encode())) == ("claim.exp_invalid", 401)


@pytest.mark.both_databases
def test_p14_nothing_of_a_launch_is_stored_by_verifying_it(world: World) -> None:
    """P14: no session, no cookie, no row: only the platform's keys are kept."""
    world.launch(name="Ira Bloom")
    filled = {
        table.name
        for table in Base.metadata.sorted_tables
        if world.session.scalar(select(func.count()).select_from(table))
    }

    assert world.left_behind == []
    assert filled == {"registrations", "deployments", "audit_events", "platform_key_sets"}


def test_p15_a_form_may_name_the_platforms_storage(world: World) -> None:
    """P15: fields that the launch does not need do not disturb it."""
    form = MultiDict({"id_token": world.token(), "lti_storage_target": "_parent", "utf8": "✓"})

    assert world.verify(form).person.sub == "student-1"


def test_p16_no_kid(world: World) -> None:
    """P16, N058 and C1, with the header that the suite sends."""
    token = signed(
        world.platform.claims(world.login(), at=NOW),
        key=rsa_key("platform"),
        header={"badtestonly": "12345"},
    )

    assert world.refusal(token) == ("token.kid_missing", 401)
    assert world.refusal(world.token(header={"kid": ""})) == ("token.kid_missing", 401)
    assert world.network.calls == []


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "RS512", "ES256", MISSING, None, 5, []])
def test_p16_no_algorithm_but_ours(world: World, alg: Any) -> None:
    """P16, N054 and N056: whatever the header says, RS256 is what is checked."""
    assert world.refusal(with_header(world.token(), alg=alg)) == ("token.alg_not_allowed", 401)
    assert world.network.calls == []


@pytest.mark.parametrize("form", [Encoding.PEM, Encoding.DER])
def test_p16_a_public_key_is_no_shared_secret(world: World, form: Encoding) -> None:
    """P16 and N054: HS256 with the platform's public key as its secret."""
    public = rsa_key("platform").public_key()
    secret = public.public_bytes(form, PublicFormat.SubjectPublicKeyInfo)
    payload = base64url(json.dumps(world.platform.claims(world.login(), at=NOW)).encode())
    head = base64url(b'{"alg":"HS256","kid":"key-1"}')
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    mac = base64url(signature.sign(f"{head}.{payload}".encode(), secret))

    assert world.refusal(f"{head}.{payload}.{mac}") == ("token.alg_not_allowed", 401)


@pytest.mark.parametrize("extra", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}])
def test_p16_no_extension_is_understood(world: World, extra: dict[str, Any]) -> None:
    """P16: a header that must be understood, and is not, is refused (RFC 7515 section 4.1.11)."""
    assert world.refusal(with_header(world.token(), **extra)) == ("token.crit_unknown", 401)


# B: the form


@pytest.mark.parametrize("form", [{}, {"state": "x"}])
def test_n028_a_form_without_a_token_did_not_arrive(world: World, form: dict[str, str]) -> None:
    """N028 and N035: only the form counts."""
    assert world.refusal(MultiDict(form)) == ("launch.id_token_missing", 400)


def test_n034_a_token_comes_once(world: World) -> None:
    """N034."""
    form = MultiDict([("id_token", world.token()), ("id_token", world.token())])

    assert world.refusal(form) == ("launch.param_duplicated", 400)


def test_the_state_names_the_registration(world: World) -> None:
    """A5: a state of one platform opens nothing at another."""
    other = world.add(Platform(issuer="https://other.test", client_id="c", key="b", name="B"))
    with pytest.raises(LaunchRejected) as refused:
        verify_launch(
            world.session,
            world.http,
            form=MultiDict({"id_token": world.token()}),
            state=world.state(other),
            registration=world.platform.registration,
            launch_url=LAUNCH_URL,
            at=NOW,
        )

    assert (refused.value.code, refused.value.status) == ("launch.state_mismatch", 401)


# C: the envelope


@pytest.mark.parametrize(
    "token",
    [
        "",
        "abc",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "a.b.c.d.e",
        "..",
        "!!!.###.$$$",
        "e30.e30.e30=",
        "W10.e30.AAAA",
        "bnVsbA.e30.AAAA",
        "e30.W10.AAAA",
        "e30.NQ.AAAA",
        "e30.AAAA.",
        "é.é.é",
        "e30.e30." + "A" * 400_000,
    ],
)
def test_n047_an_unsound_envelope(world: World, token: str) -> None:
    """N047, N048 and N050: nothing is asked of anybody for it."""
    assert world.refusal(token) == ("token.malformed", 400)
    assert world.network.calls == []


def test_n048_standard_base64_is_not_base64url(world: World) -> None:
    """N048: one spelling of a token, not two."""
    head, payload, signature = world.token().split(".")
    padded = f"{head}.{payload}.{signature}=="

    assert world.refusal(padded) == ("token.malformed", 400)
    assert world.refusal(f"{head}+/.{payload}.{signature}") == ("token.malformed", 400)


def test_a_deeply_nested_payload_is_no_message(world: World) -> None:
    """Depth is an attack on the reader."""
    assert world.refusal(world.signed(b"[" * 20_000)) == ("token.malformed", 400)


def test_n057_keys_that_the_token_brings_are_ignored(world: World) -> None:
    """N057: no address out of a header is ever called, no key out of it used."""
    evil = {
        "kid": "evil-key",
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/x5u",
        "jwk": public_jwk("evil", "evil-key"),
        "x5c": ["MIIB"],
    }
    token = world.platform.token(world.login(), at=NOW, header=evil, key="evil")

    assert world.refusal(token) == ("token.kid_unknown", 401)
    assert world.calls_elsewhere == []


@pytest.mark.parametrize("kid", ["imstester_66067", "../../etc/passwd", "' OR 1=1", "\0", "KEY-1"])
def test_n059_an_unknown_kid(world: World, kid: str) -> None:
    """N059, N061 and C2."""
    assert world.refusal(world.token(header={"kid": kid})) == ("token.kid_unknown", 401)


@pytest.mark.parametrize("key", ["other", "tool"])
def test_n063_another_key_is_no_signature(world: World, key: str) -> None:
    """N063 to N065: another platform's key with the same kid, or our own."""
    token = world.platform.token(world.login(), at=NOW, key=key)

    assert world.refusal(token) == ("token.signature_invalid", 401)


def test_n063_a_swapped_payload_and_an_empty_signature(world: World) -> None:
    """N063: the signature is over exactly this message."""
    head, payload, signature = world.token().split(".")
    other = world.token(sub="somebody-else").split(".")[1]

    assert world.refusal(f"{head}.{other}.{signature}") == ("token.signature_invalid", 401)
    assert world.refusal(f"{head}.{payload}.") == ("token.signature_invalid", 401)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 5_000), other=st.characters(codec="ascii"))
def test_a3_no_changed_token_is_ever_a_launch(world: World, place: int, other: str) -> None:
    """A3: whatever character is changed, in whichever part, nobody gets in."""
    token = world.token()
    place %= len(token) - 1
    changed = token[:place] + other + token[place + 1 :]
    assume(changed != token)
    with pytest.raises(LaunchRejected) as refused:
        world.verify(changed)

    assert refused.value.status in (400, 401)


# D and E: the claims


@pytest.mark.parametrize(
    ("sub", "code"),
    [
        (MISSING, "claim.sub_missing"),
        ("", "claim.sub_invalid"),
        (None, "claim.sub_invalid"),
        (5, "claim.sub_invalid"),
        (["x"], "claim.sub_invalid"),
        ("x" * 256, "claim.sub_invalid"),
        ("a\0b", "claim.sub_invalid"),
        ("a\nb", "claim.sub_invalid"),
        ("\ud800", "claim.sub_invalid"),
    ],
)
def test_n097_a_person_has_an_id(world: World, sub: Any, code: str) -> None:
    """N097, N098 and C12."""
    assert world.refusal(sub=sub) == (code, 422)


@pytest.mark.parametrize("sub", ["x" * 255, "0", "A-b_c.d:e/f@g", "Ärger"])
def test_any_other_text_is_an_id(world: World, sub: str) -> None:
    """An id is opaque."""
    assert world.launch(sub=sub).person.sub == sub


@pytest.mark.parametrize("version", [MISSING, None, "", "11.3", "1.1", "LTI-1p3", 1.3, "1.3"])
def test_n099_the_version_is_1_3_0(world: World, version: Any) -> None:
    """N099, N100, C3 and C4."""
    assert world.refusal(version=version) == ("claim.version", 422)


def test_n101_a_payload_that_is_no_launch(world: World) -> None:
    """N101 and C5: the suite's own."""
    assert world.refusal(world.signed({"name": "badltilaunch"})) == ("claim.iss_missing", 401)


def test_n102_several_claims_missing(world: World) -> None:
    """N102 and C6: the first that is missed has a name."""
    refused = world.refusal(message_type=MISSING, roles=MISSING, version=MISSING)

    assert refused == ("claim.message_type", 422)


@pytest.mark.parametrize("kind", [MISSING, None, "", 5, []])
def test_n103_a_message_has_a_type(world: World, kind: Any) -> None:
    """N103 and C8."""
    assert world.refusal(message_type=kind) == ("claim.message_type", 422)


@pytest.mark.parametrize(
    "kind",
    [
        "LtiFoo",
        "basic-lti-launch-request",
        "ltiresourcelinkrequest",
        "DataPrivacyLaunchRequest",
        "LtiEulaRequest",
        " LtiResourceLinkRequest",
    ],
)
def test_n104_an_unknown_type(world: World, kind: str) -> None:
    """N104."""
    assert world.refusal(message_type=kind) == ("claim.message_type_unknown", 422)


@pytest.mark.parametrize("value", [MISSING, None, "", "x" * 256, 1, [], "a\0"])
def test_n106_a_deployment_has_an_id(world: World, value: Any) -> None:
    """N106 and C10."""
    assert world.refusal(deployment_id=value) == ("claim.deployment_id", 422)


@pytest.mark.parametrize("value", ["course-1", 5, [], {"id": 5}, {"id": "x" * 256}, {"id": "\0"}])
def test_a_course_of_the_wrong_shape(world: World, value: Any) -> None:
    """A course that cannot be named is not silently no course."""
    assert world.refusal(context=value) == ("claim.context", 422)


@pytest.mark.parametrize("value", [MISSING, None, {}, {"id": ""}, {"id": None, "title": "x"}])
def test_n125_a_launch_without_a_course(world: World, value: Any) -> None:
    """N125 and C25: valid; what follows is for the pages to say."""
    assert world.launch(context=value).context is None


def test_n123_a_test_user_is_marked(world: World) -> None:
    """N123: Canvas's student view."""
    test_user = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"
    launch = world.launch(roles=[LEARNER, test_user])

    assert (launch.role, launch.is_test_user) == (Role.LEARNER, True)


def test_an_administrator_is_marked(world: World) -> None:
    """Moodle's administrator is an instructor here as well."""
    launch = world.launch(roles=[INSTRUCTOR, f"{LIS}system/person#Administrator"])

    assert (launch.role, launch.is_institution_administrator) == (Role.INSTRUCTOR, True)


def test_n127_custom_values_are_texts(world: World) -> None:
    """N127 and N128: other types and unresolved variables are absent; an empty text is one."""
    launch = world.launch(
        custom={
            "kept": "yes",
            "empty": "",
            "null": None,
            "number": 5,
            "nested": {"a": "b"},
            "due": "$ResourceLink.submission.endDateTime",
            "CamelCase": "kept",
            "price": "5 $",
        }
    )

    assert launch.custom == {"kept": "yes", "empty": "", "CamelCase": "kept", "price": "5 $"}


@pytest.mark.parametrize("value", [None, "text", [], 5])
def test_custom_of_another_shape_is_absent(world: World, value: Any) -> None:
    """Nothing depends on it."""
    assert world.launch(custom=value).custom == {}


def test_custom_has_limits(world: World) -> None:
    """A link carries some values, not thousands."""
    launch = world.launch(custom={f"k{n}": "v" * 2000 for n in range(20)} | {"\0": "x"})

    assert set(map(len, launch.custom.values())) == {1000}
    assert len(world.launch(custom={f"k{n}": "v" for n in range(500)}).custom) == 100


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("Ira\u202eevil", "Iraevil"),
        ("Ira\u2066x\u2069\u200f\u061c", "Irax"),
        ("two\r\nlines\tand\u2028more", "two lines and more"),
        ("  \x00\x1b[31m  ", "[31m"),
        ("half \ud800 character", "half character"),
        ("Zoë 👩‍🏫", "Zoë 👩‍🏫"),
        ("x" * 40_000, "x" * 255),
        (5, ""),
        (["Ira"], ""),
        (None, ""),
    ],
)
def test_n129_texts_are_one_line_cut_and_harmless(world: World, sent: Any, kept: str) -> None:
    """N129: kept as the text it is, for the pages to escape; nothing that turns a sentence."""
    launch = world.launch(
        name=sent,
        email=sent,
        context={"id": "course-1", "label": sent, "title": sent},
        resource_link={"id": "link-1", "title": sent},
        tool_platform={"name": sent},
    )

    assert launch.context is not None
    assert launch.resource_link is not None
    assert launch.person.name == launch.context.title == launch.context.label == kept
    assert launch.person.email == launch.resource_link.title == launch.platform_name == kept


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://lms.test/back?a=b", "https://lms.test/back?a=b"),
        ("http://lms.test/back", "https://lms.test/back"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("https://evil.example/", ""),
        ("https://lms.test@evil.example/", ""),
        ("//lms.test/back", ""),
        ("/back", ""),
        ("https://lms.test/" + "x" * 500, ""),
        (None, ""),
        (5, ""),
    ],
)
def test_n131_the_way_back_leads_to_the_platform_or_nowhere(
    world: World, url: Any, kept: str
) -> None:
    """N131."""
    assert world.launch(launch_presentation={"return_url": url}).return_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/items",
        "https://10.0.0.1/items",
        "https://169.254.169.254/latest",
        "https://localhost/items",
        "https://[::1]/items",
        "https://user@lms.test/items",
        "https://user:pw@lms.test/items",
        "ftp://lms.test/items",
        "javascript:alert(1)",
        "https://lms.test\\@evil.example/",
        "/items",
        "https://lms.test/" + "x" * 1000,
        5,
        ["https://lms.test/items"],
    ],
)
def test_n133_a_bad_address_switches_the_services_off(world: World, url: Any) -> None:
    """N133 and N135: never called, whatever else the claim says."""
    good = "https://lms.test/items"
    launch = world.launch(
        **{
            AGS: {"scope": ["s"], "lineitems": good, "lineitem": url},
            NRPS: {"context_memberships_url": url},
        }
    )

    assert (launch.grade_service, launch.roster_service) == (None, None)
    assert world.calls_elsewhere == []


@pytest.mark.parametrize("url", ["https://grades.example/items", "http://grades.example/items"])
def test_n133_a_foreign_address_is_held(world: World, url: str) -> None:
    """A public host that the registration does not list waits for somebody's approval."""
    launch = world.launch(
        **{
            AGS: {"scope": ["s"], "lineitems": "https://lms.test/items", "lineitem": url},
            NRPS: {"context_memberships_url": url},
        }
    )

    assert launch.grade_service is not None
    assert launch.grade_service.held_host == "grades.example"
    assert launch.grade_service.lineitem == "https://grades.example/items"
    assert launch.roster_service is not None
    assert launch.roster_service.held_host == "grades.example"


@pytest.mark.parametrize(
    "claim",
    [
        {},
        {"scope": ["s"]},
        {"scope": "s", "lineitem": "https://lms.test/item"},
        {"lineitem": "https://lms.test/item"},
        "text",
        [],
        5,
    ],
)
def test_a_grade_service_of_the_wrong_shape_is_none(world: World, claim: Any) -> None:
    """A launch goes on without it."""
    assert world.launch(**{AGS: claim}).grade_service is None


def test_a_course_without_a_column_still_has_a_gradebook(world: World) -> None:
    """C50: line items without one of this link."""
    service = world.launch(
        **{AGS: {"scope": ["s", 5, None], "lineitems": "https://lms.test/items"}}
    ).grade_service

    assert service is not None
    assert (service.lineitem, service.scopes) == ("", {"s"})


def test_an_insecure_container_is_raised_to_https(world: World) -> None:
    """Self-hosted Canvas behind a proxy names its container on http and its column on https."""
    service = world.launch(
        **{AGS: {"scope": [], "lineitems": "http://lms.test/i", "lineitem": "https://lms.test/i/1"}}
    ).grade_service

    assert service is not None
    assert (service.lineitems, service.held_host) == ("https://lms.test/i", "")


def test_a_local_platform_may_name_local_addresses(world: World) -> None:
    """A platform on this machine, where that was allowed, is called at its own host alone."""
    local = Platform(issuer="http://127.0.0.1:8001", client_id="local", key="local", name="Local")
    world.platform = world.add(local, allow_local=True)
    launch = world.launch(
        launch_presentation={"return_url": "http://127.0.0.1:8001/back"},
        **{
            AGS: {"scope": [], "lineitem": "http://127.0.0.1:8001/item"},
            NRPS: {"context_memberships_url": "http://127.0.0.1:9999/members"},
        },
    )

    assert launch.grade_service is not None
    assert launch.grade_service.lineitem == "http://127.0.0.1:8001/item"
    assert launch.grade_service.held_host == ""
    assert launch.return_url == "http://127.0.0.1:8001/back"
    assert launch.roster_service is not None
    assert launch.roster_service.held_host == "127.0.0.1:9999"


@pytest.mark.parametrize(
    ("claims", "locale"),
    [
        ({"locale": "en"}, "en"),
        ({"locale": "pt_BR"}, "pt_BR"),
        ({"locale": "zh-Hant-TW"}, "zh-Hant-TW"),
        ({"locale": "en", "launch_presentation": {"locale": "de"}}, "de"),
        ({"locale": "../../etc"}, ""),
        ({"locale": "en\r\n"}, ""),
        ({"locale": 5}, ""),
        ({"locale": "abcdefgh-abcdefgh-abcdefgh"}, ""),
    ],
)
def test_the_language_is_a_plain_tag(world: World, claims: dict[str, Any], locale: str) -> None:
    """The presentation's own comes before the person's."""
    assert world.launch(**claims).locale == locale


@pytest.mark.parametrize(
    ("code", "registered", "family"),
    [
        ("canvas", "", "canvas"),
        ("Moodle", "", "moodle"),
        ("moodle", "canvas", "moodle"),
        ("sakai", "", ""),
        ("sakai", "canvas", "canvas"),
        (None, "moodle", "moodle"),
        (5, "", ""),
    ],
)
def test_the_family_is_the_messages_or_the_registrations(
    world: World, code: Any, registered: str, family: str
) -> None:
    """What a platform says of itself, or else what its administrator said of it."""
    world.change(family=registered)

    assert world.launch(tool_platform={"product_family_code": code}).platform_family == family


def review(**changes: Any) -> dict[str, Any]:
    claims = {
        "message_type": "LtiSubmissionReviewRequest",
        "for_user": {"user_id": "student-2"},
        AGS: {"scope": [], "lineitem": "https://lms.test/item"},
    }
    return {**claims, **changes}


def test_a_submission_review_is_told_apart(world: World) -> None:
    """It is verified like any launch; what follows is for the pages."""
    launch = world.launch(**review())

    assert launch.message_type is MessageType.SUBMISSION_REVIEW
    assert launch.resource_link is not None
    assert launch.for_user == "student-2"


@pytest.mark.parametrize("for_user", [MISSING, None, {}, {"user_id": ""}, "student-2"])
def test_n139_a_review_is_of_somebody(world: World, for_user: Any) -> None:
    """N139."""
    assert world.refusal(**review(for_user=for_user)) == ("claim.for_user", 422)


@pytest.mark.parametrize("service", [MISSING, None, {}, {"lineitem": ""}, {"lineitem": 5}])
def test_n140_a_review_is_of_a_column(world: World, service: Any) -> None:
    """N140."""
    assert world.refusal(**review(**{AGS: service})) == ("claim.lineitem", 422)


def test_the_same_ids_at_two_platforms_are_not_the_same(world: World) -> None:
    """N137: the launch names the registration beside every id."""
    first = world.launch()
    world.platform = world.add(
        Platform(issuer="https://other.test", client_id="client-2", key="b", name="B")
    )
    second = world.launch()

    assert (first.person.sub, first.context) == (second.person.sub, second.context)
    assert first.registration_id != second.registration_id


def test_a_refusal_tells_nothing_of_the_message(world: World) -> None:
    """Codes are for logs and pages; claims are for neither."""
    with pytest.raises(LaunchRejected) as refused:
        world.launch(aud="client-2", name="Ira Bloom", email="ira@lms.test")

    assert str(refused.value) == "claim.aud_mismatch"
    assert refused.value.facts == {}
    assert uuid4().hex not in str(refused.value)
