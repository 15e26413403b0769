"""A student's reflection: what is known before writing, drafts, versions, receipt, feedback."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from lti_alliance.models import Draft, Reflection
from lti_alliance.services import assessing
from tests.web.course import COMPLETION_PARTS, RUBRIC_PARTS, Course, open_course
from tests.web.visits import SCRIPT, Visitor, forms_of, text_of


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course):
    return course.stage.activity(**RUBRIC_PARTS)


@pytest.fixture
def ada(course, activity) -> Visitor:
    return course.visit("ada", activity)


PAGE = "reflections/tc-r1"


def test_everything_is_known_before_the_first_word(ada):
    """Prompt, rubric, points per level, readers and confidentiality stand before the writing."""
    page = ada.get(PAGE)

    text = text_of(page)
    assert 'data-page="reflection"' in page.text
    assert "When did you trust an expert" in text
    assert "Another way in, for equal credit." in text
    assert "Holds two frames" in text
    assert "60%" in text
    assert "9.88 of 10 points" in text
    assert "can read it. Drafts are yours alone." in text
    assert "Do not write about a real client" in text
    assert "Asked for: 150 to 400 words. Nothing is cut off." in text


def test_the_institutions_own_help_stands_below_the_writing(course, ada):
    """Always, as it was written, and without looking at what the student writes."""
    assert "talk to somebody" not in ada.get(PAGE).text
    course.stage.context.deployment.registration.help_text = "Centre: room 5\n<b>988</b>"
    course.session.commit()
    page = ada.get(PAGE)

    assert "Centre: room 5\n&lt;b&gt;988&lt;/b&gt;" in page.text
    assert "may not read this today" in page.text


def test_a_completion_reflection_says_how_it_counts(course):
    """Where handing in earns the points, the page says so and shows no rubric."""
    activity = course.stage.activity(**COMPLETION_PARTS)

    text = text_of(course.visit("ada", activity).get("reflections/ta-r1"))

    assert "Handing it in earns the full 10 points." in text
    assert "How it will be read" not in text


@pytest.mark.parametrize(
    "text",
    [
        "A few words.",
        "Two\n\nparagraphs and a\ttab",
        "\n a line end first",
        "<img src=x onerror=alert(1)> & \"quotes\" 'too'",
        "</textarea><script>alert(1)</script>",
        "Ünïcödé 漢字 🙂",
        "",
    ],
)
def test_a_draft_comes_back_as_it_was_typed(ada, text):
    """The save button keeps the text to the letter, and markup stays the characters it is."""
    saved = ada.post(f"{PAGE}/draft", {"saved_version": "0", "text": text})

    page = ada.follow(saved)
    assert dict(forms_of(page)[0]["fields"])["text"] == text
    assert "<script>alert" not in page.text
    assert "<img" not in page.text


def test_a_script_hears_version_and_time_of_a_save(ada):
    """Autosave is answered with the version to go on from and the moment of the save."""
    answer = ada.post(f"{PAGE}/draft", {"saved_version": "0", "text": "one"}, headers=SCRIPT)

    assert answer.json == {"saved_version": 1, "saved_at": "2027-03-01T12:00:00Z"}


@pytest.mark.parametrize("headers", [{}, SCRIPT], ids=["form", "script"])
def test_the_same_save_again_is_no_conflict(course, ada, headers):
    """A save whose answer was lost is sent once more, and is taken for what it is."""
    fields = {"saved_version": "0", "text": "written in a train"}
    first = ada.post(f"{PAGE}/draft", fields, headers=headers)

    second = ada.post(f"{PAGE}/draft", fields, headers=headers)

    assert second.status_code == first.status_code < 400
    if headers:
        assert [first.json["saved_version"], second.json["saved_version"]] == [1, 1]
    assert course.fresh().scalars(select(Draft.version)).all() == [1]


def test_a_stale_save_shows_both_versions(course, ada):
    """A save from an older tab overwrites nothing and shows both texts."""
    ada.post(f"{PAGE}/draft", {"saved_version": "0", "text": "from the newer tab"})

    answer = ada.post(f"{PAGE}/draft", {"saved_version": "0", "text": "from the older tab"})

    form = dict(forms_of(answer)[0]["fields"])
    assert answer.status_code == 409
    assert 'data-error-code="work.stale"' in answer.text
    assert form["text"] == "from the older tab"
    assert form["saved_version"] == "1"
    assert "from the newer tab" in text_of(answer)
    assert course.fresh().scalars(select(Draft.version)).all() == [1]


def test_handing_in_an_older_version_hands_nothing_in(course, ada):
    """A submission that started before the last save shows both texts instead."""
    ada.post(f"{PAGE}/draft", {"saved_version": "0", "text": "newer"})

    answer = ada.post(f"{PAGE}/submission", {"saved_version": "0", "text": "older"})

    assert answer.status_code == 409
    assert course.fresh().scalars(select(Reflection.state)).one() == "draft"


def test_the_writing_can_be_walked_through_by_its_forms_alone(ada):
    """Write, look over and hand in: each form of the pages leads on by itself."""
    form = forms_of(ada.get(PAGE))[0]
    check = next(url for url in form["buttons"] if "then=review" in url)
    fields = dict(form["fields"]) | {"text": "One line\nand another"}
    review = ada.follow(ada.post(check, fields))
    hand_in = forms_of(review)[0]

    receipt = ada.follow(ada.post(hand_in["action"], dict(hand_in["fields"])))

    text = text_of(receipt)
    assert "4 words; the task asks for at least 150" in text_of(review)
    assert 'data-page="reflection-receipt"' in receipt.text
    assert "One line\nand another" in receipt.text
    assert "Handed in Mar 1, 2027, 12:00 UTC" in text
    assert "It waits for your instructor." in text


def test_the_same_submission_again_leads_to_the_same_receipt(course, ada):
    """A double click hands in once and lands on the receipt."""
    fields = {"saved_version": "0", "text": "once\r\nonly"}

    first = ada.post(f"{PAGE}/submission", fields)
    second = ada.post(f"{PAGE}/submission", fields)

    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert len(course.fresh().scalars(select(Reflection)).all()) == 1


def test_a_repeated_submission_with_another_text_is_refused(ada):
    """What was handed in stands; another text afterwards is a conflict."""
    ada.post(f"{PAGE}/submission", {"saved_version": "0", "text": "first"})

    answer = ada.post(f"{PAGE}/submission", {"saved_version": "0", "text": "second"})

    assert answer.status_code == 409
    assert 'data-error-code="submit.conflict"' in answer.text


@pytest.mark.parametrize("text", ["nul \x00 here", "x" * 60_001])
def test_a_text_that_cannot_be_kept_stays_on_the_page(ada, text):
    """An unusable text is refused with the reason, and stands in the page for mending."""
    answer = ada.post(f"{PAGE}/draft", {"saved_version": "0", "text": text})

    assert answer.status_code == 422
    assert 'data-error-code="reflection.invalid"' in answer.text
    assert len(dict(forms_of(answer)[0]["fields"])["text"]) >= len(text) - 1


def test_an_empty_reflection_is_not_handed_in(course, ada):
    """A text without a word is refused; length is advice otherwise."""
    empty = ada.post(f"{PAGE}/submission", {"saved_version": "0", "text": " \n "})
    short = ada.post(f"{PAGE}/submission", {"saved_version": "0", "text": "word"})

    assert empty.status_code == 422
    assert short.status_code == 303


def test_a_foreign_field_is_refused(ada):
    """Fields that the form does not have are refused."""
    answer = ada.post(f"{PAGE}/draft", {"saved_version": "0", "text": "a", "score": "10"})

    assert answer.status_code == 422
    assert 'data-error-code="submit.field_not_allowed"' in answer.text


def test_a_prompt_that_is_not_in_use_is_not_found(ada):
    """Another prompt of the module, and one that never was, look the same."""
    assert ada.get("reflections/tc-r2").status_code == 404
    assert ada.get("reflections/zz").status_code == 404


def test_after_grading_the_student_reads_points_levels_and_comment(course, activity, ada):
    """The receipt shows the points, the chosen levels and the comment, as text."""
    made = course.hand_in_reflection("ada", activity, "tc-r1", "Some honest words.")
    reflection = course.session.get_one(Reflection, UUID(made))
    rubric = course.catalogue.get("trust-credibility-expertise").get_reflection("tc-r1").rubric
    assessing.assess_reflection(
        course.session,
        course.catalogue,
        course.sealer,
        reflection=reflection,
        selections={criterion.id: 3 for criterion in rubric.criteria},
        comment="Well seen. <b>Go on</b>",
        base_version=0,
        assessor=course.stage.people["instructor"],
        at=course.now(),
    )
    course.session.commit()

    page = ada.get(PAGE)

    assert "9 / 10" in text_of(page)
    assert page.text.count("level-chosen") == len(rubric.criteria)
    assert "&lt;b&gt;Go on&lt;/b&gt;" in page.text


def test_a_draft_stays_readable_after_the_close(course):
    """After the close a draft can be read by its writer and not changed."""
    activity = course.stage.activity(
        **COMPLETION_PARTS, closes_at=course.now() + timedelta(hours=1)
    )
    visitor = course.visit("ada", activity)
    page = "reflections/ta-r1"
    visitor.post(f"{page}/draft", {"saved_version": "0", "text": "not finished"})
    course.now.move(minutes=59)
    visitor.get()
    course.now.move(minutes=2)

    answer = visitor.post(f"{page}/draft", {"saved_version": "1", "text": "too late"})

    assert answer.status_code == 409
    assert "not finished" in text_of(visitor.get(page))
    assert "<textarea" not in visitor.get(page).text
