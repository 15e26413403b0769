"""The gradebook as platforms speak it: exact messages, and the practice LMS end to end."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from lti_alliance.domain.addresses import address_below
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.gradebook import GradeScope, LineItemRef, Result, Score
from lti_alliance.domain.launch import Role
from lti_alliance.errors import PlatformRefused, PlatformUnavailable
from lti_alliance.lti.grade_services import GradeServices, compact, score_message
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.lti.tokens import ServiceTokens
from lti_alliance.models import LineItem, Registration, ScoreDelivery
from lti_alliance.services import line_items
from tests import factories
from tests.campus import Campus
from tests.factories import LINE_ITEMS, NOW, SEALER
from tests.fakes import Call, ScriptedPlatform

COLUMN = f"{LINE_ITEMS}/lineitem?type_id=2"
EXTENSION_CLAIM = "https://canvas.instructure.com/lti/submission"


def score(**changes: Any) -> Score:
    values: dict[str, Any] = {
        "user_id": "5",
        "timestamp": NOW,
        "score_given": Decimal("7.5"),
        "score_maximum": Decimal(10),
        "started_at": NOW - timedelta(minutes=30),
        "submitted_at": NOW - timedelta(minutes=1),
    }
    return Score(**values | changes)


class Bench:
    """A registration at a platform whose answers the test writes."""

    def __init__(self, engine: Engine, family: str = "moodle") -> None:
        self.engine = engine
        self.answers: list[tuple[int, dict[str, str], str]] = []
        self.platform = ScriptedPlatform(self._answer)
        with self.act() as session:
            registration = factories.make_registration(session, family=family)
            factories.make_tool_key(session)
        self.ref = LineItemRef(
            registration_id=registration.id,
            deployment_id="1",
            resource_link_id="42",
            family=family,
            url=COLUMN,
            container_url=f"{LINE_ITEMS}?type_id=2",
            scopes=frozenset(GradeScope),
        )
        self.tokens = ServiceTokens(
            http=PlatformHTTP(5.0, self.platform.session),
            acts=self.act,
            sealer=SEALER,
            now=lambda: NOW,
        )
        self.gradebook = GradeServices(self.tokens)

    @contextmanager
    def act(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            yield session
            session.commit()

    def _answer(self, call: Call) -> tuple[int, dict[str, str], str]:
        if call.url.endswith("/token"):
            return 200, {}, '{"access_token": "t", "expires_in": 3600}'
        return self.answers.pop(0)

    def hears(self, body: Any, *, status: int = 200, **headers: str) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, {"Content-Type": "application/json"} | named, text))

    @property
    def calls(self) -> list[Call]:
        return [call for call in self.platform.calls if not call.url.endswith("/token")]

    @property
    def scopes(self) -> list[str]:
        return [call.form["scope"] for call in self.platform.calls if call.url.endswith("/token")]


@pytest.fixture
def bench(engine: Engine) -> Bench:
    return Bench(engine)


# Scores


def test_a_score_is_posted_as_the_standard_has_it(bench: Bench) -> None:
    """One line of JSON of the score's own type, below the path and before the query."""
    bench.hears("")
    status = bench.gradebook.post_score(bench.ref, score(comment="Read\nthis"))
    (call,) = bench.calls

    assert status == 200
    assert (call.method, call.url) == ("POST", f"{LINE_ITEMS}/lineitem/scores?type_id=2")
    assert call.headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
    assert call.headers["Accept"] == "application/vnd.ims.lis.v1.score+json"
    assert call.headers["Authorization"] == "Bearer t"
    assert bench.scopes == [GradeScope.SCORE]
    assert call.body == (
        '{"userId":"5","activityProgress":"Completed","gradingProgress":"FullyGraded",'
        '"timestamp":"2026-03-02T12:00:00.000+00:00","scoreGiven":7.5,"scoreMaximum":10,'
        '"comment":"Read\\nthis","submission":{"startedAt":"2026-03-02T11:30:00.000+00:00",'
        '"submittedAt":"2026-03-02T11:59:00.000+00:00"}}'
    )


