"""Deep linking of the certification (C36 to C44), with both platforms of the practice LMS."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
import requests
from werkzeug.test import TestResponse

from lti_alliance.lti.claims import CLAIM, DEEP_LINKING_SETTINGS
from lti_alliance.lti.deep_linking import DL_CLAIM
from tests.certification import suite
from tests.certification.cases import case
from tests.certification.evidence import Evidence, Line
from tests.certification.served import ServedSchool
from tests.platforms import LTI, MISSING, World
from tests.practice_lms.dialog import next_page
from tests.practice_lms.forms import form_of, panel_of
from tests.web.placing import Placing, form_fields

# What is walked once serves all cases of the file, on one worker; the first of them waits for it.
pytestmark = [pytest.mark.xdist_group("certification"), pytest.mark.timeout(600)]

TITLE = "Chosen in the dialog"


class Dialog(Placing):
    """The picker, opened by a teacher in the course of a practice platform."""

    def __init__(self, school: ServedSchool) -> None:
        self.world, self.school = school.world, school
        self.client, self.browser = school.app.test_client(), school.world.browser()
        person = school.person("teacher")
        self.client.post(f"/{school.name}/login_as", json={"person": person})
        asked = {"platform": school.name, "kind": "deep_linking", "person": person}
        fields = self.client.post("/_practice/launch", json=asked).json["fields"]
        launched = school.answer_login(self.browser, self.client, fields)
        self.home = self.browser.get(launched.location)
        self.handle = self.home.request.path.split("/")[2]
        self.page = self.get("")

    def send_back(self, page: TestResponse) -> TestResponse:
        """Post the form of the tool's last page, as its script does by itself."""
        address, fields = form_of(page.text)
        parts = urlsplit(address)
        return self.client.post(parts.path, query_string=parts.query, data=fields)

    def save(self, taken: TestResponse) -> None:
        """Save the platform's own form, which the tool's answer has filled in."""
        form = next_page(taken)
        fields = panel_of(self.client.get(form).text) | {"publish": "yes"}
        saved = self.client.post(form, data=fields)
        assert saved.status_code == 303, saved.text


@dataclass
class Walk:
    """What was said on the way from the dialog to the student's page."""

    asked: dict[str, Any]
    at: int
    picker: str
    page: str
    token: str
    key_set: dict[str, Any]
    taken: TestResponse
    made: Any
    item: Any
    opened: str
    empty: str
    empty_taken: TestResponse
    lines: dict[str, list[Line]]
    count: int
    """Activities in the course after an answer without content."""

    @property
    def settings(self) -> dict[str, Any]:
        """What the platform asked for."""
        return self.asked[DEEP_LINKING_SETTINGS]

    @property
    def answer(self) -> dict[str, Any]:
        """What the tool answered, if the published key has signed it."""
        return verified(self.token, self.key_set, self.asked)


