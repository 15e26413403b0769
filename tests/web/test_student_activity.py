"""A student's first page: parts, attempts, result, and the pages where there is no activity."""

from decimal import Decimal

import pytest

from lti_alliance.domain.activities import Part
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Keep
from lti_alliance.models import ScoreDelivery, db
from tests.statements import statements_of
from tests.web.course import COMPLETION_PARTS, RUBRIC_PARTS, Course, open_course
from tests.web.visits import text_of


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


def test_the_page_of_an_activity_costs_few_statements(app, course):
    """Who asks, the terms, the standing, the attempts, and whether there is a warm-up to offer."""
    activity = course.stage.activity(module_id="taster")
    ada = course.visit("ada", activity)
    with app.app_context():
        engine = db.engine

    with statements_of(engine) as sent:
        assert ada.get("").status_code == 200

    asked = [each for each in sent if not each.startswith("BEGIN")]
    assert len(asked) == 6, "\n".join(asked)


def test_the_first_page_names_what_is_in_the_activity(course):
    """The first page names the parts, their points, the attempts and which of them counts."""
    activity = course.stage.activity(**RUBRIC_PARTS, quiz_points=Decimal("8.5"))

    answer = course.visit("ada", activity).get()

    text = text_of(answer)
    assert 'data-page="activity"' in answer.text
    assert "18.5 points" in text
    assert "8.5 points" in text
    assert "3 attempts ; the highest score counts" in text.replace("attempts;", "attempts ;")
    assert "Start the quiz" in text
    assert "Begin writing" in text
    assert text.count("Not started") == 2


def test_a_finished_attempt_shows_its_score_in_points_of_the_activity(course):
    """Scores are shown in the points that the gradebook knows, and attempts left are counted."""
    activity = course.stage.activity(module_id="taster", quiz_points=Decimal(10))
    course.hand_in_quiz("ada", activity)

    text = text_of(course.visit("ada", activity).get())

    assert "10 / 10" in text
    assert "2 attempts left" in text
    assert "Start another attempt" in text


def test_no_attempt_is_offered_when_all_are_used(course):
    """Without attempts left the page says so and offers no button."""
    activity = course.stage.activity(module_id="taster", attempts=1)
    course.hand_in_quiz("ada", activity)

    text = text_of(course.visit("ada", activity).get())

    assert "You have used all your attempts." in text
    assert "Start another attempt" not in text


def test_the_attempt_that_counts_is_marked(course):
    """Of several attempts the page marks the one that counts."""
    activity = course.stage.activity(module_id="taster", keep=Keep.FIRST)
    course.hand_in_quiz("ada", activity)
    course.hand_in_quiz("ada", activity)

    text = text_of(course.visit("ada", activity).get())

    assert text.count("counts") == 2  # in the rule, and beside the first attempt
    assert text.index("Attempt 1") < text.index(" counts Attempt 2")


def test_a_closed_activity_offers_nothing_to_begin(course):
    """After the close a student reads everything and can begin nothing."""
    closes = course.now()
    activity = course.stage.activity(**RUBRIC_PARTS, closes_at=closes)
    course.now.move(hours=1)

    text = text_of(course.visit("ada", activity).get())

    assert "This activity is closed" in text
    assert "Start the quiz" not in text
    assert "Begin writing" not in text
    assert text.count("Not handed in") == 2


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("due", "", "on its way to the gradebook"),
        ("due", "platform_down", "your LMS is not answering, we keep trying"),
        ("unclear", "no_answer", "we are checking"),
        ("overridden", "changed_in_lms", "That grade stands"),
        ("blocked", "not_in_course", "your instructor can see why"),
        ("dead", "score_malformed", "your instructor can send it again"),
    ],
)
def test_the_way_to_the_gradebook_is_told_in_words(course, state, reason, words):
    """Every state of a delivery has its sentence for the student."""
    activity = course.stage.activity(module_id="taster")
    course.hand_in_quiz("ada", activity)
    delivery = course.session.query(ScoreDelivery).one()
    delivery.state, delivery.reason = state, reason
    course.session.commit()

    answer = course.visit("ada", activity).get()

    assert words in text_of(answer)
    assert ("data-settled" in answer.text) == (state in ("overridden", "blocked", "dead"))