@given(st.decimals(0, 1000, places=2), st.integers(0, 999_999), st.text(max_size=20))
def test_every_score_is_one_line_of_json(points: Decimal, micros: int, comment: str) -> None:
    """Digits survive, no line break does, and times have milliseconds and a zone."""
    at = NOW + timedelta(microseconds=micros)
    message = score_message("moodle", score(score_given=points, timestamp=at, comment=comment))
    text = compact(message)
    heard = json.loads(text, parse_float=Decimal, parse_int=Decimal)

    assert "\n" not in text
    assert "\r" not in text
    assert heard["scoreGiven"] == points
    written = datetime.fromisoformat(heard["timestamp"])
    assert timedelta() <= at - written < timedelta(milliseconds=1)


def test_canvas_is_told_what_is_a_new_submission() -> None:
    """Canvas hears of a new submission once, with the way back to it."""
    review = "https://tool.test/lti/launch?attempt=1"
    first = score_message("canvas", score(new_submission=True, review_url=review))
    regrade = score_message("canvas", score(new_submission=False))

    assert first[EXTENSION_CLAIM] == {
        "new_submission": True,
        "submission_type": "basic_lti_launch",
        "submission_data": review,
    }
    assert regrade[EXTENSION_CLAIM] == {"new_submission": False}


def test_moodle_is_told_nothing_extra() -> None:
    """Canvas's extension goes to Canvas alone."""
    message = score_message("moodle", score(new_submission=True, review_url="https://tool.test/"))

    assert EXTENSION_CLAIM not in message


@pytest.mark.parametrize(
    ("family", "is_new", "goes"),
    [
        ("canvas", True, True),
        ("canvas", False, False),
        ("moodle", True, True),
        ("moodle", False, True),
        ("", False, True),
    ],
)
def test_comments_go_as_the_platform_keeps_them(family: str, is_new: bool, goes: bool) -> None:
    """Canvas appends comments, so each goes once; elsewhere one goes with every score."""
    message = score_message(family, score(comment="Read this", comment_is_new=is_new))

    assert ("comment" in message) is goes


def test_moodles_silent_refusal_is_a_refusal(bench: Bench) -> None:
    """200 with an empty list means that nothing was stored."""
    bench.hears([])
    with pytest.raises(PlatformRefused) as caught:
        bench.gradebook.post_score(bench.ref, score())

    assert caught.value.code == Reason.SCORE_REFUSED


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (200, "", "text/html"),
        (201, "{}", "application/json"),
        (204, "", ""),
        (200, "stored", "text/plain"),
    ],
)
def test_any_success_is_one(bench: Bench, status: int, body: str, content_type: str) -> None:
    """The body of a success is not needed."""
    bench.answers.append((status, {"Content-Type": content_type}, body))

    assert bench.gradebook.post_score(bench.ref, score()) == status


def test_a_sign_in_page_is_no_success(bench: Bench) -> None:
    """A web page with 200 did not come from a gradebook."""
    bench.answers.append((200, {"Content-Type": "text/html"}, "<!doctype html><title>x</title>"))
    with pytest.raises(PlatformUnavailable) as caught:
        bench.gradebook.post_score(bench.ref, score())

    assert caught.value.code == Reason.UNEXPECTED_ANSWER


# Results


def test_a_result_is_read_without_a_limit(bench: Bench) -> None:
    """One person's result: filtered by the platform, and again by us."""
    bench.hears(
        [
            {"userId": "4", "resultScore": 1, "resultMaximum": 100},
            {
                "userId": 5,
                "resultScore": 75.5,
                "resultMaximum": 100,
                "timestamp": "2026-03-02T11:59:30+00:00",
            },
        ]
    )
    result = bench.gradebook.read_result(bench.ref, "5")
    (call,) = bench.calls

    assert call.url == f"{LINE_ITEMS}/lineitem/results?type_id=2&user_id=5"
    assert call.headers["Accept"] == "application/vnd.ims.lis.v2.resultcontainer+json"
    assert bench.scopes == [GradeScope.RESULT]
    assert result == Result(
        score=Decimal("75.5"),
        maximum=Decimal(100),
        timestamp=datetime(2026, 3, 2, 11, 59, 30, tzinfo=timezone(timedelta())),
    )


