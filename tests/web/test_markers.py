"""Markers on the pages: shared out, marked by two, agreed, compared; each for those allowed."""

from uuid import UUID

import pytest
from sqlalchemy import select

from lti_alliance.domain.launch import Role
from lti_alliance.models import Marking, Reflection
from tests.web.course import COMPLETION_PARTS, RUBRIC_PARTS, Course, open_course
from tests.web.test_instructor_grading import levels
from tests.web.visits import Visitor, forms_of, text_of

TEXT = "I stayed with one moment, and then I fell silent."


@pytest.fixture
def course(app, session, now) -> Course:
    """A course with Ada, Ben, an instructor and an assistant, all with names."""
    course = open_course(app, session, now)
    course.join("dev", role=Role.TEACHING_ASSISTANT)
    course.join("eva", role=Role.INSTRUCTOR)
    return course


@pytest.fixture
def activity(course):
    return course.stage.activity(**RUBRIC_PARTS)


@pytest.fixture
def handed_in(course, activity) -> str:
    return course.hand_in_reflection("ada", activity, "tc-r1", TEXT)


@pytest.fixture
def eva(course, activity) -> Visitor:
    return course.visit("eva", activity)


@pytest.fixture
def dev(course, activity) -> Visitor:
    return course.visit("dev", activity)


def share_out(course: Course, teacher: Visitor, *names: str, each: int = 2, **more: str):
    """Tick these people and share out."""
    ids = [str(course.stage.people[name].id) for name in names]
    return teacher.post("grading/markers", {"marker": ids, "per_reflection": str(each), **more})


def mark(course: Course, marker: Visitor, reflection_id: str, level: int, **more: str):
    """Fill the marking form of the page as it is shown, and send it."""
    page = marker.get(f"grading/{reflection_id}")
    form = next(form for form in forms_of(page) if form["action"].endswith("/mark"))
    return marker.post(form["action"], dict(form["fields"]) | levels(course, level) | more)


def test_reflections_are_shared_out_and_found(course, activity, handed_in, eva, dev):
    """The page says what came of it; each marker's list opens with what is theirs."""
    other = course.hand_in_reflection("ben", activity, "tc-r1", TEXT)
    said = eva.follow(share_out(course, eva, "eva", "dev", each=1))
    lists = [text_of(visitor.get("grading")) for visitor in (eva, dev)]
    all_of_it = text_of(dev.get("grading?whose=all"))
    marked = course.fresh().scalars(select(Marking)).all()

    assert "2 reflections were shared out." in text_of(said)
    assert {str(row.reflection_id) for row in marked} == {handed_in, other}
    assert all("Mine to mark (1)" in one and "All (2)" in one for one in lists)
    assert {name in lists[0] for name in ("Grade: Ada", "Grade: Ben")} == {True, False}
    assert all(name in all_of_it for name in ("Grade: Ada", "Grade: Ben"))
    assert "1 of 1 waiting" in text_of(eva.get(f"grading/{marked[0].reflection_id}")) + text_of(
        eva.get(f"grading/{marked[1].reflection_id}")
    )


def test_what_is_handed_in_later_follows_the_plan(course, activity, eva):
    """The tick stands in the form until it is taken out."""
    said = eva.follow(share_out(course, eva, "eva", "dev", also_later="1"))
    course.hand_in_reflection("ada", activity, "tc-r1", TEXT)
    rows = course.fresh().scalars(select(Marking)).all()
    fields = forms_of(eva.get("grading/markers"))[0]["fields"]

    assert "Those to come are shared out in the same way." in text_of(said)
    assert len(rows) == 2
    assert ("also_later", "1") in fields
    assert ("per_reflection", "2") in fields
    assert ("marker", str(course.stage.people["dev"].id)) in fields
    assert ("marker", str(course.stage.people["instructor"].id)) not in fields


@pytest.mark.parametrize(
    ("names", "each", "message"),
    [
        ((), 1, "Tick at least one person."),
        (("eva",), 2, "Two for each reflection need two people"),
        (("eva",), 7, "Choose one or two."),
    ],
)
def test_a_choice_that_cannot_be_keeps_what_was_ticked(
    course, handed_in, eva, names, each, message
):
    """The error says what to do, and nothing is given to anybody."""
    answer = share_out(course, eva, *names, each=each)
    ticked = [value for name, value in forms_of(answer)[0]["fields"] if name == "marker"]

    assert answer.status_code == 422
    assert message in text_of(answer)
    assert ticked == [str(course.stage.people[name].id) for name in names]
    assert course.fresh().scalars(select(Marking)).all() == []


