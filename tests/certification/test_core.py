"""Core launches of the certification: sixteen to refuse, nineteen to open (C01 to C35)."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.models import Base, Membership, PlatformKeySet, ResourceLink
from lti_alliance.parts import EXTENSION
from lti_alliance.services import activities
from lti_alliance.web.problems import PROBLEMS
from tests.certification import suite
from tests.certification.cases import case
from tests.certification.evidence import OPENING, Evidence
from tests.certification.suite import core_claims
from tests.platforms import INSTRUCTOR, LEARNER, LTI, MISSING, Login, World, rsa_key, signed

Send = Callable[[], TestResponse]

# Messages to refuse


def changed(**changes: Any) -> Callable[[World], Send]:
    """A message that differs from a good one by this."""

    def prepare(world: World) -> Send:
        browser = world.browser()
        login = browser.begin()
        token = world.token(login, **core_claims(**changes))
        return lambda: browser.send(login, token)

    return prepare


def unknown_key(world: World) -> Send:
    """The platform's keys are known and old enough to be asked for anew."""
    assert world.browser().launch(**core_claims()).status_code == 303
    world.now.move(seconds=61)
    fetched = len(world.network.calls)
    send = changed(header={"kid": suite.UNKNOWN_KID})(world)

    def send_and_count() -> TestResponse:
        answer = send()
        assert len(world.network.calls) == fetched + 1
        return answer

    return send_and_count


def no_message(world: World) -> Send:
    """The suite's own JSON, well signed."""
    browser = world.browser()
    login = browser.begin()
    header = {"kid": world.platform.kid}
    token = signed(suite.NO_MESSAGE, key=rsa_key(world.platform.key), header=header)
    return lambda: browser.send(login, token)


def with_state(change: Callable[[str], Any]) -> Callable[[World], Send]:
    """A good message, whose state comes back changed."""

    def prepare(world: World) -> Send:
        browser = world.browser()
        login = browser.begin()
        token = world.token(login, **core_claims())
        return lambda: browser.send(login, token, state=change(login.state))

    return prepare


def altered(state: str) -> str:
    """Change one sign in the middle, where every bit counts."""
    middle = len(state) // 2
    return state[:middle] + ("A" if state[middle] != "A" else "B") + state[middle + 1 :]


def used_state(world: World) -> Send:
    """The login that belongs to the state has been answered."""
    browser = world.browser()
    login = browser.begin()
    assert browser.send(login, world.token(login, **core_claims())).status_code == 303
    world.now.move(seconds=1)
    token = world.token(login, **core_claims())
    return lambda: browser.send(login, token)


def used_nonce(world: World) -> Send:
    """Another login of the same browser was answered with this nonce."""
    browser = world.browser()
    first: Login = browser.begin()
    assert browser.send(first, world.token(first, **core_claims())).status_code == 303
    second = browser.begin()
    token = world.token(second, **core_claims(nonce=first.nonce))
    return lambda: browser.send(second, token)


REFUSALS: dict[str, tuple[Callable[[World], Send], int, str]] = {
    "C01": (changed(header=suite.NO_KID), 401, "token.kid_missing"),
    "C02": (unknown_key, 401, "token.kid_unknown"),
    "C03": (changed(version="11.3"), 422, "claim.version"),
    "C04": (changed(version=MISSING), 422, "claim.version"),
    "C05": (no_message, 401, "claim.iss_missing"),
    "C06": (
        changed(message_type=MISSING, roles=MISSING, version=MISSING),
        422,
        "claim.message_type",
    ),
    "C07": (changed(iat=11111, exp=22222), 401, "claim.expired"),
    "C08": (changed(message_type=MISSING), 422, "claim.message_type"),
    "C09": (changed(roles=MISSING), 422, "claim.roles"),
    "C10": (changed(deployment_id=MISSING), 422, "claim.deployment_id"),
    "C11": (changed(**{f"{LTI}resource_link": MISSING}), 422, "claim.resource_link"),
    "C12": (changed(sub=MISSING), 422, "claim.sub_missing"),
    "C13": (with_state(altered), 401, "launch.state_unknown"),
    "C14": (with_state(lambda _: MISSING), 400, "launch.state_missing"),
    "C15": (used_state, 401, "launch.replayed"),
    "C16": (used_nonce, 401, "claim.nonce_mismatch"),
}


def rows(world: World) -> dict[str, int]:
    """Count the rows of every table, but for the platforms' keys: those may be fetched."""
    world.session.rollback()
    return {
        table.name: world.session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
        if table.name != PlatformKeySet.__tablename__
    }


@pytest.mark.parametrize("case_id", REFUSALS)
def test_it_is_refused(case_id: str, world: World, evidence: Evidence) -> None:
    """A bad message is answered with its reason; nobody is signed in and nothing is kept."""
    prepare, status, code = REFUSALS[case_id]
    send = prepare(world)
    before = rows(world)
    evidence.log.begin()
    answer = send()

    assert answer.status_code == status, answer.text
    assert f'data-error-code="{code}"' in answer.text
    assert str(PROBLEMS[code].message) in unescape(answer.text)
    assert "Location" not in answer.headers
    assert not [each for each in answer.headers.getlist("Set-Cookie") if "__Host-alliance-" in each]
    assert rows(world) == before
    lines = evidence.log.lines("lti.launch")
    evidence.of(case(case_id), f"refused with {status}", lines)