@pytest.mark.parametrize(
    ("listed", "result"),
    [
        ([], None),
        ([None, "x", {"userId": "6"}], None),
        ([{"userId": "5"}], Result()),
        ([{"userId": "5", "resultScore": None, "resultMaximum": True}], Result()),
        (
            [{"userId": "5", "resultScore": "8", "resultMaximum": "NaN", "timestamp": "soon"}],
            Result(score=Decimal(8)),
        ),
        ([{"userId": "5", "resultScore": [8], "timestamp": "2026-03-02T12:00:00"}], Result()),
    ],
)
def test_odd_results_are_read_for_what_they_say(
    bench: Bench, listed: list[Any], result: Result | None
) -> None:
    """What is no number is no score; what is missing is missing."""
    bench.hears(listed)

    assert bench.gradebook.read_result(bench.ref, "5") == result


@pytest.mark.parametrize("body", ["", "{}", "null", "no JSON"])
def test_results_that_are_no_list_are_a_failure(bench: Bench, body: str) -> None:
    """An answer of another shape can be asked for again."""
    bench.hears(body)
    with pytest.raises(PlatformUnavailable):
        bench.gradebook.read_result(bench.ref, "5")


# Line items


def test_a_line_item_is_found_over_all_pages(bench: Bench) -> None:
    """Next pages are followed letter for letter; only the link's own item counts."""
    following = f"{LINE_ITEMS}?type_id=2&Page=bookmark:AbC"
    bench.hears(
        [{"id": f"{LINE_ITEMS}/1", "resourceLinkId": "41"}], Link=f'<{following}>; rel="next"'
    )
    bench.hears([{"id": f"{LINE_ITEMS}/2", "resourceLinkId": "42"}, {"resourceLinkId": 42}])
    found = bench.gradebook.find_line_item(bench.ref)

    assert found == f"{LINE_ITEMS}/2"
    assert [call.url for call in bench.calls] == [
        f"{LINE_ITEMS}?type_id=2&resource_link_id=42",
        following,
    ]
    assert bench.calls[0].headers["Accept"] == ("application/vnd.ims.lis.v2.lineitemcontainer+json")
    assert bench.scopes == [GradeScope.LINE_ITEM_READ]


def test_no_token_follows_a_link_to_another_origin(bench: Bench) -> None:
    """A next page elsewhere is not asked for."""
    bench.hears([], Link='<https://evil.test/steal>; rel="next"')
    with pytest.raises(PlatformRefused) as caught:
        bench.gradebook.find_line_item(bench.ref)

    assert caught.value.code == Reason.ADDRESS_REFUSED
    assert len(bench.calls) == 1


def test_an_endless_list_ends(bench: Bench) -> None:
    """Pages that never end are given up."""
    for _ in range(30):
        bench.hears([], Link=f'<{LINE_ITEMS}?again>; rel="next"')
    with pytest.raises(PlatformUnavailable):
        bench.gradebook.find_line_item(bench.ref)

    assert len(bench.calls) == 20


def test_two_line_items_are_ambiguous(bench: Bench) -> None:
    """Which of two columns is meant, nobody can tell."""
    bench.hears([{"id": f"{LINE_ITEMS}/{n}", "resourceLinkId": "42"} for n in (1, 2)])
    with pytest.raises(PlatformRefused) as caught:
        bench.gradebook.find_line_item(bench.ref)

    assert caught.value.code == Reason.LINE_ITEM_AMBIGUOUS


@pytest.mark.parametrize(
    ("url", "code"),
    [("https://evil.test/1", "address_refused"), ("/relative", "address_refused")],
)
def test_a_line_item_lives_where_its_list_does(bench: Bench, url: str, code: str) -> None:
    """An address on another origin is not taken."""
    bench.hears([{"id": url, "resourceLinkId": "42"}])
    with pytest.raises(PlatformRefused) as caught:
        bench.gradebook.find_line_item(bench.ref)

    assert caught.value.code == code