def test_the_live_block_is_served_alone(course):
    """With the header the page answers the delivery state alone, and it is settled at the end."""
    activity = course.stage.activity(module_id="taster")
    course.hand_in_quiz("ada", activity)
    delivery = course.session.query(ScoreDelivery).one()
    delivery.state, delivery.delivered_at = "delivered", course.now()
    course.session.commit()

    answer = course.visit("ada", activity).get(headers={"X-Fragment": "delivery"})

    assert text_of(answer) == "In the gradebook since 12:00 UTC ."
    assert "data-settled" in answer.text
    assert "<html" not in answer.text
    assert "X-Fragment" in answer.headers["Vary"]


def test_a_test_student_is_told_that_nothing_is_sent(course):
    """A student preview of the LMS is told that its score stays here."""
    course.join("test", is_test_user=True)
    activity = course.stage.activity(module_id="taster")
    course.hand_in_quiz("test", activity)

    text = text_of(course.visit("test", activity).get())

    assert "This is a preview: nothing of it goes to the gradebook." in text


def test_parts_that_wait_keep_the_score_back(course):
    """With a reflection ungraded the page shows the quiz score and says what is awaited."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    course.hand_in_quiz("ada", activity)
    course.hand_in_reflection("ada", activity, "tc-r1", "Some honest words.")

    text = text_of(course.visit("ada", activity).get())

    assert "Your result so far" in text
    assert "handed in, waits for your instructor" in text
    assert "when every part has been handed in and graded" in text


def test_the_reading_shows_sections_call_outs_and_sources(course):
    """The reading shows objectives, call-outs and sources, with citations that lead to them."""
    activity = course.stage.activity(module_id="taster")

    answer = course.visit("ada", activity).get("reading")

    assert 'data-page="reading"' in answer.text
    assert 'class="callout callout-exam"' in answer.text
    assert 'href="#source-bordin1979"' in answer.text
    assert 'id="source-bordin1979"' in answer.text
    assert "Name the parts of the alliance in two accounts." in answer.text


def test_a_link_that_is_not_set_up_says_so(course):
    """A student before the instructor reads that there is nothing to do yet."""
    link = course.stage.link("empty")
    activity = course.stage.activity(module_id="taster")

    answer = course.visit("ada", activity, link=link).get()

    assert answer.status_code == 200
    assert 'data-page="not-set-up"' in answer.text


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"link": None, "context_id": None, "membership_id": None}, "no-course"),
        ({"role": Role.OBSERVER}, "observer"),
        ({"role": Role.ADMINISTRATOR}, "administrator"),
        ({"link": None}, "my-work"),
    ],
)
def test_other_launches_get_a_plain_page(course, changes, name):
    """A launch without an activity for the person is answered with a page that explains it."""
    activity = course.stage.activity(**COMPLETION_PARTS)

    answer = course.visit("ada", activity, **changes).get()

    assert answer.status_code == 200
    assert f'data-page="{name}"' in answer.text


def test_a_page_has_one_heading_a_skip_link_and_a_language(course):
    """Every page has one h1, a way past its head, and says its language."""
    activity = course.stage.activity(
        module_id="taster", parts=frozenset({Part.QUIZ, Part.REFLECTION}), prompt_ids=("ta-r1",)
    )
    visitor = course.visit("ada", activity)

    for path in ("", "reading", "reflections/ta-r1"):
        page = visitor.get(path).text
        assert page.count("<h1") == 1
        assert 'href="#content"' in page
        assert '<html lang="en" dir="ltr">' in page
        assert "style=" not in page
        assert "<script>" not in page
