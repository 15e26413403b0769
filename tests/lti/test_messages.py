"""Whole messages of one platform: what each kind becomes, and which step refuses it.

All share one database, because nothing of a launch is stored by verifying it. Every way in which a
message may be wrong is in ``test_launch.py``.
"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from lti_alliance.domain.launch import (
    DeepLinkingRequest,
    GradeService,
    Launch,
    LaunchContext,
    LaunchResourceLink,
    MessageType,
    NoticeService,
    Person,
    Role,
    RosterService,
    Target,
)
from lti_alliance.errors import LaunchRejected
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.lti.launch import verify_launch
from lti_alliance.lti.state import LoginState
from tests.platforms import INSTRUCTOR, LEARNER, MISSING, Login, Network, Platform

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LAUNCH_URL = "https://tool.example/lti/launch"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
SETTINGS = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
MENTOR = LEARNER.replace("Learner", "Mentor")
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"
ADMINISTRATOR = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"
RETURN = {"deep_link_return_url": "https://lms.test/return", "accept_types": ["ltiResourceLink"]}
LINK = LaunchResourceLink("link-1", "Alliance")
COURSE = LaunchContext("course-1", "COUN 501", "Helping Skills")


class Place:
    """A platform at which one login has been begun."""

    def __init__(self, session: Session) -> None:
        self.session = session
        network = Network()
        self.http = PlatformHTTP(timeout_s=1, sessions=network.session)
        self.platform = Platform()
        self.platform.register(session, at=NOW, family="moodle")
        network.serve_json(self.platform.jwks_url, lambda: self.platform.jwks)

    def token(self, target: str = LAUNCH_URL, **changes: Any) -> str:
        login = Login(self.platform, target, "", "", "nonce")
        return self.platform.token(login, at=NOW, **changes)

    def verify(
        self, form: MultiDict[str, str], *, target: str = LAUNCH_URL, registration: Any = None
    ) -> Launch:
        own = self.platform.registration
        state = LoginState("s", registration or own.id, "nonce", target, "digest", NOW)
        try:
            return verify_launch(
                self.session,
                self.http,
                form=form,
                state=state,
                registration=own,
                launch_url=LAUNCH_URL,
                at=NOW,
            )
        finally:
            self.session.rollback()

    def launch(self, *, target: str = LAUNCH_URL, **changes: Any) -> Launch:
        return self.verify(MultiDict({"id_token": self.token(target, **changes)}), target=target)

    def refusal(self, **changes: Any) -> tuple[str, int]:
        with pytest.raises(LaunchRejected) as refused:
            self.launch(**changes)
        return refused.value.code, refused.value.status

    def refusal_of_form(self, form: Any, **named: Any) -> tuple[str, int]:
        with pytest.raises(LaunchRejected) as refused:
            self.verify(MultiDict(form), **named)
        return refused.value.code, refused.value.status


@pytest.fixture(scope="module")
def place(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    path = tmp_path_factory.mktemp("messages") / "alliance.sqlite3"
    shutil.copyfile(_sqlite_template, path)
    engine = create_engine(f"sqlite:///{path}")
    with Session(engine, expire_on_commit=False) as session:
        yield Place(session)
    engine.dispose()


def expected(place: Place, **fields: Any) -> Launch:
    plain: dict[str, Any] = {
        "message_type": MessageType.RESOURCE_LINK,
        "registration_id": place.platform.registration.id,
        "deployment_id": "1",
        "person": Person("student-1"),
        "role": Role.LEARNER,
        "context": COURSE,
        "resource_link": LINK,
        "platform_family": "moodle",
    }
    return Launch(**plain | fields)


# What each kind of message becomes


def test_a_bare_launch(place: Place) -> None:
    """A student opens a link of a course; nothing else is said."""
    assert place.launch() == expected(place)


def test_a_launch_that_says_everything(place: Place) -> None:
    """Each claim has its place in the launch."""
    target = f"{LAUNCH_URL}?activity=a-1&attempt=b-2"
    launch = place.launch(
        target=target,
        name="Ira Bloom",
        roles=[INSTRUCTOR, ADMINISTRATOR],
        custom={"activity": "abc"},
        tool_platform={"product_family_code": "canvas", "name": "Northfield"},
        launch_presentation={
            "document_target": "window",
            "return_url": "https://lms.test/back",
            "locale": "de",
        },
        platformnotificationservice={
            "platform_notification_service_url": "https://lms.test/notices",
            "notice_types_supported": ["LtiHelloWorldNotice", "LtiContextCopyNotice"],
            "scope": ["https://purl.imsglobal.org/spec/lti/scope/noticehandlers"],
        },
        role_scope_mentor=["student-2"],
        for_user={"user_id": "student-3"},
        **{
            AGS: {"scope": ["s"], "lineitem": "https://lms.test/1"},
            NRPS: {"context_memberships_url": "https://lms.test/members"},
            SETTINGS: RETURN,
        },
    )

    assert launch == expected(
        place,
        person=Person("student-1", name="Ira Bloom"),
        role=Role.INSTRUCTOR,
        is_institution_administrator=True,
        target=Target(activity="a-1", attempt="b-2"),
        custom={"activity": "abc"},
        grade_service=GradeService(frozenset({"s"}), "", "https://lms.test/1"),
        roster_service=RosterService("https://lms.test/members"),
        notice_service=NoticeService("https://lms.test/notices"),
        platform_family="canvas",
        platform_name="Northfield",
        return_url="https://lms.test/back",
        locale="de",
        is_framed=False,
    )


def test_a_student_preview(place: Place) -> None:
    """A learner with a mark."""
    assert place.launch(roles=[LEARNER, TEST_USER]) == expected(place, is_test_user=True)


def test_only_an_observer_accompanies_somebody(place: Place) -> None:
    """Whatever else a message says of it."""
    assert place.launch(roles=[MENTOR], role_scope_mentor=["student-2"]) == expected(
        place, role=Role.OBSERVER, mentored=("student-2",)
    )
    assert place.launch(role_scope_mentor=["student-2"]).mentored == ()


def test_a_deep_linking_request(place: Place) -> None:
    """It has no link, and may have a target."""
    kind = {"message_type": "LtiDeepLinkingRequest", SETTINGS: RETURN}
    plain = expected(
        place,
        message_type=MessageType.DEEP_LINKING,
        resource_link=None,
        deep_linking=DeepLinkingRequest(return_url="https://lms.test/return"),
    )

    assert place.launch(target_link_uri=MISSING, resource_link=MISSING, **kind) == plain
    assert place.launch(**kind) == plain
    elsewhere = place.refusal(target_link_uri="https://evil.example/", **kind)
    assert elsewhere == ("claim.target_mismatch", 422)
    assert place.refusal(target_link_uri="", **kind) == ("claim.target_link_uri", 422)


def test_a_submission_review(place: Place) -> None:
    """It is about somebody's work, and may lack a link."""
    column = {"scope": [], "lineitem": "https://lms.test/1"}
    kind = {
        "message_type": "LtiSubmissionReviewRequest",
        "for_user": {"user_id": "student-2"},
        AGS: column,
    }
    plain: dict[str, Any] = {
        "message_type": MessageType.SUBMISSION_REVIEW,
        "for_user": "student-2",
        "grade_service": GradeService(frozenset(), "", "https://lms.test/1"),
    }

    assert place.launch(**kind) == expected(place, **plain)
    without_link = place.launch(resource_link=MISSING, **kind)
    assert without_link == expected(place, resource_link=None, **plain)
    assert place.refusal(target_link_uri=MISSING, **kind) == ("claim.target_link_uri", 422)
    assert place.refusal(**kind | {"for_user": MISSING}) == ("claim.for_user", 422)


