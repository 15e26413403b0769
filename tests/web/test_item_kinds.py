"""Every kind of item on a student's pages: answered, saved in part, handed in, and shown."""

import re
from uuid import UUID

import pytest
from sqlalchemy import select

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.items import (
    BranchItem,
    MatchingItem,
    OrderingItem,
    RateItem,
    ShortItem,
    key_response,
)
from lti_alliance.domain.launch import Role
from lti_alliance.domain.response_processing import process
from lti_alliance.models import Attempt, Phrase, Response
from tests.web.course import Course, open_course
from tests.web.visits import Visitor, forms_of, text_of

MODULE = "ethics-telehealth"


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course):
    return course.stage.activity(module_id=MODULE, attempts=2)


@pytest.fixture
def ada(course, activity) -> Visitor:
    return course.visit("ada", activity)


@pytest.fixture
def attempt(course, activity) -> str:
    return str(course.open_quiz("ada", activity).id)


def first(course: Course, kind: type):
    return next(item for item in course.catalogue.get(MODULE).quiz.items if isinstance(item, kind))


def form_of(visitor: Visitor, attempt: str) -> list[tuple[str, str]]:
    answer = visitor.get(f"attempts/{attempt}")
    assert answer.status_code == 200
    return forms_of(answer)[0]["fields"]


def save(visitor: Visitor, attempt: str, fields: dict, then: str = ""):
    kept = dict(form_of(visitor, attempt))
    return visitor.post(f"attempts/{attempt}/responses?then={then}", kept | fields)


def stored(course: Course, item_id: str) -> Response:
    return course.fresh().scalars(select(Response).filter_by(item_id=item_id)).one()


def right_fields(course: Course) -> dict[str, str]:
    """Answer every line, number and moment of the items that are on the form as the key does."""
    fields = {}
    for item in course.catalogue.get(MODULE).quiz.items:
        if isinstance(item, MatchingItem):
            fields |= {f"response.{item.id}.{r.id}": f"{r.id}:{r.target}" for r in item.rows}
        elif isinstance(item, OrderingItem):
            places = zip(item.shown_ids, item.choice_ids, strict=True)
            fields |= {f"response.{item.id}.{e}": f"{e}:{place}" for e, place in places}
        elif isinstance(item, RateItem):
            fields |= {f"response.{item.id}.{r.id}": f"{r.id}:{r.value}" for r in item.replies}
        elif isinstance(item, ShortItem):
            fields[f"response.{item.id}"] = item.accepted[0].text
    return fields


def test_half_an_answer_is_kept(course, ada, attempt):
    """A line at a time; the page comes back with it, and the last look says that it is a part."""
    item = first(course, MatchingItem)
    row = item.rows[0]
    saved = save(ada, attempt, {f"response.{item.id}.{row.id}": f"{row.id}:{row.target}"}, "review")
    page = ada.get(f"attempts/{attempt}").get_data(as_text=True)

    assert stored(course, item.id).value == {"pairs": {row.id: row.target}}
    assert re.search(rf'value="{row.id}:{row.target}"\s+selected', page)
    assert "is answered in part" in text_of(ada.follow(saved))


def test_an_answer_given_twice_or_to_nothing_is_refused(course, ada, attempt):
    """The fault stands at the question, and what else was chosen stays."""
    item = first(course, OrderingItem)
    entry = item.shown_ids[0]
    refused = save(ada, attempt, {f"response.{item.id}.{entry}": f"{entry}:99"})

    assert refused.status_code == 422
    assert "This is not one of the choices of this question." in text_of(refused)


def test_a_dialogue_goes_on_step_by_step(course, ada, attempt):
    """A choice is kept, the next moment appears, and the browser comes back to the question."""
    item = first(course, BranchItem)
    start = item.nodes[0]
    choice = start.choices[0]
    field = f"response.{item.id}.{start.id}"
    gone = save(ada, attempt, {field: f"{start.id}:{choice.id}"}, "question-3")
    fields = form_of(ada, attempt)
    beyond = item.get_node(choice.to)

    assert gone.location.endswith("#question-3")
    assert (field, f"{start.id}:{choice.id}") in fields
    assert beyond.text_markdown.split()[0] in text_of(ada.get(f"attempts/{attempt}"))
    assert stored(course, item.id).value == {"path": [f"{start.id}:{choice.id}"]}


