"""Registration by an invitation, from the address to the status page."""

import json
from typing import Any

import pytest

from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.domain.roster import MEMBERSHIP_SCOPE
from lti_alliance.lti.platform_configuration import CANVAS
from lti_alliance.lti.registration import TOOL
from lti_alliance.lti.tool_description import NOTICE_SCOPE
from lti_alliance.models import AuditEvent, RegistrationState
from lti_alliance.services import invitations, platforms
from tests.platforms import World
from tests.web.invited import LMS, SCHOOL, TOKEN, Invited, canvas, later, moodle


def code_of(answer: Any) -> str:
    return answer.text.partition('data-error-code="')[2].partition('"')[0]


def sent(world: World) -> dict[str, Any]:
    """Return the registration that the LMS got."""
    body = world.network.requests[-1].body
    found: dict[str, Any] = json.loads(body or "{}")
    return found


def test_opening_shows_and_does_nothing(world: World) -> None:
    """A GET calls nobody, uses nothing up, and may be framed by that LMS alone."""
    invited = Invited(world)
    page = invited.open()

    assert page.status_code == 200
    assert LMS in page.text
    assert world.network.calls == []
    assert invited.registration is None
    assert page.headers["Content-Security-Policy"].endswith(f"frame-ancestors 'self' {LMS}")
    assert invited.open().status_code == 200


def test_a_moodle_is_registered(world: World) -> None:
    """The exchange of the standard: described, asked, answered, kept, and then approved."""
    invited = Invited(world)
    page = invited.register()
    found = invited.registration
    request = sent(world)

    assert page.status_code == 200, page.text
    assert found is not None
    assert (found.issuer, found.client_id, found.family) == (LMS, "client-7", "moodle")
    assert found.auth_token_url == f"{LMS}/mod/lti/token.php"
    assert found.state == RegistrationState.PENDING
    assert [(each.deployment_id, each.state) for each in found.deployments] == [("7", "pending")]
    assert request["scope"].split() == [
        GradeScope.LINE_ITEM,
        GradeScope.RESULT,
        GradeScope.SCORE,
        MEMBERSHIP_SCOPE,
    ]
    assert request["redirect_uris"] == [f"{world.base_url}/lti/launch"]
    own = request[TOOL]
    assert own["domain"] == world.base_url.partition("://")[2]
    assert own["claims"] == ["iss", "sub", "name", "given_name", "family_name"]
    assert own["custom_parameters"] == {
        "context_history": "$Context.id.history",
        "time_zone": "$Person.address.timezone",
    }
    assert [each["type"] for each in own["messages"]] == [
        "LtiDeepLinkingRequest",
        "LtiResourceLinkRequest",
    ]
    assert {each.headers["Authorization"] for each in world.network.requests} == {f"Bearer {TOKEN}"}


def test_a_canvas_of_instructure_is_registered(world: World) -> None:
    """One issuer for all schools; the school's own host takes the registration and serves."""
    invited = Invited(world, is_approved=True, accept_deployments=True)
    address = f"{SCHOOL}/api/lti/security/openid-configuration?registration_token={TOKEN}"
    invited.describe(canvas(), address=address)
    invited.answer({"client_id": 10000000000123}, url=f"{SCHOOL}/api/lti/registrations")
    page = invited.send(course_menu="yes")
    found, request = invited.registration, sent(world)

    assert page.status_code == 200, page.text
    assert found is not None
    assert (found.client_id, found.family) == ("10000000000123", "canvas")
    assert found.state == RegistrationState.ACTIVE
    assert found.deployments == []
    assert set(found.service_hosts) >= {"school.instructure.com", "sso.canvaslms.com"}
    assert NOTICE_SCOPE in request["scope"]
    own = request[TOOL]
    assert own[f"{CANVAS}privacy_level"] == "anonymous", "the box for names was not ticked"
    assert own["claims"] == ["iss", "sub"]
    assert [(each["type"], each["placements"]) for each in own["messages"]] == [
        ("LtiDeepLinkingRequest", ["assignment_selection", "link_selection"]),
        ("LtiResourceLinkRequest", ["course_navigation"]),
    ]
    assert own["messages"][1][f"{CANVAS}course_navigation/default_enabled"] is True


def test_approved_it_lets_launches_in(world: World) -> None:
    """Until an administrator of the tool has approved it nobody gets in."""
    invited = Invited(world)
    invited.register()
    fields = {
        "iss": LMS,
        "client_id": "client-7",
        "login_hint": "x",
        "target_link_uri": f"{world.base_url}/lti/launch",
    }
    before = world.app.test_client().post("/lti/login", data=fields)
    registration = invited.registration
    assert registration is not None
    platforms.approve_registration(world.session, registration, at=world.now())
    world.session.commit()
    after = world.app.test_client().post("/lti/login", data=fields)

    assert (before.status_code, code_of(before)) == (403, "login.registration_pending")
    assert after.status_code == 303
    assert [each.state for each in registration.deployments] == ["approved"]


def test_success_uses_the_invitation_up(world: World) -> None:
    """A second registration is not made; the address shows how the first one stands."""
    invited = Invited(world)
    invited.register()
    again = invited.send()
    opened = invited.client.get(f"/lti/register?invitation={invited.code}")

    assert len(world.network.calls) == 2
    for page in (again, opened):
        assert page.status_code == 200
        assert "client-7" in page.text
        assert 'data-page="platform-status"' in page.text

    later(world, days=31)
    assert code_of(invited.open()) == "register.invitation_expired"