# Which step refuses it


def test_the_state_is_of_this_registration(place: Place) -> None:
    """Before anything is read."""
    refused = place.refusal_of_form({}, registration=uuid4())

    assert refused == ("launch.state_mismatch", 401)


def test_one_token_comes_with_the_form(place: Place) -> None:
    """None is another fault than two, and an empty one is a bad one."""
    token = place.token()

    assert place.refusal_of_form({"state": "s"}) == ("launch.id_token_missing", 400)
    assert place.refusal_of_form({"id_token": ""}) == ("token.malformed", 400)
    both = [("id_token", token), ("id_token", token)]
    assert place.refusal_of_form(both) == ("launch.param_duplicated", 400)


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"header": {"crit": ["exp"]}}, "token.crit_unknown", 401),
        ({"header": {"kid": MISSING}}, "token.kid_missing", 401),
        ({"header": {"kid": "another"}}, "token.kid_unknown", 401),
        ({"key": "another"}, "token.signature_invalid", 401),
        ({"iss": "https://evil.example"}, "claim.iss_mismatch", 401),
        ({"exp": int((NOW - timedelta(hours=1)).timestamp())}, "claim.expired", 401),
        ({"nonce": "of another login"}, "claim.nonce_mismatch", 401),
        ({"sub": MISSING}, "claim.sub_missing", 422),
        ({"message_type": MISSING}, "claim.message_type", 422),
        ({"message_type": ["LtiResourceLinkRequest"]}, "claim.message_type", 422),
        ({"version": "1.3"}, "claim.version", 422),
        ({"message_type": "LtiEulaRequest"}, "claim.message_type_unknown", 422),
        ({"deployment_id": MISSING}, "claim.deployment_id", 422),
        ({"target_link_uri": MISSING}, "claim.target_link_uri", 422),
        ({"target_link_uri": 5}, "claim.target_link_uri", 422),
        ({"target_link_uri": f"{LAUNCH_URL}?activity=b"}, "claim.target_mismatch", 422),
        ({"target_link_uri": "https://evil.example/"}, "claim.target_mismatch", 422),
        ({"roles": MISSING}, "claim.roles", 422),
        ({"resource_link": MISSING}, "claim.resource_link", 422),
        ({"context": "course-1"}, "claim.context", 422),
    ],
)
def test_each_step_refuses_with_its_own_code(
    place: Place, changes: dict[str, Any], code: str, status: int
) -> None:
    """An administrator searches for the code."""
    assert place.refusal(**changes) == (code, status)


def test_the_first_step_that_fails_is_told(place: Place) -> None:
    """A token is believed in the order of the steps: signature, parties, times, nonce, message."""
    wrong: dict[str, Any] = {
        "key": "another",
        "iss": "https://evil.example",
        "exp": 0,
        "nonce": "x",
        "sub": MISSING,
        "message_type": MISSING,
        "version": MISSING,
    }
    codes = []
    while wrong:
        codes.append(place.refusal(**wrong)[0])
        wrong.pop(next(iter(wrong)))

    assert codes == [
        "token.signature_invalid",
        "claim.iss_mismatch",
        "claim.expired",
        "claim.nonce_mismatch",
        "claim.sub_missing",
        "claim.message_type",
        "claim.version",
    ]


def test_a_target_that_was_no_target_at_the_login_is_none_now(place: Place) -> None:
    """Two addresses that lead nowhere are not one target."""
    refused = place.refusal(target="https://evil.example/lti/launch")

    assert refused == ("claim.target_mismatch", 422)