def test_how_sure_somebody_is_is_kept_and_makes_no_points(course, ada, attempt):
    """Beside the answer or before it; another value is refused."""
    item = next(item for item in course.catalogue.get(MODULE).quiz.items if item.confidence)
    save(ada, attempt, {f"confidence.{item.id}": "3"})
    refused = save(ada, attempt, {f"confidence.{item.id}": "9"})

    assert stored(course, item.id).confidence == 3
    assert stored(course, item.id).value is None
    assert (f"confidence.{item.id}", "3") in form_of(ada, attempt)
    assert refused.status_code == 422


def test_what_is_handed_in_is_shown_with_its_key_at_the_end(course, activity, ada, attempt):
    """Between attempts no key; after the last one the key, with reasons and other choices."""
    rate, branch = first(course, RateItem), first(course, BranchItem)
    start = branch.nodes[0]
    fields = right_fields(course) | {
        f"response.{branch.id}.{start.id}": f"{start.id}:{start.choices[0].id}"
    }
    ada.post(f"attempts/{attempt}/submission", dict(form_of(ada, attempt)) | fields)
    between = text_of(ada.get(f"attempts/{attempt}"))
    course.now.move(minutes=5)
    second = str(course.open_quiz("ada", activity).id)
    ada.post(f"attempts/{second}/submission", dict(form_of(ada, second)) | fields)
    final = ada.get(f"attempts/{attempt}")
    other = start.choices[1]

    reason = " ".join(rate.replies[0].feedback.split("[@")[0].replace("*", "").split())[:40]
    assert reason not in between
    assert reason in text_of(final)
    assert "for feedback only: nobody has agreed on the key yet" in text_of(final)
    assert f"({other.points:+d})" in text_of(final)
    assert f"({other.points:+d})" not in between
    assert "Your answer" in between


def test_a_draft_key_makes_no_points(course, ada, attempt):
    """The maximum of the attempt leaves rate and branch items out while their keys are drafts."""
    ada.post(f"attempts/{attempt}/submission", dict(form_of(ada, attempt)) | right_fields(course))
    quiz = course.catalogue.get(MODULE).quiz
    judged = course.fresh().get_one(Attempt, UUID(attempt))

    assert judged.maximum == quiz.maximum
    assert quiz.maximum < sum(item.points for item in quiz.items)


def test_the_preview_shows_every_kind(course, activity):
    """An instructor looks at all of it, and nothing there can be sent."""
    page = course.visit("instructor", activity).get("preview")

    assert "Give each line its place" in text_of(page)
    assert "How sure are you?" in text_of(page)
    assert not [form for form in forms_of(page) if "responses" in (form["action"] or "")]


def test_the_teachers_page_has_keys_and_help(course, activity):
    """Objectives with their questions, every key, examples, phrases to take over; not for all."""
    teacher = course.visit("instructor", activity)
    page = teacher.get("guide")
    module = course.catalogue.get(MODULE)
    branch = first(course, BranchItem)
    form = next(form for form in forms_of(page) if form["action"].endswith("guide/phrases"))
    kept = teacher.follow(teacher.post(form["action"], dict(form["fields"])))
    teacher.post(form["action"], dict(form["fields"]))
    phrases = course.fresh().scalars(select(Phrase)).all()

    assert module.teacher.sections[0].title in text_of(page)
    assert f"({branch.nodes[0].choices[0].points:+d})" in text_of(page)
    assert "Example 2" in text_of(page)
    assert "They are among your phrases now" in text_of(kept)
    assert len(phrases) == len(module.teacher.phrases)
    assert course.visit("ada", activity).get("guide").status_code == 403