def test_failure_uses_nothing_up(world: World) -> None:
    """Whatever goes wrong, the same address can be tried again at once."""
    invited = Invited(world)
    invited.describe(b"<html>", status=502)
    failed = invited.send()
    worked = invited.register()

    assert (failed.status_code, code_of(failed)) == (502, "register.config_unreadable")
    assert worked.status_code == 200
    assert invited.registration is not None


def test_a_double_click_registers_once(world: World) -> None:
    """While one registration is under way another is told to wait."""
    invited = Invited(world)
    invited.describe(moodle())
    found = invitations.find_invitation(world.session, invited.code)
    assert found is not None
    assert invitations.begin_use(world.session, found, at=world.now())
    world.session.commit()
    second = invited.send()

    assert (second.status_code, code_of(second)) == (409, "register.under_way")
    assert world.network.calls == []

    later(world, minutes=2)
    assert invited.register().status_code == 200


def test_an_invitation_ends(world: World) -> None:
    """After its days, or taken back, it opens nothing."""
    first = Invited(world, name="school-1")
    second = Invited(world, name="school-2")
    invitations.revoke(world.session, "school-2", at=world.now())
    world.session.commit()

    assert first.open().status_code == 200
    assert code_of(second.open()) == "register.invitation_expired"

    later(world, days=7)
    assert code_of(first.open()) == "register.invitation_expired"
    assert code_of(first.send()) == "register.invitation_expired"


def test_what_exists_is_never_overwritten(world: World) -> None:
    """An answer that names a client id of another registration changes nothing."""
    world.platform.issuer = LMS
    known = Invited(world, name="school-1")
    known.register()
    other = Invited(world, name="school-2")
    answer = other.register()

    assert (answer.status_code, code_of(answer)) == (409, "register.exists")
    assert known.registration is not None
    assert known.registration.name == "school-1"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, b"token_already_used", "register.token_refused"),
        (400, {"error": "bad"}, "register.refused"),
        (422, {"errors": {"scope": "unknown"}}, "register.refused"),
        (500, b"", "register.refused"),
        (200, b"<html>", "register.answer_invalid"),
        (200, {"client_id": ""}, "register.answer_invalid"),
        (200, {"client_id": True}, "register.answer_invalid"),
        (200, {"client_id": "x" * 256}, "register.answer_invalid"),
    ],
)
def test_a_refusal_is_told(world: World, status: int, body: Any, code: str) -> None:
    """Each with its own words, and nothing is kept."""
    invited = Invited(world)
    invited.describe(moodle())
    invited.answer(body, status=status)
    page = invited.send()

    assert (page.status_code, code_of(page)) == (502, code)
    assert invited.registration is None


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("token_endpoint", "https://elsewhere.test/token"),
        ("jwks_uri", "https://moodle.school.test.evil.test/keys"),
        ("authorization_endpoint", "http://moodle.school.test/auth"),
        ("registration_endpoint", "https://10.0.0.1/register"),
        ("registration_endpoint", "https://evilmoodle.school.test/register"),
    ],
)
def test_addresses_stay_with_their_owner(world: World, name: str, address: str) -> None:
    """A description may not send the tool's token, or its trust, to somebody else."""
    invited = Invited(world)
    invited.describe(moodle(**{name: address}))
    page = invited.send()

    assert (page.status_code, code_of(page)) == (400, "register.endpoint_foreign")
    assert len(world.network.calls) == 1


def test_nobody_speaks_for_instructure(world: World) -> None:
    """Its issuer needs its own sign-in and its own keys."""
    invited = Invited(world)
    invited.describe(moodle(issuer="https://canvas.instructure.com"))
    page = invited.send()

    assert code_of(page) == "register.endpoint_foreign"


def test_the_developer_key_of_canvas(world: World) -> None:
    """What an administrator loads who does not register dynamically."""
    found = world.app.test_client().get("/lti/config/canvas.json").get_json()
    extension = found["extensions"][0]
    placements = {each["placement"]: each for each in extension["settings"]["placements"]}

    assert found["target_link_uri"] == f"{world.base_url}/lti/launch"
    assert found["oidc_initiation_url"] == f"{world.base_url}/lti/login"
    assert found["custom_fields"]["due_at"] == "$Canvas.assignment.dueAt.iso8601"
    assert placements["assignment_selection"]["message_type"] == "LtiDeepLinkingRequest"
    assert placements["course_navigation"]["default"] == "disabled"
    assert extension["privacy_level"] == "name_only"


def test_an_administrator_sees_how_the_connection_stands(world: World) -> None:
    """Whoever administers the LMS has no shell here: the page says it, and nothing of students."""
    browser = world.browser()
    role = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"
    page = browser.open(roles=[role])

    assert 'data-page="administrator"' in page.text
    assert world.platform.client_id in page.text

    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    handle = page.request.path.split("/")[2]
    saved = browser.post(
        f"/launches/{handle}/status/help",
        data={"csrf_token": token, "help_text": "  Counselling centre: room 5\r\n"},
    )
    shown = browser.get(f"/launches/{handle}/status")
    long = browser.post(
        f"/launches/{handle}/status/help", data={"csrf_token": token, "help_text": "x" * 2001}
    )

    assert saved.status_code == 303
    assert "Counselling centre: room 5</textarea>" in shown.text
    assert long.status_code == 422
    assert "x" * 2001 in long.text
    world.session.rollback()
    actions = [each.action for each in world.session.query(AuditEvent)]
    assert actions.count("platform.help_text") == 1


def test_a_student_sees_no_status(world: World) -> None:
    """The page is for administrators alone."""
    browser = world.browser()
    handle = browser.open().request.path.split("/")[2]

    assert browser.get(f"/launches/{handle}/status").status_code == 403
