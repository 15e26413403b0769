"""Answers checked one by one: what is shown, what stays, and what is never shown too early."""

import pytest
from sqlalchemy import select

from lti_alliance.domain.attempts import form_from_json
from lti_alliance.domain.items import key_response
from lti_alliance.domain.modules import FeedbackTiming
from lti_alliance.models import Activity, Attempt, Response
from lti_alliance.services.activities import activity_settings
from tests.web.course import Course, open_course
from tests.web.test_consequences import change
from tests.web.visits import SCRIPT, Visitor, forms_of, text_of

BESIDE = "It is final: you see what is right, and cannot change the answer in this attempt."


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course) -> Activity:
    return course.stage.activity(module_id="taster", feedback=FeedbackTiming.AFTER_EACH)


@pytest.fixture
def attempt(course, activity) -> str:
    return f"attempts/{course.open_quiz('ada', activity).id}"


@pytest.fixture
def ada(course, activity) -> Visitor:
    return course.visit("ada", activity)


def items_of(course: Course, module_id: str = "taster"):
    """Return the items in the order in which they stand on the form."""
    found = course.fresh().scalars(select(Attempt)).one()
    quiz = course.catalogue.get(module_id).quiz
    return [quiz.get_item(each.item_id) for each in form_from_json(found.form).items]


def chosen(item, *, right: bool) -> str:
    return next(option.id for option in item.options if option.correct is right)


def check(visitor: Visitor, attempt: str, item, value: str, *, version: int = 0, **more: str):
    fields = {"saved_version": str(version), f"response.{item.id}": value, **more}
    return visitor.post(f"{attempt}/checks/{item.id}", fields)


def stored(course: Course, item) -> Response:
    return course.fresh().scalars(select(Response).filter_by(item_id=item.id)).one()


def test_each_question_has_a_button_that_says_what_it_does(course, ada, attempt):
    """Beside each stands that it is final; the first button of the form only saves."""
    page = ada.get(attempt)
    form = forms_of(page)[0]
    buttons = [address for address in form["buttons"] if "/checks/" in address]

    assert len(buttons) == len(items_of(course)) == 3
    assert text_of(page).count(BESIDE) == 3
    assert "what you do not check is judged when you hand in" in text_of(page)
    first = page.text[page.text.index('name="saved_version"') :]
    assert "formaction" not in first[: first.index("</button>")]


def test_other_timings_have_no_such_button(course):
    """Where feedback comes later there is nothing to check, and nothing said of it."""
    activity = course.stage.activity(module_id="taster")
    attempt = course.open_quiz("ada", activity)
    page = course.visit("ada", activity).get(f"attempts/{attempt.id}")

    assert "/checks/" not in page.text
    assert "check answers one by one" not in text_of(page)


def test_a_checked_answer_shows_verdict_feedback_and_key(course, ada, attempt):
    """The page comes back to the question, which is shown as the result would, and is fixed."""
    item = items_of(course)[1]
    answer = check(ada, attempt, item, chosen(item, right=False))
    page = ada.follow(answer)
    fields = [name for name, _ in forms_of(page)[0]["fields"]]

    assert answer.location.endswith("#question-2")
    assert text_of(page).count("Your answer, not right") == 1
    assert text_of(page).count("Right answer") == 1
    assert text_of(page).count("You have checked this answer.") == 1
    assert f"response.{item.id}" not in fields
    assert f'name="response.{item.id}"' not in page.text
    assert text_of(page).count(BESIDE) == 2
    assert stored(course, item).checked_at == course.now()


def test_nothing_of_an_unchecked_key_reaches_the_page(course):
    """No feedback, no verdict and no mark of any other item, of whatever kind."""
    module_id = "ethics-telehealth"
    activity = course.stage.activity(module_id=module_id, feedback=FeedbackTiming.AFTER_EACH)
    attempt = f"attempts/{course.open_quiz('ada', activity).id}"
    ada = course.visit("ada", activity)
    items = items_of(course, module_id)
    item = next(each for each in items if each.kind == "single")
    plain = ada.get(attempt).text
    page = ada.follow(check(ada, attempt, item, chosen(item, right=True))).text
    before, _, rest = page.partition(f'data-item="{item.id}"')
    after = rest[rest.index("</section>") :]

    for text in (plain, before, after):
        for sign in ("mark-right", "mark-wrong", "mark-feedback", "In the key", "Accepted:"):
            assert sign not in text
    for each in items:
        if each is item or each.kind not in ("single", "multiple"):
            continue
        for option in each.options:
            said = option.feedback.split("\n")[0][:40]
            assert said
            assert said not in page
    assert "mark-right" in rest