def verified(token: str, key_set: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Check a signed answer to a request as a platform does, and return its claims."""
    key = jwt.PyJWKSet.from_dict(key_set)[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience=asked["iss"],
        issuer=asked["aud"],
        options={"verify_exp": False, "verify_iat": False},
    )


def walk(school: ServedSchool) -> Walk:
    """Place an activity, open it as a student, and go back from a second dialog with nothing."""
    with school.step("request", "lti.launch", "picker.choose"):
        dialog = Dialog(school)
    asked = school.claims
    before = set(school.course.activities)
    with school.step("answer", "picker.place_one"):
        fields = dialog.fields("modules/taster") | {"title": [TITLE]}
        page = dialog.post("modules/taster", fields)
    taken = dialog.send_back(page)
    dialog.save(taken)
    (made,) = set(school.course.activities) - before
    student = school.world.browser()
    with school.step("opened", "lti.launch", "student.home"):
        launched = school.launch(student, school.person("student"), made)
        opened = student.get(launched.location)
    second = Dialog(school)
    with school.step("empty", "picker.cancel"):
        cancelled = second.post("cancel")
    return Walk(
        asked=asked,
        at=int(school.world.now().timestamp()),
        picker=dialog.page.text,
        page=page.text,
        token=form_fields(page.text)["JWT"][0],
        key_set=requests.get(f"{school.world.base_url}/.well-known/jwks.json", timeout=10).json(),
        taken=taken,
        made=school.course.activities[made],
        item=school.course.primary_item(made),
        opened=opened.text,
        empty=form_fields(cancelled.text)["JWT"][0],
        empty_taken=second.send_back(cancelled),
        lines=school.lines,
        count=len(school.course.activities) - len(before),
    )


@pytest.fixture(scope="module")
def walks(walk_both) -> dict[str, Walk]:
    """One walk at each platform."""
    return walk_both(walk)


# What each case asks of a walk; the words are what the document says of it.


def request_received(walked: Walk) -> str:
    assert walked.asked[f"{CLAIM}message_type"] == "LtiDeepLinkingRequest"
    assert 'data-page="picker"' in walked.picker
    return "the picker opens"


def posted_by_the_browser(walked: Walk) -> str:
    assert walked.settings["deep_link_return_url"] == form_of(walked.page)[0]
    assert set(form_of(walked.page)[1]) == {"JWT"}
    assert 'data-behaviour="send-at-once"' in walked.page
    assert walked.taken.status_code == 200, walked.taken.text
    return "posted and taken"


def names_itself(walked: Walk) -> str:
    kind, version = walked.answer[f"{CLAIM}message_type"], walked.answer[f"{CLAIM}version"]
    assert (kind, version) == ("LtiDeepLinkingResponse", "1.3.0")
    return f"`{kind}`, `{version}`"


def lives_for_minutes(walked: Walk) -> str:
    assert walked.answer["iat"] == walked.at
    assert walked.answer["exp"] == walked.at + 300
    return "good for 300 s"


def is_signed(walked: Walk) -> str:
    assert jwt.get_unverified_header(walked.token)["alg"] == "RS256"
    assert walked.answer
    return "verified by the LMS with the published key"


def says_whom_it_is_for(walked: Walk) -> str:
    assert walked.answer["iss"] == walked.asked["aud"]
    assert walked.answer["aud"] == [walked.asked["iss"]]
    assert walked.answer[f"{CLAIM}deployment_id"] == walked.asked[f"{CLAIM}deployment_id"]
    assert len(walked.answer["nonce"]) >= 32
    assert walked.answer.get(f"{DL_CLAIM}data") == walked.settings.get("data")
    return "as asked, and no `data` where none came"


def is_in_the_course(walked: Walk) -> str:
    (sent,) = walked.answer[f"{DL_CLAIM}content_items"]
    assert (sent["type"], sent["title"]) == ("ltiResourceLink", TITLE)
    assert all(isinstance(each, str) for each in sent["custom"].values())
    assert walked.made.url == sent["url"]
    assert walked.made.custom["activity"] == sent["custom"]["activity"]
    column = sent["lineItem"]
    assert walked.made.title == walked.item.label == column["label"] == TITLE
    assert walked.item.score_maximum == column["scoreMaximum"] > 0
    assert (walked.item.resource_id, walked.item.tag) == (column["resourceId"], column["tag"])
    return "one link in the course, one column in the gradebook"


def opens_what_was_chosen(walked: Walk) -> str:
    assert 'data-page="activity"' in walked.opened
    assert TITLE in walked.opened
    return "opened: the learner's page of what was chosen"


def comes_back_with_nothing(walked: Walk) -> str:
    answer = verified(walked.empty, walked.key_set, walked.asked)
    assert answer[f"{DL_CLAIM}content_items"] == []
    assert walked.empty_taken.status_code == 200
    assert walked.count == 1
    return "taken; nothing is made"


ASKED: dict[str, tuple[str, Callable[[Walk], str]]] = {
    "C36": ("request", request_received),
    "C37": ("answer", posted_by_the_browser),
    "C38": ("answer", names_itself),
    "C39": ("answer", lives_for_minutes),
    "C40": ("answer", is_signed),
    "C41": ("answer", says_whom_it_is_for),
    "C42": ("answer", is_in_the_course),
    "C43": ("opened", opens_what_was_chosen),
    "C44": ("empty", comes_back_with_nothing),
}


@pytest.mark.parametrize("case_id", ASKED)
def test_case(case_id: str, walks: dict[str, Walk], evidence: Evidence) -> None:
    """Each platform gets what the case asks, and the tool's log says the same of both."""
    step, check = ASKED[case_id]
    (result,) = {check(walked) for walked in walks.values()}
    lines = [line for walked in walks.values() for line in walked.lines[step]]

    evidence.of(case(case_id), result, lines)


def test_the_suites_own_request(world: World) -> None:
    """It names no target and accepts files and pages too; its data goes back as it came."""
    placing = Placing(
        world,
        claims={
            "target_link_uri": MISSING,
            f"{LTI}launch_presentation": {
                "document_target": "iframe",
                "width": 480,
                "height": 360,
            },
        },
        accept_types=["link", "file", "html", "ltiResourceLink"],
        accept_multiple=True,
        auto_create=True,
        data=suite.DATA,
    )
    placed = placing.post("modules/taster", placing.fields("modules/taster"))
    (sent,) = placing.items(placed)

    assert 'data-page="picker"' in placing.page.text
    assert placing.answer(placed)[f"{DL_CLAIM}data"] == suite.DATA
    assert sent["type"] == "ltiResourceLink"
