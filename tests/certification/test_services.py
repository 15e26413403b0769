"""Rosters and grades of the certification (C45 to C56), with both practice platforms over HTTP."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from sqlalchemy import select

from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.lti.claims import GRADE_SERVICE, ROSTER_SERVICE
from lti_alliance.models import LineItem, ScoreDelivery, User
from tests.certification import suite
from tests.certification.cases import case
from tests.certification.evidence import Evidence, Line
from tests.certification.lesson import Lesson
from tests.certification.served import Heard, ServedSchool
from tests.platforms import LEARNER, LTI
from tests.web.test_launch import TEST_USER

# What is walked once serves all cases of the file, on one worker; the first of them waits for it.
pytestmark = [pytest.mark.xdist_group("certification"), pytest.mark.timeout(600)]

MEMBERS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
LINE_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE = "application/vnd.ims.lis.v1.score+json"
RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NRPS_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
AGS_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"


@dataclass
class Walk:
    """What was said on the way from a teacher's launch to a score that was read back."""

    told: dict[str, Any]
    """The claims of the teacher's launch."""
    page: str
    key_set: dict[str, Any]
    roster: list[Heard]
    grades: list[Heard]
    again: list[Heard]
    """When the first score of a second student met a column whose address was lost."""
    known: set[str]
    """People whom the tool knows when the roster has been read."""
    address: str
    """Of the line item, as the tool keeps it."""
    made: list[Any]
    """Line items that the course has now and had not before."""
    cell: Any
    state: str
    """Of the score, when the column has been read."""
    seen: Decimal | None
    people: list[Any]
    """Everybody at the platform."""
    lines: dict[str, list[Line]]
    text: str
    """The whole log of it."""

    @property
    def heard(self) -> list[Heard]:
        """Everything that the platform was asked."""
        return [*self.roster, *self.grades, *self.again]

    def logged(self, event: str, *steps: str, **fields: str) -> list[Line]:
        """List the lines of these steps about an event with these fields."""
        return [
            line
            for step in steps
            for line in self.lines[step]
            if line.event == event and fields.items() <= line.fields.items()
        ]


def calls(heard: list[Heard], method: str, media_type: str) -> list[Heard]:
    """List the calls of a service by their method and the type of what is sent or asked for."""
    header = "Content-Type" if method == "POST" else "Accept"
    return [
        each for each in heard if (each.method, each.headers.get(header)) == (method, media_type)
    ]


def tokens(heard: list[Heard]) -> list[Heard]:
    """List the requests for access tokens."""
    return [each for each in heard if "client_assertion" in each.form]


def address(heard: Heard) -> str:
    """Return the address that was called, as the platform names it in its messages."""
    query = f"?{heard.query}" if heard.query else ""
    return f"http://{heard.headers['Host']}{heard.path}{query}"


def walk(school: ServedSchool) -> Walk:
    """Launch, read the roster, make a line item, send a score, read it, and look for it again."""
    lesson = Lesson(school)
    with school.step("launch", "lti.launch", "student.home", "instructor.choose"):
        _, page = lesson.launch(school.person("teacher"))
    told = school.claims
    lesson.set_up(lesson.member(told["sub"]))
    lesson.heard()
    with school.step("roster"):
        claimed = lesson.deliverer.claim_roster()
        assert claimed is not None
        lesson.deliverer.read_roster(*claimed)
    roster = lesson.heard()
    known = set(lesson.session.scalars(select(User.sub)))
    lesson.hand_in(lesson.student)
    with school.step("grades"):
        lesson.deliver()
    kept = lesson.session.scalars(select(LineItem.url)).one()
    with school.step("results"):
        lesson.compare()
    grades = lesson.heard()
    row = select(ScoreDelivery.state, ScoreDelivery.seen_score)
    state, seen = lesson.session.execute(row).one()
    lesson.hand_in(lesson.other)
    lesson.lose_address()
    with school.step("again"):
        lesson.deliverer.deliver_due()
    made = set(school.course.line_items) - lesson.before
    return Walk(
        told=told,
        page=page.text,
        key_set=requests.get(f"{school.world.base_url}/.well-known/jwks.json", timeout=10).json(),
        roster=roster,
        grades=grades,
        again=lesson.heard(),
        known=known,
        address=kept,
        made=[school.course.line_items[each] for each in made],
        cell=school.course.find_cell(int(min(made)), lesson.student.id),
        state=state,
        seen=seen,
        people=list(school.platform.state.people.values()),
        lines=school.lines,
        text=school.logged,
    )