def test_everything_else_is_saved_with_it_and_stays_open(course, ada, attempt):
    """The button saves the whole form, and what is not checked can still be changed."""
    first, second, _ = items_of(course)
    check(
        ada,
        attempt,
        first,
        chosen(first, right=True),
        **{f"response.{second.id}": chosen(second, right=False)},
    )
    ada.post(
        f"{attempt}/responses",
        {"saved_version": "1", f"response.{second.id}": chosen(second, right=True)},
    )

    assert stored(course, second).value == {"chosen": [chosen(second, right=True)]}
    assert stored(course, second).checked_at is None


def test_an_unanswered_question_is_not_checked(course, ada, attempt):
    """It is said at the question, and what else was chosen stays on the page."""
    first, second, _ = items_of(course)
    answer = ada.post(
        f"{attempt}/checks/{first.id}",
        {"saved_version": "0", f"response.{second.id}": chosen(second, right=True)},
    )
    fields = dict(forms_of(answer)[0]["fields"])

    assert answer.status_code == 422
    assert f'id="error-response.{first.id}"' in answer.text
    assert 'href="#question-1"' in answer.text
    assert "Answer all of this question before you check it." in text_of(answer)
    assert fields[f"response.{second.id}"] == chosen(second, right=True)
    assert course.fresh().scalars(select(Response)).all() == []


def test_an_old_tab_cannot_change_what_was_checked(course, ada, attempt):
    """Both versions are shown, it is said what stays, and the rest of the old page can be kept."""
    first, second, _ = items_of(course)
    check(ada, attempt, first, chosen(first, right=False))
    old = {
        "saved_version": "0",
        f"response.{first.id}": chosen(first, right=True),
        f"response.{second.id}": chosen(second, right=True),
    }
    conflict = ada.post(f"{attempt}/responses", old)
    form = forms_of(conflict)[0]
    kept = ada.post(form["action"], dict(form["fields"]))
    page = ada.follow(kept)

    assert conflict.status_code == 409
    assert "Question 1 has been checked in the newer version" in text_of(conflict)
    assert conflict.text.count('role="rowheader"') == 1
    assert "Question 1 had been checked, so it keeps the answer" in text_of(page)
    assert stored(course, first).value == {"chosen": [chosen(first, right=False)]}
    assert stored(course, second).value == {"chosen": [chosen(second, right=True)]}


def test_a_script_that_brings_an_old_value_changes_nothing(course, ada, attempt):
    """Autosave goes on; the checked answer stays."""
    first = items_of(course)[0]
    check(ada, attempt, first, chosen(first, right=False))
    answer = ada.post(
        f"{attempt}/responses",
        {"saved_version": "1", f"response.{first.id}": chosen(first, right=True)},
        headers=SCRIPT,
    )

    assert answer.json["saved_version"] == 2
    assert stored(course, first).value == {"chosen": [chosen(first, right=False)]}


def test_a_second_tab_cannot_check_another_answer(course, ada, attempt):
    """The second is shown both versions; the same click twice leads to the same place."""
    first = items_of(course)[0]
    check(ada, attempt, first, chosen(first, right=False))
    again = check(ada, attempt, first, chosen(first, right=False))
    other = check(ada, attempt, first, chosen(first, right=True))

    assert again.status_code == 303
    assert again.location.endswith("#question-1")
    assert other.status_code == 409
    assert 'data-page="conflict"' in other.text
    assert stored(course, first).value == {"chosen": [chosen(first, right=False)]}


def test_the_notice_is_made_from_what_was_checked_alone(course, ada, attempt):
    """An address that somebody made up makes no notice."""
    assert "had been checked" not in text_of(ada.get(f"{attempt}?kept=1&kept=99&kept=x"))


def test_handing_in_judges_the_rest(course, ada, attempt):
    """The result shows the key of what was checked, and of the rest as between attempts."""
    first, second, third = items_of(course)
    check(ada, attempt, first, chosen(first, right=False))
    result = ada.follow(
        ada.post(
            f"{attempt}/submission",
            {
                "saved_version": "1",
                f"response.{second.id}": chosen(second, right=True),
                f"response.{third.id}": chosen(third, right=False),
            },
        )
    )
    text = text_of(result)
    repeated = ada.post(f"{attempt}/submission", {"saved_version": "1"})
    changed = ada.post(
        f"{attempt}/submission",
        {"saved_version": "1", f"response.{first.id}": chosen(first, right=True)},
    )

    assert 'data-page="result"' in result.text
    assert text.count("Right answer") == 1
    assert text.count("Not right") == 2
    assert "Questions that you checked show theirs already." in text
    assert repeated.status_code == 303
    assert changed.status_code == 409
    assert 'data-error-code="submit.conflict"' in changed.text