def test_an_http_line_item_is_raised_to_its_lists_https(bench: Bench) -> None:
    """Canvas behind a proxy names http; its service is https."""
    plain = f"{LINE_ITEMS}/1".replace("https:", "http:")
    bench.hears([{"id": plain, "resourceLinkId": "42"}])

    assert bench.gradebook.find_line_item(bench.ref) == f"{LINE_ITEMS}/1"


def test_a_line_item_is_made_for_the_link(bench: Bench) -> None:
    """A new line item names the link, and its address is taken from the answer."""
    bench.hears({"id": f"{LINE_ITEMS}/9"}, status=201)
    made = bench.gradebook.create_line_item(bench.ref, label=" ", maximum=Decimal("7.50"))
    (call,) = bench.calls

    assert made == f"{LINE_ITEMS}/9"
    assert (call.method, call.url) == ("POST", f"{LINE_ITEMS}?type_id=2")
    assert call.headers["Content-Type"] == "application/vnd.ims.lis.v2.lineitem+json"
    assert bench.scopes == [GradeScope.LINE_ITEM]
    assert json.loads(call.body) == {
        "label": "LTI Alliance",
        "scoreMaximum": 7.5,
        "tag": "lti-alliance",
        "resourceLinkId": "42",
    }


@pytest.mark.parametrize("body", ["", "[]", '{"id": 5}', "{}"])
def test_a_line_item_without_an_address_is_a_failure(bench: Bench, body: str) -> None:
    """Looking again finds what was made without an address in the answer."""
    bench.hears(body, status=201)
    with pytest.raises(PlatformUnavailable):
        bench.gradebook.create_line_item(bench.ref, label="x", maximum=Decimal(1))


@pytest.mark.parametrize(
    ("url", "ending", "expected"),
    [
        ("https://a.test/1", "scores", "https://a.test/1/scores"),
        ("https://a.test/1/", "scores", "https://a.test/1/scores"),
        ("https://a.test/1?a=b%20c", "results", "https://a.test/1/results?a=b%20c"),
    ],
)
def test_endings_go_before_the_query(url: str, ending: str, expected: str) -> None:
    """The query of a line item stays as it is, at the end."""
    assert address_below(url, ending) == expected


# The practice LMS


@pytest.fixture(params=["canvas", "moodle"])
def campus(request: pytest.FixtureRequest, engine: Engine) -> Campus:
    return Campus(engine, request.param)


def test_a_score_reaches_the_practice_gradebook(campus: Campus) -> None:
    """Token, score and comment arrive at both platforms."""
    campus.work()

    assert campus.row.state == DeliveryState.DELIVERED
    assert campus.cell.score == float(Decimal("0.7") * Decimal(campus.item.score_maximum))
    assert campus.cell.feedback == "Read the feedback."


def test_regrades_within_one_second_both_count(campus: Campus) -> None:
    """The later of two quick scores is the one that stays."""
    campus.work()
    campus.regrade("8")
    campus.work()
    campus.regrade("9")
    campus.work_for(minutes=2)

    assert campus.row.state == DeliveryState.DELIVERED
    assert campus.cell.score == pytest.approx(0.9 * campus.item.score_maximum)
    assert campus.cell.feedback == "Read the feedback."


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("status", {"status": 503, "times": 3, "retry_after": "2"}),
        ("status", {"status": 500}),
        ("unclear", {}),
        ("reset", {}),
        ("html", {}),
        ("throttle", {"times": 2}),
        ("status", {"endpoint": "token", "status": 500, "times": 2}),
    ],
)
def test_a_fault_costs_time_and_nothing_else(
    campus: Campus, kind: str, members: dict[str, Any]
) -> None:
    """Whatever breaks once, the score is there in the end, one submission and one comment."""
    campus.break_something(kind, **members)
    campus.work_for(minutes=15)

    assert campus.row.state == DeliveryState.DELIVERED
    assert campus.cell.score == pytest.approx(0.7 * campus.item.score_maximum)
    assert len(campus.cell.comments) <= 1
    assert campus.cell.attempts <= 1


