"""A student's quiz: answered, saved, looked over, handed in once, judged."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from lti_alliance.domain.attempts import form_from_json
from lti_alliance.domain.modules import FeedbackTiming
from lti_alliance.models import Attempt, Response, db
from tests.statements import statements_of
from tests.web.course import Course, open_course
from tests.web.visits import SCRIPT, Visitor, forms_of, text_of


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course):
    return course.stage.activity(module_id="taster")


@pytest.fixture
def ada(course, activity) -> Visitor:
    return course.visit("ada", activity)


def start(visitor: Visitor) -> str:
    """Start the quiz by its button and return where it leads."""
    return visitor.post("attempts").location


def right_options(course, activity) -> dict[str, str]:
    """Return the right option of every item of a quiz of single choices, by field."""
    module = course.catalogue.get(activity.module_id)
    return {
        f"response.{item.id}": next(o.id for o in item.options if o.correct)
        for item in module.quiz.items
    }


def wrong_options(course, activity) -> dict[str, str]:
    """Return a wrong option of every item, by field."""
    module = course.catalogue.get(activity.module_id)
    return {
        f"response.{item.id}": next(o.id for o in item.options if not o.correct)
        for item in module.quiz.items
    }


def test_every_item_is_a_fieldset_with_its_stem_as_legend(course, activity, ada):
    """The quiz shows each item as a fieldset with its id and its stem, in the order of the form."""
    address = start(ada)

    page = ada.get(address).text

    attempt = course.fresh().scalars(select(Attempt)).one()
    places = [page.index(f'data-item="{i.item_id}"') for i in form_from_json(attempt.form).items]
    assert places == sorted(places)
    assert 'data-page="quiz"' in page
    assert '<legend lang="en">In Bordin' in page
    assert page.count("<fieldset") == 3


def test_a_second_start_goes_on_with_the_open_attempt(ada):
    """Starting twice leads to one attempt."""
    assert start(ada) == start(ada)


def test_a_save_costs_few_statements(app, course, activity, ada):
    """Pages save every few seconds: who asks, the terms, what is kept, the version, the answers."""
    address = start(ada)
    answers = dict(list(right_options(course, activity).items())[:2])
    with app.app_context():
        engine = db.engine

    with statements_of(engine) as sent:
        saved = ada.post(f"{address}/responses", answers | {"saved_version": "0"}, headers=SCRIPT)

    asked = [each for each in sent if not each.startswith("BEGIN")]
    assert saved.json["saved_version"] == 1
    assert len(asked) == 5, "\n".join(asked)


@pytest.mark.needs_postgres
def test_handing_in_costs_as_few_statements_for_any_quiz(app, course, activity, ada):
    """A whole class hands in within a minute; what is judged is written with one statement."""
    address = start(ada)
    answers = right_options(course, activity)
    with app.app_context():
        engine = db.engine

    with statements_of(engine) as sent:
        ada.post(f"{address}/submission", answers | {"saved_version": "0"}, headers=SCRIPT)

    written = [each for each in sent if each.startswith("UPDATE responses")]
    judged = course.fresh().scalars(select(Response)).all()
    assert [(row.is_correct, row.is_unmatched) for row in judged] == [(True, False)] * len(answers)
    assert all(row.points for row in judged)
    assert len(answers) > 1
    assert len(written) == 1, "\n".join(sent)
    assert len(sent) <= 20, "\n".join(sent)


def test_an_answer_that_was_taken_back_and_given_again_is_kept(course, activity, ada):
    """Whatever was saved in between, the last save says what the answer is."""
    address = start(ada)
    field, option = next(iter(right_options(course, activity).items()))
    for version, given in enumerate([option, "", option]):
        fields = {field: given, "saved_version": str(version)}
        assert ada.post(f"{address}/responses", fields, headers=SCRIPT).status_code == 200

    kept = course.fresh().scalars(select(Response)).one()
    assert kept.value is not None


def test_answers_are_saved_by_the_button_and_found_again(course, activity, ada):
    """Without scripts the save button keeps the answers, and the page shows them ticked."""
    address = start(ada)
    fields = right_options(course, activity)

    saved = ada.post(f"{address}/responses", {"saved_version": "0", **fields})

    page = ada.follow(saved)
    sent_again = dict(forms_of(page)[0]["fields"])
    assert saved.status_code == 303
    assert {name: sent_again[name] for name in fields} == fields
    assert sent_again["saved_version"] == "1"
    assert "Saved 12:00 UTC" in text_of(page)


def test_a_script_hears_version_and_time_of_a_save(course, activity, ada):
    """Autosave is answered with the version to go on from and the moment of the save."""
    address = start(ada)

    answer = ada.post(f"{address}/responses", {"saved_version": "0"}, headers=SCRIPT)

    assert answer.json == {"saved_version": 1, "saved_at": "2027-03-01T12:00:00Z"}


def test_taking_back_every_tick_of_a_multiple_item_is_saved(course):
    """The page sends an empty field with each multiple item, so that no tick is a change too."""
    activity = course.stage.activity(module_id="foundations")
    visitor = course.visit("ada", activity)
    address = start(visitor)
    item = next(i for i in course.catalogue.get("foundations").quiz.items if i.kind == "multiple")
    name = f"response.{item.id}"
    visitor.post(f"{address}/responses", {"saved_version": "0", name: item.options[0].id})

    emptied = [
        value for field, value in forms_of(visitor.get(address))[0]["fields"] if field == name
    ]
    visitor.post(f"{address}/responses", {"saved_version": "1", name: ""})

    row = course.fresh().scalars(select(Response).where(Response.item_id == item.id)).one()
    assert emptied == ["", item.options[0].id]
    assert row.value is None


def test_the_last_look_names_what_has_no_answer(course, activity, ada):
    """Before handing in, unanswered questions are named with links to them."""
    address = start(ada)
    first = next(iter(right_options(course, activity).items()))
    ada.post(f"{address}/responses", {"saved_version": "0", first[0]: first[1]})

    page = ada.get(f"{address}/review")

    assert 'data-page="review"' in page.text
    assert text_of(page).count("has no answer") == 2
    assert "2 questions have no answer" in text_of(page)
    assert f"{address}#question-" in page.text


def test_the_quiz_can_be_walked_through_by_its_forms_alone(course, activity, ada):
    """Start, answer, look over and hand in: each form of the pages leads on by itself."""
    begin = forms_of(ada.get())[0]
    quiz = ada.follow(ada.post(begin["action"]))
    form = forms_of(quiz)[0]
    check = next(url for url in form["buttons"] if "then=review" in url)
    fields = dict(form["fields"]) | right_options(course, activity)
    review = ada.follow(ada.post(check, fields))
    hand_in = forms_of(review)[0]

    result = ada.follow(ada.post(hand_in["action"], dict(hand_in["fields"])))

    assert 'data-page="result"' in result.text
    assert "10 / 10" in text_of(result)
    assert "Saved here and on its way to the gradebook." in text_of(result)


def test_answers_may_come_with_the_submission(course, activity, ada):
    """A submission that brings its answers is judged by them."""
    address = start(ada)
    fields = {"saved_version": "0", **right_options(course, activity)}

    result = ada.follow(ada.post(f"{address}/submission", fields))

    assert "10 / 10" in text_of(result)


def test_the_same_submission_again_leads_to_the_same_result(course, activity, ada):
    """A double click lands on the result and hands in once."""
    address = start(ada)
    fields = {"saved_version": "0", **right_options(course, activity)}

    first = ada.post(f"{address}/submission", fields)
    second = ada.post(f"{address}/submission", fields)

    handed_in = course.fresh().scalars(select(Attempt)).all()
    assert first.location == second.location
    assert len(handed_in) == 1
    assert handed_in[0].score == handed_in[0].maximum


def test_a_repeated_submission_with_other_answers_is_refused(course, activity, ada):
    """What was handed in stands; other answers afterwards are a conflict."""
    address = start(ada)
    ada.post(f"{address}/submission", {"saved_version": "0", **wrong_options(course, activity)})

    answer = ada.post(
        f"{address}/submission", {"saved_version": "0", **right_options(course, activity)}
    )

    assert answer.status_code == 409
    assert 'data-error-code="submit.conflict"' in answer.text
    assert course.fresh().scalars(select(Attempt)).one().score == 0


@pytest.mark.parametrize("name", ["score", "userId", "response.ta-99", "correct"])
@pytest.mark.parametrize("act", ["responses", "submission"])
def test_a_field_that_the_quiz_does_not_have_is_refused(ada, act, name):
    """Scores and other foreign fields are refused, and nothing is handed in."""
    address = start(ada)

    answer = ada.post(f"{address}/{act}", {"saved_version": "0", name: "true"})

    assert answer.status_code == 422
    assert 'data-error-code="submit.field_not_allowed"' in answer.text
    assert 'data-page="quiz"' in ada.get(address).text


def test_an_unreadable_answer_is_named_and_the_others_stay(course, activity, ada):
    """A choice that the question does not have is a fault; what else was typed stays there."""
    address = start(ada)
    fields = right_options(course, activity)
    broken = next(iter(fields))

    answer = ada.post(f"{address}/responses", {"saved_version": "0", **fields, broken: "zz"})

    kept = dict(forms_of(answer)[0]["fields"])
    assert answer.status_code == 422
    assert 'data-error-code="response.invalid"' in answer.text
    assert "This is not one of the choices of this question." in answer.text
    assert {n: kept[n] for n in fields if n != broken} == {
        n: v for n, v in fields.items() if n != broken
    }


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999"])
def test_a_form_without_its_version_is_refused(ada, version):
    """Without the version it started from nothing may be overwritten."""
    address = start(ada)

    answer = ada.post(f"{address}/responses", {"saved_version": version})

    assert answer.status_code == 422


def test_a_stale_save_shows_both_versions(course, activity, ada):
    """A save from an older tab overwrites nothing and shows both versions to choose from."""
    address = start(ada)
    name, right = next(iter(right_options(course, activity).items()))
    wrong = wrong_options(course, activity)[name]
    ada.post(f"{address}/responses", {"saved_version": "0", name: right})

    answer = ada.post(f"{address}/responses", {"saved_version": "0", name: wrong})

    form = forms_of(answer)[0]
    kept = course.fresh().scalars(select(Response)).one().value
    assert answer.status_code == 409
    assert 'data-page="conflict"' in answer.text
    assert 'data-error-code="work.stale"' in answer.text
    assert dict(form["fields"])[name] == wrong
    assert dict(form["fields"])["saved_version"] == "1"
    assert f'href="{address}"' in answer.text
    assert kept == {"chosen": [right]}


def test_the_older_version_can_be_kept_after_all(course, activity, ada):
    """The form of the conflict page saves the version that the student chose."""
    address = start(ada)
    name, right = next(iter(right_options(course, activity).items()))
    wrong = wrong_options(course, activity)[name]
    ada.post(f"{address}/responses", {"saved_version": "0", name: right})
    form = forms_of(ada.post(f"{address}/responses", {"saved_version": "0", name: wrong}))[0]

    ada.post(form["action"], dict(form["fields"]))

    assert course.fresh().scalars(select(Response)).one().value == {"chosen": [wrong]}


@pytest.mark.parametrize("headers", [{}, SCRIPT], ids=["form", "script"])
def test_the_same_save_again_is_no_conflict(course, activity, ada, headers):
    """A save whose answer was lost is sent once more, and is taken for what it is; after it the
    work goes on from the version that the first one made."""
    address = start(ada)
    name, right = next(iter(right_options(course, activity).items()))
    wrong = wrong_options(course, activity)[name]
    first = ada.post(f"{address}/responses", {"saved_version": "0", name: right}, headers=headers)

    second = ada.post(f"{address}/responses", {"saved_version": "0", name: right}, headers=headers)
    on = ada.post(f"{address}/responses", {"saved_version": "1", name: wrong}, headers=headers)

    kept = course.fresh().scalars(select(Response)).one().value
    assert second.status_code == first.status_code == on.status_code
    assert first.status_code < 400
    assert second.location == first.location
    if headers:
        assert [first.json["saved_version"], second.json["saved_version"]] == [1, 1]
    assert kept == {"chosen": [wrong]}


def test_an_old_save_is_a_conflict_although_it_says_the_same(course, activity, ada):
    """Only the last save may have lost its answer: a tab that missed more than one is behind."""
    address = start(ada)
    name, right = next(iter(right_options(course, activity).items()))
    for version in ("0", "1"):
        ada.post(f"{address}/responses", {"saved_version": version, name: right}, headers=SCRIPT)

    answer = ada.post(f"{address}/responses", {"saved_version": "0", name: right}, headers=SCRIPT)

    assert answer.status_code == 409


def test_a_script_hears_of_a_stale_save_by_its_code(course, activity, ada):
    """Autosave of an older tab hears the code of the conflict."""
    address = start(ada)
    right, wrong = right_options(course, activity), wrong_options(course, activity)
    ada.post(f"{address}/responses", {"saved_version": "0", **right}, headers=SCRIPT)

    answer = ada.post(f"{address}/responses", {"saved_version": "0", **wrong}, headers=SCRIPT)

    assert answer.status_code == 409
    assert answer.json["error"] == "work.stale"


def test_handing_in_an_older_version_hands_nothing_in(ada):
    """A submission that started before the last save shows the last look anew."""
    address = start(ada)
    ada.post(f"{address}/responses", {"saved_version": "0"})

    answer = ada.post(f"{address}/submission", {"saved_version": "0"})

    assert answer.status_code == 409
    assert 'data-page="review"' in answer.text
    assert "Nothing has been handed in." in text_of(answer)
    assert dict(forms_of(answer)[0]["fields"])["saved_version"] == "1"


def test_between_attempts_no_right_answer_is_shown(course, activity, ada):
    """While another attempt is possible the page shows how answers stand, and never the key."""
    address = start(ada)
    fields = {"saved_version": "0", **wrong_options(course, activity)}

    result = ada.follow(ada.post(f"{address}/submission", fields))

    text = text_of(result)
    assert text.count("Not right") == 3
    assert "Right answer" not in text
    assert "mark-right" not in result.text
    assert "2 attempts left" in text


def test_after_the_last_attempt_the_key_is_shown_by_word_and_icon(course):
    """The key appears after the last attempt, told by word and icon and not by colour alone."""
    activity = course.stage.activity(module_id="taster", attempts=1)
    visitor = course.visit("ada", activity)
    address = start(visitor)
    fields = {"saved_version": "0", **wrong_options(course, activity)}

    result = visitor.follow(visitor.post(f"{address}/submission", fields))

    text = text_of(result)
    assert text.count("Right answer") == 3
    assert text.count("Your answer, not right") == 3


def test_feedback_after_the_close_waits_for_it(course):
    """Where feedback comes after the close, the result shows the score alone until then."""
    activity = course.stage.activity(
        module_id="taster",
        feedback=FeedbackTiming.AFTER_CLOSE,
        attempts=1,
        closes_at=course.now() + timedelta(hours=1),
    )
    attempt_id = course.hand_in_quiz("ada", activity)

    before = text_of(course.visit("ada", activity).get(f"attempts/{attempt_id}"))
    course.now.move(hours=2)
    after = text_of(course.visit("ada", activity).get(f"attempts/{attempt_id}"))

    assert "10 / 10" in before
    assert "Your answer, right" not in before
    assert "shown after the close" in before
    assert after.count("Your answer, right") == 3


def test_an_unmatched_short_answer_is_explained(course):
    """A short answer that no key knows is shown with the word that it may yet be accepted."""
    activity = course.stage.activity(module_id="foundations")
    attempt_id = course.hand_in_quiz("ada", activity, short="<b>nonsense</b>")

    page = course.visit("ada", activity).get(f"attempts/{attempt_id}")

    assert "Your instructor can look at it and accept it." in page.text
    assert "&lt;b&gt;nonsense&lt;/b&gt;" in page.text
    assert "<b>nonsense" not in page.text


@pytest.mark.parametrize("path", ["", "/review"])
def test_another_students_attempt_is_not_found(course, activity, path):
    """Another student's attempt and one that never was look the same."""
    attempt_id = course.hand_in_quiz("ben", activity)
    visitor = course.visit("ada", activity)

    others = visitor.get(f"attempts/{attempt_id}{path}")
    nobodys = visitor.get(f"attempts/{activity.id}{path}")

    assert others.status_code == nobodys.status_code == 404
    assert "resource.unknown" in others.text
    assert "resource.unknown" in nobodys.text