def test_a_check_that_is_not_offered_any_more_loses_nothing(course, activity, ada, attempt):
    """The setting changed under an open page: what was chosen stays on it, and nothing is shown."""
    first = items_of(course)[0]
    held = course.fresh().get_one(Activity, activity.id)
    held.settings = held.settings | {"feedback": "after submit"}
    course.session.commit()
    answer = check(ada, attempt, first, chosen(first, right=True))

    assert answer.status_code == 409
    assert "Answers cannot be checked here any more." in text_of(answer)
    assert dict(forms_of(answer)[0]["fields"])[f"response.{first.id}"] == chosen(first, right=True)
    assert "Your answer, right" not in text_of(answer)
    assert course.fresh().scalars(select(Response)).all() == []


def test_what_was_checked_is_hidden_while_feedback_waits_for_the_close(
    course, activity, ada, attempt
):
    """It stays as it is; its key is shown again with everything else."""
    first = items_of(course)[0]
    check(ada, attempt, first, chosen(first, right=False))
    held = course.fresh().get_one(Activity, activity.id)
    held.settings = held.settings | {
        "feedback": "after close",
        "closes_at": "2027-03-09T12:00:00+00:00",
    }
    course.session.commit()
    page = ada.get(attempt)

    assert "You have checked this answer." in text_of(page)
    assert "Right answer" not in text_of(page)
    assert "mark-feedback" not in page.text


def test_only_its_student_checks(course, activity, ada, attempt):
    """Neither another student nor the instructor, nor somebody for a question of another quiz."""
    first = items_of(course)[0]
    fields = {"saved_version": "0", f"response.{first.id}": chosen(first, right=True)}
    ben = course.visit("ben", activity).post(f"{attempt}/checks/{first.id}", fields)
    teacher = course.visit("instructor", activity).post(f"{attempt}/checks/{first.id}", fields)
    unknown = ada.post(f"{attempt}/checks/other", fields)
    extra = ada.post(f"{attempt}/checks/{first.id}", fields | {"score": "10"})

    assert ben.status_code == 404
    assert teacher.status_code == 403
    assert unknown.status_code == 404
    assert extra.status_code == 422
    assert course.fresh().scalars(select(Response)).all() == []


def test_a_dialogue_is_checked_when_it_has_ended(course):
    """Before its end there is no button; afterwards the whole way is shown with its points."""
    module_id = "ethics-telehealth"
    activity = course.stage.activity(module_id=module_id, feedback=FeedbackTiming.AFTER_EACH)
    attempt = f"attempts/{course.open_quiz('ada', activity).id}"
    ada = course.visit("ada", activity)
    item = next(each for each in items_of(course, module_id) if each.kind == "branch")
    way = {f"response.{item.id}.{step.partition(':')[0]}": step for step in key_response(item).path}
    address = f"{attempt}/checks/{item.id}"
    before = ada.get(attempt).text
    early = ada.post(address, {"saved_version": "0", **dict(list(way.items())[:1])})
    ada.post(f"{attempt}/responses", {"saved_version": "0", **way})
    ended = ada.get(attempt).text
    page = ada.follow(ada.post(address, {"saved_version": "1", **way}))
    shown = page.text.partition(f'data-item="{item.id}"')[2].partition("</section>")[0]

    assert f"/checks/{item.id}" not in before
    assert early.status_code == 422
    assert f"/checks/{item.id}" in ended
    assert "The conversation ends here." in shown
    assert "mark-feedback" in shown
    assert "<button" not in shown


def test_the_settings_offer_it_and_say_what_it_does_to_open_attempts(course):
    """One sentence at the choice, and one for those who are in the middle of an attempt."""
    activity = course.stage.activity(module_id="taster")
    course.open_quiz("ada", activity)
    teacher = course.visit("instructor", activity)
    offered = text_of(teacher.get("settings"))
    asked = text_of(change(teacher, feedback="after each"))
    kept = activity_settings(course.fresh().get_one(Activity, activity.id))

    assert "Students may check an answer within the attempt: it is final then" in offered
    assert "In an attempt that is open each answer may be checked from now on." in asked
    assert kept.feedback is FeedbackTiming.AFTER_SUBMIT
