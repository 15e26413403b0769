"""Practice in the browser: the warm-up's card, sets of one's own, the report; nobody else sees."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from lti_alliance.domain.modules import FeedbackTiming
from lti_alliance.models import Attempt, Grade, PracticeSet, ScoreDelivery
from lti_alliance.services.activities import activity_settings
from tests.web.course import Course, open_course
from tests.web.visits import Visitor, forms_of, text_of, visit

CARD = "Warm up: 3 questions from earlier modules"


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def foundations(course):
    return course.stage.activity("link-1", module_id="foundations", attempts=1)


@pytest.fixture
def ada(course, foundations) -> Visitor:
    return course.visit("ada", foundations)


@pytest.fixture
def trust(course):
    return course.stage.activity("link-2", module_id="trust-credibility-expertise")


def start(visitor: Visitor, **changes: object) -> str:
    """Start a set of five and return its address."""
    fields = {"modules": "foundations", "size": "5", "frame": "", "minutes": "", **changes}
    answer = visitor.post("practice", fields)
    assert answer.status_code == 303, text_of(answer)
    return answer.location.partition("?")[0]


def only_set(course) -> PracticeSet:
    return course.fresh().scalars(select(PracticeSet)).one()


def wrong_fields(course, address: str, visitor: Visitor) -> dict[str, str]:
    """Return a wrong answer to each single choice of a set."""
    shown = set(re.findall(r'data-item="([^"]+)"', visitor.get(address).text))
    return {
        f"response.{item.id}": next(o.id for o in item.options if not o.correct)
        for item in course.catalogue.get("foundations").quiz.items
        if item.id in shown and item.kind == "single"
    }


def test_a_set_is_chosen_answered_and_reported(course, ada):
    """Three steps, without scripts: what, the questions, the report with all feedback."""
    page = ada.get("practice")
    address = start(ada)
    questions = ada.get(address)
    fields = wrong_fields(course, address, ada)
    answer = ada.follow(ada.post(f"{address}/finish", fields))

    assert "nobody but you sees it" in text_of(page)
    assert questions.text.count("data-item=") == 5
    assert "1 point" not in text_of(questions)
    assert 'data-page="practice-report"' in answer.text
    assert re.search(r"\d of [1-5] right", text_of(answer))
    assert "Where to read again" in text_of(answer)
    assert answer.text.count("data-item=") == 5
    assert not re.search(r"\d of 1\b", text_of(answer))


def test_where_to_read_again_leads_to_the_reading(course, ada):
    """The objective of what went wrong is named, with the way to the module's reading."""
    address = start(ada, size="20")
    report = ada.follow(ada.post(f"{address}/finish"))
    module = course.catalogue.get("foundations")
    way = re.search(r'href="([^"]+/reading/0)', report.text)

    assert module.objectives[0].text.split("'")[0] in text_of(report)
    assert way
    reading = ada.get(way.group(1))
    assert all(f'id="{section.id}"' in reading.text for section in module.reading)
    assert "Back to practice" in text_of(reading)
    assert ada.get(way.group(1).replace("reading/0", "reading/7")).status_code == 404


def test_nothing_of_it_is_a_grade(course, ada):
    """No attempt, no grade, nothing for the gradebook; the instructor's pages know nothing."""
    address = start(ada)
    ada.post(f"{address}/finish")
    session = course.fresh()

    assert [session.scalars(select(kind)).all() for kind in (Attempt, Grade, ScoreDelivery)] == [
        [],
        [],
        [],
    ]


def test_the_history_is_on_the_students_page(ada):
    """Day, module and how much was right."""
    address = start(ada)
    ada.post(f"{address}/finish")

    assert re.search(r"Practice, Mar 1, 2027.*0 of \d right", text_of(ada.get("practice")))


def test_a_key_that_waits_is_not_shown(course, foundations, ada):
    """While the one attempt is to come the report shows no key; afterwards it does."""
    address = start(ada, size="20")
    ada.post(f"{address}/finish", wrong_fields(course, address, ada))
    before = ada.get(address)
    course.open_quiz("ada", foundations)
    during = ada.get(address)

    assert "can still come in a quiz that you may take" in text_of(before)
    assert "Not right" in text_of(before)
    assert text_of(during).count("Not right") < text_of(before).count("Not right")


def test_without_anything_to_practise_it_says_why(course):
    """Where answers are kept back until the close, there is no form."""
    activity = course.stage.activity(
        feedback=FeedbackTiming.AFTER_CLOSE, closes_at=course.now() + timedelta(days=1)
    )
    ada = course.visit("ada", activity)

    assert "nothing to practise with yet" in text_of(ada.get("practice"))
    assert "Start practising" not in ada.get("practice").text


def test_a_faulty_choice_comes_back_with_what_was_typed(ada):
    """Each fault is said on the page, and the rest is as it was sent."""
    answer = ada.post(
        "practice", {"modules": "foundations", "size": "10", "frame": "exam", "minutes": "ages"}
    )
    fields = dict(forms_of(answer)[0]["fields"])

    assert answer.status_code == 422
    assert 'data-error-code="practice.choice_invalid"' in answer.text
    assert "whole number of minutes" in text_of(answer)
    assert (fields["size"], fields["frame"], fields["minutes"]) == ("10", "exam", "ages")