def test_another_students_attempt_cannot_be_written(course, activity):
    """Nobody saves into or hands in somebody else's attempt."""
    attempt = course.open_quiz("ben", activity)
    visitor = course.visit("ada", activity)

    for act in ("responses", "submission"):
        answer = visitor.post(f"attempts/{attempt.id}/{act}", {"saved_version": "0"})
        assert answer.status_code == 404

    assert course.fresh().scalars(select(Attempt)).one().saved_version == 0


@pytest.mark.parametrize("odd", ["nothing", "1", "%00", "' OR 1=1"])
def test_an_id_that_is_none_is_not_found(ada, odd):
    """An address that names no id is not found, whatever stands there."""
    assert ada.get(f"attempts/{odd}").status_code == 404


def test_nothing_is_saved_after_the_close(course):
    """An open attempt cannot be saved after the close, and its page says what happens to it."""
    activity = course.stage.activity(
        module_id="taster", closes_at=course.now() + timedelta(hours=1)
    )
    visitor = course.visit("ada", activity)
    address = start(visitor)
    course.now.move(minutes=59)
    visitor.get()
    course.now.move(minutes=2)

    answer = visitor.post(f"{address}/responses", {"saved_version": "0"})

    assert answer.status_code == 409
    assert "The activity has closed" in text_of(visitor.get(address))


def test_a_form_of_another_launch_is_refused(course, activity, ada):
    """The token of one launch opens no other."""
    other = course.visit("ada", activity)

    answer = ada.post("attempts", {"csrf_token": other.csrf})

    assert answer.status_code == 403
    assert course.fresh().scalars(select(Attempt)).all() == []
