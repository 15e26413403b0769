"""Registering platforms, and approving deployments and hosts that launches ask for."""

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.domain.delivery_reasons import Reason
from lti_alliance.domain.launch import Launch, MessageType, Person, Role
from lti_alliance.errors import Conflict, InvalidInput, LaunchRejected, NotFound
from lti_alliance.models import (
    AuditEvent,
    Context,
    Deployment,
    DeploymentState,
    Grade,
    LineItem,
    Registration,
    ScoreDelivery,
)
from lti_alliance.services import platforms
from lti_alliance.services.approvals import MAX_PENDING_DEPLOYMENTS
from lti_alliance.services.platforms import (
    add_registration,
    approve_deployment,
    approve_host,
    canvas_addresses,
    disable,
    enable,
    find_registration,
    frame_ancestors,
    get_registration,
    judge_deployment,
    list_registrations,
    load,
    moodle_addresses,
    move_deployment,
)
from tests import stage as stages

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIELDS: dict[str, Any] = {
    "name": "Northfield",
    "issuer": "https://lms.example",
    "client_id": "client-1",
    "auth_login_url": "https://login.lms.example/auth",
    "auth_token_url": "https://lms.example/token",
    "jwks_url": "https://lms.example:8443/jwks",
}


def registered(session: Session, **changes: Any) -> Registration:
    registration = add_registration(session, **{**FIELDS, **changes}, at=NOW)
    session.commit()
    return registration


# Adding


@pytest.mark.both_databases
def test_a_registration_is_added(session: Session) -> None:
    """All that was given, and the hosts of its addresses beside those named."""
    registration = registered(
        session,
        auth_audience="https://lms.example/audience",
        family="canvas",
        deployment_ids=["1", "2"],
        accept_deployments=True,
        service_hosts=["Grades.example", "lms.example"],
        trusted_audiences=["other"],
    )

    assert get_registration(session, "Northfield") is registration
    assert registration.is_active
    assert registration.service_hosts == [
        "lms.example",
        "login.lms.example",
        "lms.example:8443",
        "grades.example",
    ]
    assert (registration.family, registration.accept_deployments) == ("canvas", True)
    assert {d.deployment_id for d in registration.deployments} == {"1", "2"}
    assert {d.state for d in registration.deployments} == {DeploymentState.APPROVED}
    assert registration.created_at == NOW


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": ""}, {"name"}),
        ({"name": "   "}, {"name"}),
        ({"name": "x" * 101}, {"name"}),
        ({"issuer": ""}, {"issuer"}),
        ({"issuer": "x" * 256}, {"issuer"}),
        ({"client_id": "a\nb"}, {"client_id"}),
        ({"auth_login_url": "http://lms.example/auth"}, {"auth_login_url"}),
        ({"auth_token_url": "https://localhost/token"}, {"auth_token_url"}),
        ({"auth_token_url": "https://user@lms.example/token"}, {"auth_token_url"}),
        ({"jwks_url": "https://10.0.0.1/jwks"}, {"jwks_url"}),
        ({"jwks_url": "lms.example/jwks"}, {"jwks_url"}),
        ({"jwks_url": "https://lms.example/jwks#x"}, {"jwks_url"}),
        ({"jwks_url": "https://lms.example/" + "x" * 500}, {"jwks_url"}),
        ({"auth_audience": "x" * 501}, {"auth_audience"}),
        ({"family": "sakai"}, {"family"}),
        ({"deployment_ids": ["1", ""]}, {"deployment_ids"}),
        ({"deployment_ids": ["x" * 256]}, {"deployment_ids"}),
        ({"trusted_audiences": [""]}, {"trusted_audiences"}),
        ({"service_hosts": ["https://lms.example"]}, {"service_hosts"}),
        ({"service_hosts": ["lms.example/path"]}, {"service_hosts"}),
        ({"service_hosts": ["user@lms.example"]}, {"service_hosts"}),
        ({"service_hosts": ["localhost"]}, {"service_hosts"}),
        ({"service_hosts": [""]}, {"service_hosts"}),
        ({"name": "", "jwks_url": "", "family": "?"}, {"name", "jwks_url", "family"}),
    ],
)
def test_every_field_at_fault_is_named(
    session: Session, changes: dict[str, Any], fields: set[str]
) -> None:
    """All at once, and nothing is stored."""
    with pytest.raises(InvalidInput) as refused:
        add_registration(session, **{**FIELDS, **changes}, at=NOW)

    assert refused.value.fields.keys() == fields
    assert all(refused.value.fields.values())
    assert list_registrations(session) == []