@pytest.fixture(scope="module")
def walks(walk_both) -> dict[str, Walk]:
    """One walk at each platform."""
    return walk_both(walk)


# What each case asks of a walk: words for the document, and the log's lines about it.

Observed = tuple[str, list[Line]]


def opens_with_a_roster(walked: Walk) -> Observed:
    assert walked.told[ROSTER_SERVICE]["context_memberships_url"]
    assert 'data-page="choose"' in walked.page
    return "opened: the teacher's page", walked.lines["launch"]


def members_asked_for(walked: Walk) -> Observed:
    (call,) = calls(walked.roster, "GET", MEMBERS)
    students = {
        each["user_id"]
        for each in json.loads(call.answer)["members"]
        # Moodle lists roles by their short names.
        if {LEARNER, "Learner"} & set(each["roles"]) and TEST_USER not in each["roles"]
    }
    assert call.status == 200
    assert address(call).partition("?")[0] == walked.told[ROSTER_SERVICE]["context_memberships_url"]
    assert suite.STUDENT in students
    assert students <= walked.known
    return "200; the students listed are known", walked.logged("platform_call", "roster")


def members_in_their_type(walked: Walk) -> Observed:
    (call,) = [each for each in walked.roster if each not in tokens(walked.roster)]
    assert call.headers["Accept"] == MEMBERS
    assert call.method == "GET"
    return "asked for as that type alone", walked.logged("platform_call", "roster")


def bearer_by_assertion(walked: Walk) -> Observed:
    (asked,) = tokens(walked.roster)
    (call,) = calls(walked.roster, "GET", MEMBERS)
    assertion = asked.form["client_assertion"]
    key = jwt.PyJWKSet.from_dict(walked.key_set)[jwt.get_unverified_header(assertion)["kid"]]
    claims = jwt.decode(
        assertion,
        key,
        algorithms=["RS256"],
        audience=address(asked),
        options={"verify_exp": False, "verify_iat": False},
    )
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.form["grant_type"] == "client_credentials"
    assert asked.form["client_assertion_type"] == ASSERTION
    assert claims["iss"] == claims["sub"] == walked.told["aud"]
    assert claims["exp"] - claims["iat"] == 300
    token = json.loads(asked.answer)["access_token"]
    assert call.headers["Authorization"] == f"Bearer {token}"
    return "issued for a signed assertion, and used", walked.lines["roster"]


def roster_scope(walked: Walk) -> Observed:
    (asked,) = tokens(walked.roster)
    assert asked.form["scope"] == NRPS_SCOPE
    return "exactly the membership scope", walked.logged("platform_token", "roster")


def opens_without_line_item(walked: Walk) -> Observed:
    assert walked.told[GRADE_SERVICE]["lineitems"]
    assert "lineitem" not in walked.told[GRADE_SERVICE]
    return "opened: the teacher's page", walked.lines["launch"]


def line_item_made(walked: Walk) -> Observed:
    (call,) = calls(walked.grades, "POST", LINE_ITEM)
    sent = json.loads(call.body)
    assert call.status == 201
    assert address(call) == walked.told[GRADE_SERVICE]["lineitems"]
    assert sent["scoreMaximum"] > 0
    assert sent["label"].strip()
    link = walked.told[f"{LTI}resource_link"]["id"]
    assert link in (sent.get("resourceLinkId"), sent.get("resourceId"))
    assert sent["tag"] == "lti-alliance"
    assert walked.address == json.loads(call.answer)["id"]
    return "201; the address is kept", walked.logged(
        "platform_call", "grades", media_type=LINE_ITEM
    )


def line_item_found(walked: Walk) -> Observed:
    link = walked.told[f"{LTI}resource_link"]["id"]
    looks = calls(walked.again, "GET", LINE_ITEMS)
    assert looks
    for look in looks:
        asked = parse_qs(look.query)
        assert [link] in (asked.get("resource_link_id"), asked.get("resource_id"))
    assert walked.address in looks[-1].answer
    assert calls(walked.again, "POST", LINE_ITEM) == []
    assert [call.status for call in calls(walked.again, "POST", SCORE)] == [200]
    assert len(walked.made) == 1
    lines = walked.logged("platform_call", "again", media_type=LINE_ITEMS)
    # Which of the two scopes lists line items is the platform's to grant.
    return "found by the link; one line item in all", [without(line, "scope") for line in lines]