def test_a_platform_whose_clock_is_ahead_gets_its_scores(campus: Campus) -> None:
    """Two minutes of skew do not stop a second score."""
    campus.platform.state.switches.clock_skew_s = 120.0
    campus.work()
    campus.regrade("8")
    campus.work_for(minutes=15)

    assert campus.row.state == DeliveryState.DELIVERED
    assert campus.cell.score == pytest.approx(0.8 * campus.item.score_maximum)


def test_a_lost_address_is_found_again(campus: Campus) -> None:
    """A wrong address leads to a search, and the score to the right one."""
    with campus.act() as session:
        line_item = session.query(LineItem).one()
        line_item.url = line_item.url.replace(f"/{campus.item.id}", "/99999")
    campus.work()

    assert campus.row.state == DeliveryState.DELIVERED
    assert campus.cell.score == pytest.approx(0.7 * campus.item.score_maximum)


def test_a_platform_that_does_not_know_us_keeps_the_backlog(campus: Campus) -> None:
    """A client id that is not accepted leaves the score due, with its reason."""
    with campus.act() as session:
        session.query(Registration).one().client_id = "somebody-else"
    campus.work()

    assert (campus.row.state, campus.row.reason) == (DeliveryState.DUE, Reason.TOKEN_REFUSED)


def test_canvas_records_one_submission_with_its_time(engine: Engine) -> None:
    """Canvas shows the student's own time, and a regrade adds no attempt."""
    campus = Campus(engine, "canvas")
    campus.work()
    campus.regrade("8")
    campus.at += timedelta(hours=1)
    campus.work()
    submitted = datetime.fromisoformat(campus.cell.submitted_at.replace("Z", "+00:00"))

    assert submitted == datetime(2026, 3, 2, 11, 59, tzinfo=UTC)
    assert campus.cell.attempts == 1
    assert len(campus.cell.comments) == 1


def test_canvas_makes_one_column_for_a_link_that_is_no_assignment(engine: Engine) -> None:
    """A column asked for is made once, and found again when its address is lost."""
    campus = Campus(engine, "canvas")
    with campus.act() as session:
        line_item = session.query(LineItem).one()
        line_item.url, line_item.may_create = "", True
        line_item.resource_link.lti_id = "a-module-item"
    before = len(campus.course.line_items)
    campus.work()
    made = campus.row.told_url
    with campus.act() as session:
        session.query(LineItem).one().url = ""
    campus.regrade("8")
    campus.at += timedelta(seconds=5)
    campus.work()

    assert len(campus.course.line_items) == before + 1
    assert campus.row.told_url == made
    assert campus.row.state == DeliveryState.DELIVERED


def test_a_column_that_an_instructor_asks_for_is_made_once(engine: Engine) -> None:
    """Without one the score is blocked; however often it is asked for, one new column comes."""
    campus = Campus(engine, "canvas")
    with campus.act() as session:
        line_item = session.query(LineItem).one()
        line_item.url, line_item.resource_link.lti_id = "", "a-module-item"
    before = set(campus.course.line_items)
    campus.work()
    blocked = (campus.row.state, campus.row.reason)

    def ask() -> None:
        with campus.act() as session:
            row = session.get_one(ScoreDelivery, campus.delivery_id)
            course = row.activity.resource_link.context
            teacher = factories.make_member(session, course, role=Role.INSTRUCTOR)
            line_items.ask_for_column(session, row.activity, actor=teacher, at=campus.at)

    ask()
    ask()
    campus.work()
    ask()
    campus.work()
    made = set(campus.course.line_items) - before

    assert blocked == (DeliveryState.BLOCKED, Reason.NO_LINE_ITEM)
    assert len(made) == 1
    assert campus.row.state == DeliveryState.DELIVERED
    assert campus.course.find_cell(int(made.pop()), campus.person.id).score == 7.0


def test_an_address_that_is_missing_is_found(campus: Campus) -> None:
    """A launch that named only the list is enough."""
    with campus.act() as session:
        session.query(LineItem).one().url = ""
    campus.work()

    assert campus.row.state == DeliveryState.DELIVERED