@pytest.mark.parametrize("module", Catalogue.load().list(), ids=lambda module: module.id)
def test_every_shipped_key_earns_everything(module):
    """Of every item of every module; the teacher's page shows just that."""
    for item in module.quiz.items:
        outcome = process(item, key_response(item))

        assert outcome.correct, item.id
        assert outcome.points == item.worth


def test_the_analysis_says_what_a_class_did(course, activity, ada, attempt):
    """Counts, bars with their numbers, who chose what, how sure people were; for teachers only."""
    teacher = course.visit("instructor", activity)
    before = text_of(teacher.get("analysis"))
    item = next(item for item in course.catalogue.get(MODULE).quiz.items if item.confidence)
    fields = right_fields(course) | {f"confidence.{item.id}": "3"}
    ada.post(f"attempts/{attempt}/submission", dict(form_of(ada, attempt)) | fields)
    page = teacher.get("analysis")

    assert "Nobody has handed in an attempt at these questions yet." in before
    assert "there are counts and hints only" in text_of(page)
    assert "1 answer" in text_of(page)
    assert "Very sure" in text_of(page)
    assert "Options of question" in text_of(page)
    assert 'role="img"' in page.get_data(as_text=True)
    assert ada.get("analysis").status_code == 403


def test_a_key_is_voted_on_and_adopted(course, activity, ada, attempt):
    """On the teacher's page; half a vote keeps what was chosen; an assistant votes, not more."""
    course.join("dev", role=Role.TEACHING_ASSISTANT)
    teacher, dev = course.visit("instructor", activity), course.visit("dev", activity)
    rate = first(course, RateItem)
    ada.post(f"attempts/{attempt}/submission", dict(form_of(ada, attempt)) | right_fields(course))
    whole = {f"response.{rate.id}.{r.id}": f"{r.id}:{r.value}" for r in rate.replies}
    half = dict(list(whole.items())[:1])
    refused = dev.post(f"guide/keys/{rate.id}/vote", half)
    voted = dev.follow(dev.post(f"guide/keys/{rate.id}/vote", whole))
    before = text_of(teacher.get("guide"))
    adopted = teacher.follow(teacher.post(f"guide/keys/{rate.id}", {"act": "adopt"}))
    shown = text_of(ada.get(f"attempts/{attempt}"))
    back = teacher.follow(teacher.post(f"guide/keys/{rate.id}", {"act": "withdraw"}))

    assert refused.status_code == 422
    assert "Choose a value for each reply." in text_of(refused)
    assert re.search(rf'value="{half[next(iter(half))]}" selected', refused.get_data(as_text=True))
    assert "Your vote is kept." in text_of(voted)
    assert "Votes on each reply" in text_of(voted)
    assert "1 colleague has voted. You see the votes when you have given yours." in before
    assert "Key adopted here" in text_of(adopted)
    assert "the question makes points, and every grade has followed" in text_of(adopted)
    assert f"{rate.points} of {rate.points}" in shown
    assert "The key is a draft again" in text_of(back)
    assert dev.post(f"guide/keys/{rate.id}", {"act": "adopt"}).status_code == 403
    assert ada.post(f"guide/keys/{rate.id}/vote", whole).status_code == 403


def test_a_dialogue_is_voted_on(course, activity):
    """Half a vote keeps what was chosen; a whole one shows the counts beside the key."""
    teacher = course.visit("instructor", activity)
    item = first(course, BranchItem)
    whole = {
        f"response.{item.id}.{node.id}": f"{node.id}:{node.choices[0].id}"
        for node in item.nodes
        if node.choices
    }
    half = dict(list(whole.items())[:1])
    refused = teacher.post(f"guide/keys/{item.id}/vote", half)
    voted = text_of(teacher.follow(teacher.post(f"guide/keys/{item.id}/vote", whole)))

    assert refused.status_code == 422
    assert "Choose what you would say at each moment." in text_of(refused)
    assert re.search(rf'value="{half[next(iter(half))]}" selected', refused.get_data(as_text=True))
    assert "Your vote is kept." in voted
    assert "Votes at “start”" in voted