def test_two_mark_blindly_and_agree(course, handed_in, eva, dev):
    """Neither sees the other's levels, comment or notes before both are in; then they decide."""
    share_out(course, eva, "eva", "dev")
    eva.post(
        f"grading/{handed_in}/comments",
        {"version": "1", "passage": "fell silent", "passage_comment": "Eva asks why."},
    )
    saved = eva.follow(mark(course, eva, handed_in, 4, comment="Eva finds it brave."))
    blind = dev.get(f"grading/{handed_in}")
    early = eva.post(f"grading/{handed_in}", {"saved_version": "0", **levels(course)})
    early_draft = eva.post(f"grading/{handed_in}/draft", {"draft_version": "0", **levels(course)})
    both = dev.follow(mark(course, dev, handed_in, 2, comment="Dev misses a step."))
    form = next(form for form in forms_of(both) if form["action"].endswith(handed_in))

    assert "Your mark is saved." in text_of(saved)
    assert "Eva finds it brave." in text_of(saved)
    assert [early.status_code, early_draft.status_code] == [409, 409]
    assert "Save your own mark" in text_of(early)
    for words in ("Eva finds it brave.", "Eva asks why.", "Save and release"):
        assert words not in text_of(blind)
        assert words in text_of(both)
    assert "Both marks are in" in text_of(both)
    assert "What Eva would say to the writer" in text_of(both)
    assert not [name for name, _ in form["fields"] if name.startswith("criterion.")]
    decided = dev.post(form["action"], dict(form["fields"]) | levels(course, 3))
    assert decided.status_code == 303
    assert course.fresh().get(Reflection, UUID(handed_in)).state == "graded"
    agreement = text_of(eva.get("grading/agreement"))
    assert all(said in agreement for said in ("Eva: 10 / 10", "Dev: 7.5 / 10"))
    assert "0 of 1" in agreement


def test_a_refused_mark_keeps_what_was_typed(course, handed_in, eva):
    """A missing level is named, the comment stands, and sending again works."""
    share_out(course, eva, "eva", "dev")
    refused = eva.post(
        f"grading/{handed_in}/mark", {"saved_version": "0", "comment": "Nearly done."}
    )
    form = next(form for form in forms_of(refused) if form["action"].endswith("/mark"))
    again = eva.post(form["action"], dict(form["fields"]) | levels(course, 3))

    assert refused.status_code == 422
    assert "Choose a level for this criterion." in text_of(refused)
    assert ("comment", "Nearly done.") in form["fields"]
    assert again.status_code == 303


def test_marking_goes_on_to_the_next(course, activity, handed_in, eva):
    """Save and go on leads through one's own queue, then back to the list."""
    course.now.move(minutes=1)
    other = course.hand_in_reflection("ben", activity, "tc-r1", TEXT)
    share_out(course, eva, "eva", "dev")
    steps = []
    for reflection_id in (handed_in, other):
        form = next(
            form
            for form in forms_of(eva.get(f"grading/{reflection_id}"))
            if form["action"].endswith("/mark")
        )
        (go_on,) = form["buttons"]
        steps.append(eva.post(go_on, dict(form["fields"]) | levels(course, 3)))

    assert steps[0].location.endswith(other)
    assert "Nothing waits for you unmarked." in text_of(eva.follow(steps[1]))


def test_one_is_given_by_hand(course, handed_in, eva, dev):
    """An instructor gives and takes on the page of the reflection; an assistant cannot."""
    someone = str(course.stage.people["dev"].id)
    given = eva.follow(eva.post(f"grading/{handed_in}/markers", {"marker": someone}))
    refused = dev.post(f"grading/{handed_in}/markers", {"take_away": someone})
    page = text_of(dev.get(f"grading/{handed_in}"))
    taken = eva.follow(eva.post(f"grading/{handed_in}/markers", {"take_away": someone}))
    stranger = eva.post(
        f"grading/{handed_in}/markers", {"marker": str(course.stage.people["ben"].id)}
    )

    assert "Second marker" in text_of(given)
    assert "Take away : Dev" in text_of(given)
    assert refused.status_code == 403
    assert "Take away" not in page
    assert "Nobody in particular" in text_of(taken)
    assert stranger.status_code == 404


def test_assistants_share_nothing_out(course, handed_in, dev):
    """They mark and see the agreement; who marks what is for instructors."""
    assert dev.get("grading/markers").status_code == 403
    assert share_out(course, dev, "dev", each=1).status_code == 403
    assert "Share out among markers" not in text_of(dev.get("grading"))
    assert "No text has two marks yet." in text_of(dev.get("grading/agreement"))


def test_names_stay_hidden_on_the_pages_of_markers(course):
    """Where writers have no names, the agreement has none either."""
    activity = course.stage.activity("link-2", **RUBRIC_PARTS, anonymous=True)
    made = course.hand_in_reflection("ada", activity, "tc-r1", TEXT)
    eva, dev = course.visit("eva", activity), course.visit("dev", activity)
    share_out(course, eva, "eva", "dev")
    mark(course, eva, made, 4)
    mark(course, dev, made, 4)
    shown = text_of(eva.get("grading/agreement")) + text_of(eva.get(f"grading/{made}"))

    assert "Writer " in shown
    assert "Ada" not in shown
    assert "too few texts" in shown


def test_there_is_nothing_to_share_where_handing_in_counts(course):
    """The page says so instead of a form."""
    activity = course.stage.activity("link-2", **COMPLETION_PARTS)
    eva = course.visit("eva", activity)

    assert "there is nothing to mark" in text_of(eva.get("grading/markers"))
    assert share_out(course, eva, "eva", each=1).status_code == 409