# Messages to open

EMAIL, NAMES = suite.EMAIL, suite.NAMES
NO_COURSE = {f"{LTI}context": MISSING}
NEEDED = ("sub", f"{LTI}context", f"{LTI}resource_link")
BARE = {name: MISSING for name in core_claims() if name not in NEEDED}

OPENED: dict[str, tuple[dict[str, Any], str, str]] = {
    "C17": ({"roles": [INSTRUCTOR]} | EMAIL | NAMES, "instructor", "dashboard"),
    "C18": ({"roles": suite.TEACHING_AND_MORE} | EMAIL | NAMES, "instructor", "dashboard"),
    "C19": ({"roles": ["Instructor"]} | EMAIL | NAMES, "instructor", "dashboard"),
    "C20": ({"roles": [suite.NOBODY_KNOWS]} | EMAIL | NAMES, "learner", "activity"),
    "C21": ({"roles": [""]} | EMAIL | NAMES, "learner", "activity"),
    "C22": ({"roles": [INSTRUCTOR]} | EMAIL, "instructor", "dashboard"),
    "C23": ({"roles": [INSTRUCTOR]} | NAMES, "instructor", "dashboard"),
    "C24": ({"roles": [INSTRUCTOR]}, "instructor", "dashboard"),
    "C25": ({"roles": [INSTRUCTOR]} | EMAIL | NO_COURSE, "instructor", "no-course"),
    "C26": ({"roles": [LEARNER]} | EMAIL | NAMES, "learner", "activity"),
    "C27": ({"roles": suite.LEARNING_AND_MORE} | EMAIL | NAMES, "learner", "activity"),
    "C28": ({"roles": ["Learner"]} | EMAIL | NAMES, "learner", "activity"),
    "C29": ({"roles": [LEARNER, suite.NOBODY_KNOWS_EITHER]} | EMAIL | NAMES, "learner", "activity"),
    "C30": ({"roles": [""]} | EMAIL | NAMES, "learner", "activity"),
    "C31": ({"roles": [LEARNER]} | EMAIL, "learner", "activity"),
    "C32": ({"roles": [LEARNER]} | NAMES, "learner", "activity"),
    "C33": ({"roles": [LEARNER]}, "learner", "activity"),
    "C34": ({"roles": [LEARNER]} | EMAIL | NO_COURSE, "learner", "no-course"),
    "C35": ({"roles": [LEARNER]} | BARE, "learner", "activity"),
}
TELLING_LESS = ("C22", "C23", "C24", "C25", "C31", "C32", "C33", "C34", "C35")
SHOWN = {
    "dashboard": "the teacher's page",
    "activity": "the learner's page",
    "no-course": "a page that sends them to their course",
}


def set_up(world: World) -> None:
    """Let the instructor of the course have chosen what the link opens."""
    world.browser().launch(**core_claims(sub="teacher-1", roles=[INSTRUCTOR]))
    world.session.rollback()
    activities.set_up_activity(
        world.session,
        world.app.extensions[EXTENSION].catalogue,
        link=world.session.scalars(select(ResourceLink)).one(),
        module_id="taster",
        settings=ActivitySettings(parts=frozenset({Part.QUIZ})),
        actor=world.session.scalars(select(Membership)).one(),
        at=world.now(),
    )
    world.session.commit()


@pytest.mark.parametrize("case_id", OPENED)
def test_it_is_opened(case_id: str, world: World, evidence: Evidence) -> None:
    """A good message opens the page of its role, and its log line tells of nobody."""
    claims, role, name = OPENED[case_id]
    set_up(world)
    evidence.log.begin()
    page = world.browser().open(**core_claims(**claims))
    lines = evidence.log.lines(*OPENING[1:])

    assert page.status_code == 200, page.text
    assert f'data-page="{name}"' in page.text
    assert page.text.count("<h1") == 1
    assert [line.fields.get("role") for line in lines] == [role, None]
    for told in (*EMAIL.values(), *NAMES.values(), suite.STUDENT):
        assert f'"{told}"' not in evidence.log.text
    evidence.of(case(case_id), f"opened: {SHOWN[name]}", lines)


@pytest.mark.parametrize("case_id", TELLING_LESS)
def test_lists_bear_it(case_id: str, world: World) -> None:
    """Whatever a launch tells of a person, the lists and exports of the course show them."""
    claims, role, _ = OPENED[case_id]
    set_up(world)
    world.browser().open(**core_claims(**claims))
    teacher = world.browser()
    home = teacher.open(**core_claims(sub="teacher-1", roles=[INSTRUCTOR])).request.path
    overview, desk = teacher.get(home).text, teacher.get(f"{home}course").text
    export = teacher.get(f"{home}course/scores.csv")
    has_course = claims.get(f"{LTI}context") is not MISSING
    shown = "Jane Q. Public" if "name" in claims else "Student 2"

    assert export.status_code == 200
    for text in (overview, desk, export.text):
        assert (shown in text) is (role == "learner" and has_course)
        assert suite.EMAIL["email"] not in text