def score_posted(walked: Walk) -> Observed:
    (call,) = calls(walked.grades, "POST", SCORE)
    sent = json.loads(call.body)
    assert call.status == 200
    assert call.path == urlsplit(walked.address).path + "/scores"
    assert sent["userId"] == suite.STUDENT
    assert (sent["activityProgress"], sent["gradingProgress"]) == ("Completed", "FullyGraded")
    assert sent["timestamp"]
    assert sent["scoreGiven"] == sent["scoreMaximum"] == walked.made[0].score_maximum
    assert walked.cell.score == sent["scoreGiven"]
    return "200; in the gradebook", walked.logged("platform_call", "grades", media_type=SCORE)


def result_read(walked: Walk) -> Observed:
    (call,) = calls(walked.grades, "GET", RESULTS)
    (result,) = [each for each in json.loads(call.answer) if each["userId"] == suite.STUDENT]
    assert call.path == urlsplit(walked.address).path + "/results"
    assert (result["resultScore"], result["resultMaximum"]) == (10, 10)
    assert walked.seen == result["resultScore"]
    assert walked.state == DeliveryState.DELIVERED
    return "the score that was sent", walked.logged("platform_call", "results")


def types_are_exact(walked: Walk) -> Observed:
    services = [each for each in walked.heard if not each.form]
    sent = {each.headers["Content-Type"] for each in services if each.method == "POST"}
    wanted = {each.headers["Accept"] for each in services if each.method == "GET"}
    assert sent == {LINE_ITEM, SCORE}
    assert wanted == {MEMBERS, LINE_ITEMS, RESULTS}
    assert {each.status for each in services} <= {200, 201}
    lines = walked.logged("platform_call", "grades", "results", "again")
    return "none but these", [without(without(line, "scope"), "status") for line in lines]


def scopes_fit(walked: Walk) -> Observed:
    issued = {
        json.loads(each.answer)["access_token"]: each.form["scope"] for each in tokens(walked.heard)
    }
    needed = {
        MEMBERS: {NRPS_SCOPE},
        LINE_ITEM: {f"{AGS_SCOPE}lineitem"},
        LINE_ITEMS: {f"{AGS_SCOPE}lineitem", f"{AGS_SCOPE}lineitem.readonly"},
        SCORE: {f"{AGS_SCOPE}score"},
        RESULTS: {f"{AGS_SCOPE}result.readonly"},
    }
    for call in (each for each in walked.heard if not each.form):
        used = issued[call.headers["Authorization"].removeprefix("Bearer ")]
        assert used in needed[call.headers["Accept"]]
    granted = set(walked.told[GRADE_SERVICE]["scope"]) | {NRPS_SCOPE}
    assert set(issued.values()) <= granted
    lines = walked.logged("platform_token", "grades", "results", "again")
    return "one scope for each use, all granted", lines


def without(line: Line, name: str) -> Line:
    """Leave a field out in which the platforms differ."""
    return Line(line.event, {key: value for key, value in line.fields.items() if key != name})


ASKED: dict[str, Callable[[Walk], Observed]] = {
    "C45": opens_with_a_roster,
    "C46": members_asked_for,
    "C47": members_in_their_type,
    "C48": bearer_by_assertion,
    "C49": roster_scope,
    "C50": opens_without_line_item,
    "C51": line_item_made,
    "C52": line_item_found,
    "C53": score_posted,
    "C54": result_read,
    "C55": types_are_exact,
    "C56": scopes_fit,
}


@pytest.mark.parametrize("case_id", ASKED)
def test_case(case_id: str, walks: dict[str, Walk], evidence: Evidence) -> None:
    """Each platform is asked as the case wants it, and the tool's log tells of every call."""
    observed = [ASKED[case_id](walked) for walked in walks.values()]
    (result,) = {words for words, _ in observed}

    evidence.of(case(case_id), result, [line for _, lines in observed for line in lines])


def test_the_log_tells_of_nobody(walks: dict[str, Walk]) -> None:
    """Even at its most talkative it has no name, address, id of a person, assertion or token."""
    for walked in walks.values():
        secrets = {json.loads(each.answer)["access_token"] for each in tokens(walked.heard)}
        secrets |= {each.form["client_assertion"] for each in tokens(walked.heard)}
        told = {each.name for each in walked.people} | {each.email for each in walked.people}
        subs = {f'"{each.sub}"' for each in walked.people}

        assert "platform_call" in walked.text
        assert [each for each in secrets | told | subs if each and each in walked.text] == []