@pytest.mark.parametrize(
    "fields",
    [
        {"modules": "trust-credibility-expertise", "size": "5"},
        {"size": "5"},
        {"modules": "foundations", "size": "5", "frame": "x"},
    ],
)
def test_what_is_not_offered_is_refused(course, foundations, trust, fields):
    """A module of an activity that was never opened, none at all, a frame that is none."""
    ada = course.visit("ada", foundations)

    assert ada.post("practice", fields).status_code == 422


def test_a_field_of_no_question_is_refused(course, ada):
    """Nothing is taken that the page did not ask."""
    address = start(ada)

    assert ada.post(f"{address}/finish", {"score": "100"}).status_code == 422
    assert only_set(course).state == "open"


def test_an_answer_that_cannot_be_read_is_said(course, ada):
    """The page comes back with the message at its question."""
    address = start(ada, size="20")
    field = next(iter(wrong_fields(course, address, ada)))
    answer = ada.post(f"{address}/finish", {field: "nonsense"})

    assert answer.status_code == 422
    assert 'data-error-code="response.invalid"' in answer.text
    assert "not one of the choices" in text_of(answer)


def test_answers_are_saved_on_the_way(course, ada):
    """The button saves and stays, at the place it was pressed."""
    address = start(ada)
    fields = wrong_fields(course, address, ada)
    saved = ada.post(f"{address}/responses?then=question-2", fields)
    sent_again = dict(forms_of(ada.get(address))[0]["fields"])

    assert saved.status_code == 303
    assert saved.location.endswith("#question-2")
    assert {name: sent_again[name] for name in fields} == fields


def test_time_informs_and_takes_nothing(course, ada, now):
    """After the time that was meant, answers are taken as before, and the report compares."""
    address = start(ada, minutes="5")
    page = ada.get(address)
    now.move(minutes=12)
    late = ada.get(address)
    report = ada.follow(ada.post(f"{address}/finish", wrong_fields(course, address, ada)))

    assert 'data-seconds="300"' in page.text
    assert 'data-seconds="0"' in late.text
    assert "you may go on after it" in text_of(late)
    assert "You took 12 minutes; you meant to take 5 minutes." in text_of(report)


def test_a_set_can_be_left_out(course, ada):
    """It is gone then, from the history too."""
    address = start(ada)
    ada.follow(ada.post(f"{address}/leaving"))

    assert only_set(course).state == "left_out"
    assert ada.get(address).status_code == 303
    assert "What you have practised" not in ada.get("practice").text


def test_nobody_else_finds_it(course, foundations, ada):
    """Another student's address, the instructor's, and one that is none look the same."""
    address = start(ada).rsplit("/", 1)[-1]
    ben = course.visit("ben", foundations)
    teacher = course.visit("instructor", foundations)

    assert ben.get(f"practice/{address}").status_code == 404
    assert ben.post(f"practice/{address}/finish").status_code == 404
    assert ben.get("practice/nonsense").status_code == 404
    assert teacher.get(f"practice/{address}").status_code == 403
    assert teacher.get("practice").status_code == 403


def test_practice_is_there_from_the_course_menu(course, foundations):
    """Without an activity at hand, what was begun in the course may be practised."""
    course.open_quiz("ben", course.stage.activity("link-9", module_id="taster", closes_at=None))
    ben = visit(course.app, course.session, course.stage.people["ben"], link=None, at=course.now())

    assert 'href="' in ben.get("work").text
    assert "Practice" in text_of(ben.get("work"))
    assert ben.get("practice").status_code == 200


def test_the_warm_up_is_offered_taken_and_explained(course, trust):
    """A card before the reading; three questions; the report leads back to the activity."""
    ada = course.visit("ada", trust)
    home = ada.get()
    address = ada.post("warm-up").location
    again = ada.post("warm-up").location
    begun = ada.get()
    report = ada.follow(ada.post(f"{address}/finish"))

    assert CARD in text_of(home)
    assert home.text.index("warm-up-heading") < home.text.index("reading-heading")
    assert address == again
    assert "Go on with the warm-up" in text_of(begun)
    assert "What came of the warm-up" in text_of(report)
    assert "Back to the activity" in text_of(report)
    assert "Warm up:" not in text_of(ada.get())
    assert "Warm-up, Mar 1, 2027" in text_of(ada.get("practice"))


def test_the_warm_up_can_be_left_out(course, trust):
    """One button, and it is not offered again."""
    ada = course.visit("ada", trust)
    answer = ada.follow(ada.post("warm-up/leaving"))

    assert "Warm up:" not in text_of(answer)
    assert CARD in text_of(course.visit("ben", trust).get())


def test_without_a_question_there_is_no_card(ada):
    """The first module has nothing before it, and says so to whoever asks all the same."""
    assert "Warm up:" not in text_of(ada.get())
    answer = ada.post("warm-up")
    assert answer.status_code == 409
    assert "no question to warm up with" in text_of(answer)


def test_the_instructor_switches_it_off_in_the_settings(course, trust):
    """The box is ticked to begin with; without it no card is shown."""
    teacher = course.visit("instructor", trust)
    form = next(
        form
        for form in forms_of(teacher.get("settings"))
        if any(name == "quiz_points" for name, _ in form["fields"])
    )
    fields = dict(form["fields"])
    kept = fields.pop("warm_up")
    saved = teacher.post(form["action"], fields)

    assert kept == "on"
    assert saved.status_code == 303
    course.fresh().refresh(trust)
    assert not activity_settings(trust).warm_up
    assert "Warm up:" not in text_of(course.visit("ada", trust).get())