def test_a_local_platform_needs_leave(session: Session) -> None:
    """A platform on this machine may be registered where that is said."""
    local = "http://127.0.0.1:8001"
    registration = registered(
        session,
        issuer=local,
        auth_login_url=f"{local}/auth",
        auth_token_url=f"{local}/token",
        jwks_url=f"{local}/jwks",
        allow_local=True,
    )

    assert registration.service_hosts == ["127.0.0.1:8001"]


@pytest.mark.parametrize(
    ("changes", "field"), [({"client_id": "client-2"}, "name"), ({"name": "B"}, "client_id")]
)
def test_a_platform_is_registered_once(
    session: Session, changes: dict[str, Any], field: str
) -> None:
    """A24: a second registration never takes the place of the first."""
    registered(session)
    with pytest.raises(InvalidInput) as refused:
        add_registration(session, **{**FIELDS, **changes}, at=NOW)

    assert refused.value.fields.keys() == {field}


def test_registrations_are_listed_by_name(session: Session) -> None:
    """For people to find them."""
    for name in ("B", "A", "C"):
        registered(session, name=name, client_id=name)

    assert [each.name for each in list_registrations(session)] == ["A", "B", "C"]
    with pytest.raises(NotFound):
        get_registration(session, "D")


# Finding


def refusal(act: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(LaunchRejected) as refused:
        act()
    return refused.value.code, refused.value.status


def test_a_login_finds_its_registration(session: Session) -> None:
    """By issuer and client id together, and by the issuer alone where it has only one."""
    first = registered(session)
    registered(session, name="B", issuer="https://other.example")

    assert find_registration(session, issuer=FIELDS["issuer"], client_id="client-1") is first
    for empty in ("", None):
        assert find_registration(session, issuer=FIELDS["issuer"], client_id=empty) is first


@pytest.mark.parametrize(
    ("issuer", "client_id"),
    [
        ("https://lms.example", "client-2"),
        ("https://lms.example/", "client-1"),
        ("https://LMS.example", "client-1"),
        ("https://unknown.example", ""),
        ("https://other.example", "client-1"),
    ],
)
def test_n013_an_unknown_client(session: Session, issuer: str, client_id: str) -> None:
    """N013: compared to the letter, never by the issuer's likeness."""
    registered(session)
    registered(session, name="B", issuer="https://other.example", client_id="client-2")

    def find() -> Registration:
        return find_registration(session, issuer=issuer, client_id=client_id)

    assert refusal(find) == ("login.client_unknown", 403)


def test_n014_none_of_several_is_the_default(session: Session) -> None:
    """N014 and A5: not the first, not the only active one."""
    registered(session)
    second = registered(session, name="B", client_id="client-2")
    disable(session, second, at=NOW)

    def find() -> Registration:
        return find_registration(session, issuer=FIELDS["issuer"], client_id="")

    assert refusal(find) == ("login.client_id_needed", 400)


def test_n016_a_disabled_registration(session: Session) -> None:
    """N016: until it is enabled again."""
    registration = registered(session)

    def find() -> Registration:
        return find_registration(session, issuer=FIELDS["issuer"], client_id="client-1")

    disable(session, registration, at=NOW)
    refused = refusal(find)
    enable(session, registration, at=NOW)

    assert refused == ("login.registration_disabled", 403)
    assert find() is registration


# Deployments


@pytest.mark.both_databases
def test_n107_an_unknown_deployment_is_refused_and_remembered(session: Session) -> None:
    """N107: what the administrator needs to approve it survives the launch's rollback."""
    registration = registered(session)
    with pytest.raises(LaunchRejected) as refused:
        judge_deployment(session, registration, "7", at=NOW)
    session.rollback()
    waiting = session.scalars(select(Deployment)).one()

    assert (refused.value.code, refused.value.status) == ("deployment.unknown", 403)
    assert refused.value.facts == {
        "issuer": "https://lms.example",
        "client_id": "client-1",
        "deployment_id": "7",
    }
    assert (waiting.deployment_id, waiting.state) == ("7", DeploymentState.PENDING)
    assert waiting.first_seen_at == NOW


@pytest.mark.both_databases
def test_an_approved_deployment_passes(session: Session) -> None:
    """From then on, and the same row."""
    registration = registered(session)
    with pytest.raises(LaunchRejected):
        judge_deployment(session, registration, "7", at=NOW)
    session.rollback()
    approved = approve_deployment(session, registration, "7", at=NOW)
    session.commit()

    assert judge_deployment(session, registration, "7", at=NOW).id == approved.id
    assert session.scalar(select(func.count()).select_from(Deployment)) == 1


def test_n108_anothers_deployment_is_unknown(session: Session) -> None:
    """N108: a deployment id means something only inside its registration."""
    registration = registered(session)
    registered(session, name="B", client_id="client-2", deployment_ids=["7"])

    assert refusal(lambda: judge_deployment(session, registration, "7", at=NOW)) == (
        "deployment.unknown",
        403,
    )


@pytest.mark.both_databases
def test_a_trusting_registration_approves_what_it_sees(session: Session) -> None:
    """Where the administrator said so: new ones, and those that have been waiting."""
    registration = registered(session)
    with pytest.raises(LaunchRejected):
        judge_deployment(session, registration, "7", at=NOW)
    session.rollback()
    registration.accept_deployments = True
    session.commit()
    found = [judge_deployment(session, registration, d, at=NOW) for d in ("7", "8", "7")]
    session.rollback()

    assert {each.state for each in found} == {DeploymentState.APPROVED}
    assert set(session.scalars(select(Deployment.deployment_id))) == {"7", "8"}
    assert set(session.scalars(select(Deployment.state))) == {DeploymentState.APPROVED}


def test_waiting_deployments_are_not_without_end(session: Session) -> None:
    """A platform that invents deployments fills no table; each is refused all the same."""
    registration = registered(session)
    for number in range(MAX_PENDING_DEPLOYMENTS + 3):
        with pytest.raises(LaunchRejected):
            judge_deployment(session, registration, f"d{number}", at=NOW)
        session.rollback()

    assert session.scalar(select(func.count()).select_from(Deployment)) == MAX_PENDING_DEPLOYMENTS


def test_judging_says_so_when_the_act_has_begun_to_write(session: Session) -> None:
    """SQLite has one writer, and this one would wait for its own caller."""
    registration = registered(session)
    session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
    with pytest.raises(RuntimeError, match="before the act begins"):
        judge_deployment(session, registration, "7", at=NOW)


@pytest.mark.both_databases
def test_the_courses_of_a_reinstalled_tool_move(session: Session) -> None:
    """Only courses know their deployment; people and grades come along."""
    registration = registered(session, deployment_ids=["1"])
    deployment = registration.deployments[0]
    context = Context(deployment_id=deployment.id, lti_id="course-1", created_at=NOW)
    session.add(context)
    session.commit()
    moved = move_deployment(session, registration, from_id="1", to_id="9", at=NOW)
    session.commit()
    session.refresh(context)

    assert moved == 1
    assert (context.deployment.deployment_id, context.deployment.state) == ("9", "approved")


def test_a_course_in_both_installations_does_not_move(session: Session) -> None:
    """Which of the two would be the course is not for a program to say."""
    registration = registered(session, deployment_ids=["1", "2"])
    for deployment in registration.deployments:
        session.add(Context(deployment_id=deployment.id, lti_id="course-1", created_at=NOW))
    session.commit()
    with pytest.raises(Conflict) as refused:
        move_deployment(session, registration, from_id="1", to_id="2", at=NOW)

    assert refused.value.reason == "deployment.course_in_both"
    with pytest.raises(NotFound):
        move_deployment(session, registration, from_id="unheard of", to_id="2", at=NOW)


# Hosts, and the scores that wait for them


def delivery(stage: stages.Stage, *, state: str, reason: str = "") -> ScoreDelivery:
    activity = stage.activity(f"link-{uuid4().hex[:6]}")
    student = stage.join(f"student-{uuid4().hex[:6]}")
    grade = Grade(
        activity_id=activity.id,
        membership_id=student.id,
        maximum=Decimal(10),
        parts={},
        updated_at=NOW,
    )
    stage.session.add(grade)
    stage.session.flush()
    made = ScoreDelivery(
        activity_id=activity.id,
        membership_id=student.id,
        registration_id=stage.registration.id,
        grade_id=grade.id,
        state=state,
        desired_score=Decimal(7),
        desired_maximum=Decimal(10),
        desired_since=NOW - timedelta(days=9),
        next_at=NOW + timedelta(days=1),
        tries=5,
        reason=reason,
    )
    stage.session.add(made)
    stage.session.commit()
    return made


@pytest.mark.both_databases
def test_an_approved_host_lets_scores_out(
    session: Session, stage: stages.Stage, catalogue: Catalogue
) -> None:
    """Held columns are free, the scores that waited for it are due, and no other is touched."""
    other = stages.build(session, catalogue, name="Other")
    held = delivery(stage, state=DeliveryState.DUE)
    done = delivery(stage, state=DeliveryState.DELIVERED, reason="")
    scope = delivery(stage, state=DeliveryState.BLOCKED, reason=Reason.SCOPE_MISSING)
    foreign = delivery(other, state=DeliveryState.DUE)
    for line_item in session.scalars(select(LineItem)):
        line_item.held_host = "grades.example"
    stage.registration.held_hosts = ["grades.example", "more.example"]
    session.commit()
    due = approve_host(session, stage.registration, "Grades.example", at=NOW)
    session.commit()
    session.expire_all()

    assert due == 1
    assert stage.registration.held_hosts == ["more.example"]
    assert stage.registration.service_hosts == [stages.HOST, "grades.example"]
    assert (held.state, held.next_at, held.desired_since) == (DeliveryState.DUE, NOW, NOW)
    assert held.tries == 0
    assert (done.state, scope.state) == (DeliveryState.DELIVERED, DeliveryState.BLOCKED)
    assert foreign.next_at > NOW
    own, others = (
        set(
            session.scalars(
                select(LineItem.held_host).where(
                    LineItem.resource_link.has(context_id=each.context.id)
                )
            )
        )
        for each in (stage, other)
    )
    assert (own, others) == ({""}, {"grades.example"})


@pytest.mark.parametrize("host", ["", "localhost", "10.0.0.1", "https://x.example", "a/b", "a@b.c"])
def test_only_a_public_host_can_be_approved(session: Session, host: str) -> None:
    """Approval is for names that a launch may name."""
    registration = registered(session)
    with pytest.raises(InvalidInput) as refused:
        approve_host(session, registration, host, at=NOW)

    assert refused.value.fields.keys() == {"host"}


@pytest.mark.both_databases
def test_enabling_lets_paused_scores_out(session: Session, stage: stages.Stage) -> None:
    """What waited for the registration is due at once."""
    paused = delivery(stage, state=DeliveryState.DUE)
    disable(session, stage.registration, at=NOW)
    enable(session, stage.registration, at=NOW)
    session.commit()
    session.refresh(paused)

    assert (paused.state, paused.next_at) == (DeliveryState.DUE, NOW)
    assert paused.desired_since == NOW


def test_what_an_administrator_does_is_audited_once(session: Session) -> None:
    """Adding, approving, disabling, enabling; doing it twice is one act."""
    registration = registered(session, deployment_ids=["1"])
    for _ in range(2):
        disable(session, registration, at=NOW)
    for _ in range(2):
        enable(session, registration, at=NOW)
    approve_deployment(session, registration, "1", at=NOW)
    approve_host(session, registration, "grades.example", at=NOW)
    actions = sorted(session.scalars(select(AuditEvent.action)))

    assert actions == [
        "deployment.approve",
        "platform.active",
        "platform.approve_host",
        "platform.disabled",
        "platform.write",
    ]


# Frames


def launched(registration: Registration, return_url: str = "") -> Launch:
    return Launch(
        message_type=MessageType.RESOURCE_LINK,
        registration_id=registration.id,
        deployment_id="1",
        person=Person("student-1"),
        role=Role.LEARNER,
        return_url=return_url,
    )


def test_a20_only_the_platforms_hosts_may_frame(session: Session) -> None:
    """A20: every known host of this registration, and no wildcard."""
    registration = registered(session, service_hosts=["school.example"])
    registration.held_hosts = ["held.example"]

    assert frame_ancestors(registration, launched(registration)) == [
        "https://lms.example",
        "https://lms.example:8443",
        "https://login.lms.example",
        "https://school.example",
    ]


def test_a_local_platform_frames_on_its_own_scheme(session: Session) -> None:
    """The practice LMS lives on plain http, with a host beside it."""
    local = "http://127.0.0.1:8001"
    registration = registered(
        session,
        issuer=local,
        auth_login_url=f"{local}/auth",
        auth_token_url=f"{local}/token",
        jwks_url=f"{local}/jwks",
        service_hosts=["127.0.0.1:8009"],
        allow_local=True,
    )

    assert frame_ancestors(registration, launched(registration, f"{local}/back")) == [
        "http://127.0.0.1:8001",
        "http://127.0.0.1:8009",
    ]


def test_an_issuer_that_is_no_address_frames_nothing(session: Session) -> None:
    """An issuer is a name first of all."""
    registration = registered(session, issuer="lms:northfield", jwks_url=FIELDS["auth_token_url"])

    assert frame_ancestors(registration, launched(registration)) == [
        "https://lms.example",
        "https://login.lms.example",
    ]


# Filling addresses in


@pytest.mark.parametrize(
    ("host", "environment", "issuer", "sign_on"),
    [
        ("n.instructure.com", None, "canvas.instructure.com", "sso.canvaslms.com"),
        ("n.beta.instructure.com", None, "canvas.beta.instructure.com", "sso.beta.canvaslms.com"),
        ("n.test.instructure.com", None, "canvas.test.instructure.com", "sso.test.canvaslms.com"),
        ("canvas.school.edu", "prod", "canvas.instructure.com", "sso.canvaslms.com"),
        ("canvas.school.edu", "beta", "canvas.beta.instructure.com", "sso.beta.canvaslms.com"),
        ("canvas.school.edu", None, "canvas.instructure.com", "canvas.school.edu"),
    ],
)
def test_canvas_is_known_by_its_host(
    session: Session, host: str, environment: str | None, issuer: str, sign_on: str
) -> None:
    """Hosted schools share issuer and sign-on; a Canvas of one's own answers for itself."""
    fields = canvas_addresses(host, environment)
    registration = add_registration(session, name="C", client_id="1", at=NOW, **fields)

    assert registration.issuer == f"https://{issuer}"
    assert registration.auth_login_url == f"https://{sign_on}/api/lti/authorize_redirect"
    assert registration.auth_token_url == f"https://{sign_on}/login/oauth2/token"
    assert registration.jwks_url == f"https://{sign_on}/api/lti/security/jwks"
    assert registration.family == "canvas"
    assert host in registration.service_hosts


@pytest.mark.parametrize("url", ["https://moodle.example/m", "https://moodle.example/m/"])
def test_moodle_is_known_by_its_address(session: Session, url: str) -> None:
    """Its issuer is the address without the last slash, to the letter."""
    registration = add_registration(
        session, name="M", client_id="1", at=NOW, **moodle_addresses(url)
    )

    assert registration.issuer == "https://moodle.example/m"
    assert registration.auth_login_url == "https://moodle.example/m/mod/lti/auth.php"
    assert registration.auth_token_url == "https://moodle.example/m/mod/lti/token.php"
    assert registration.jwks_url == "https://moodle.example/m/mod/lti/certs.php"
    assert (registration.family, registration.service_hosts) == ("moodle", ["moodle.example"])


# A file of platforms

FILE = """
[[platform]]
name = "Northfield"
canvas = "northfield.instructure.com"
client_id = "170000000000123"
deployment_ids = ["1:abc"]

[[platform]]
name = "Faculty"
moodle = "https://moodle.example"
client_id = "AbC"
accept_deployments = true
service_hosts = ["files.example"]
disabled = true

[[platform]]
name = "Practice"
issuer = "http://127.0.0.1:8001/canvas"
client_id = "1"
auth_login_url = "http://127.0.0.1:8001/auth"
auth_token_url = "http://127.0.0.1:8001/token"
jwks_url = "http://127.0.0.1:8001/jwks"
allow_local = true
"""


def loaded(session: Session, text: str) -> platforms.Loaded:
    session.commit()
    did = load(session, tomllib.loads(text), at=NOW)
    session.commit()
    return did


@pytest.mark.both_databases
def test_a_file_is_loaded_once(session: Session) -> None:
    """The second time there is nothing left to do, and nothing is audited."""
    first = loaded(session, FILE)
    events = session.scalar(select(func.count()).select_from(AuditEvent))
    second = loaded(session, FILE)
    faculty = get_registration(session, "Faculty")

    assert first.added == second.unchanged == ("Northfield", "Faculty", "Practice")
    assert (first.changed, second.added, second.changed) == ((), (), ())
    assert session.scalar(select(func.count()).select_from(AuditEvent)) == events
    assert (faculty.is_active, faculty.accept_deployments) == (False, True)
    assert faculty.service_hosts == ["moodle.example", "files.example"]
    assert get_registration(session, "Northfield").deployments[0].deployment_id == "1:abc"


def test_a_changed_file_changes_its_registrations(session: Session) -> None:
    """By name or by client; what the file does not name, and what was approved, stays."""
    registered(session, name="By hand")
    loaded(session, FILE)
    approve_host(session, get_registration(session, "Northfield"), "vanity.example", at=NOW)
    text = FILE.replace('name = "Practice"', 'name = "Renamed"')
    text = text.replace("disabled = true", "disabled = false").replace('"1:abc"', '"1:abc", "2:d"')
    did = loaded(session, text)
    northfield = get_registration(session, "Northfield")

    assert did.changed == ("Northfield", "Faculty", "Renamed")
    assert get_registration(session, "Faculty").is_active
    assert "vanity.example" in northfield.service_hosts
    assert len(northfield.deployments) == 2
    assert get_registration(session, "By hand").is_active
    with pytest.raises(NotFound):
        get_registration(session, "Practice")


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("[platform]\nname = 'x'", {"platform"}),
        ("platforms = []", {"platform"}),
        ("[[platform]]\nname = 'x'", None),
        ("platform = ['x']", {"platform 1: table"}),
        (FILE + "colour = 'red'", {"platform 3: colour"}),
        (FILE.replace('"AbC"', "5"), {"platform 2: client_id"}),
        (FILE.replace('["files.example"]', '"files.example"'), {"platform 2: service_hosts"}),
        (FILE.replace('["files.example"]', "[5]"), {"platform 2: service_hosts"}),
        (FILE.replace("accept_deployments = true", "accept_deployments = 1"), None),
        (FILE.replace("allow_local = true", ""), None),
        (FILE + "canvas_environment = 'moon'", {"platform 3: canvas_environment"}),
        (FILE.replace('"AbC"', '""').replace('"1"\n', '""\n'), None),
    ],
)
def test_a_faulty_file_changes_nothing(
    session: Session, text: str, fields: set[str] | None
) -> None:
    """Every field at fault is named with its table, before anything is stored."""
    with pytest.raises(InvalidInput) as refused:
        loaded(session, text)

    assert fields is None or refused.value.fields.keys() == fields
    assert refused.value.fields
    assert list_registrations(session) == []


def test_an_empty_file_wants_nothing(session: Session) -> None:
    """It removes nothing either."""
    registered(session)

    assert loaded(session, "") == platforms.Loaded((), (), ())
    assert len(list_registrations(session)) == 1
