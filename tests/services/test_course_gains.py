"""Before and after in a course: which tests belong together, and who is compared."""

from lti_alliance.domain.activities import QuizForm
from lti_alliance.models import Activity
from lti_alliance.services import course_gains
from lti_alliance.services.activities import activity_settings
from tests.services.work import take_quiz
from tests.stage import Stage


def gains(stage: Stage) -> list[course_gains.CourseGain]:
    stage.session.expire_all()
    return course_gains.list_gains(stage.session, stage.context, viewer=stage.people["instructor"])


def test_those_who_took_both_are_compared(stage: Stage) -> None:
    """First attempts alone; who took one of the tests is counted and left out."""
    pre = stage.activity("pre", form=QuizForm.PRE)
    post = stage.activity("post", form=QuizForm.POST)
    stage.activity("other")
    for name, tests in (("kim", (pre, post)), ("lou", (pre,)), ("max", (post,)), ("eva", (post,))):
        person = stage.join(name)
        for test in tests:
            take_quiz(stage, test, person, wording="nonsense" if test is pre else "")
    take_quiz(stage, pre, stage.people["kim"])
    (found,) = gains(stage)

    assert (found.before.id, found.after.id) == (pre.id, post.id)
    assert (found.gain.people, found.only_before, found.only_after) == (1, 1, 2)
    assert found.gain.before < found.gain.after == 1
    assert found.gain.difference is None


def test_tests_of_one_module_belong_together(stage: Stage) -> None:
    """Whatever their order; the rest is paired as it comes, and a single one not at all."""

    def test(name: str, module_id: str, form: QuizForm) -> Activity:
        return stage.activity(name, module_id=module_id, form=form)

    one = test("1", "foundations", QuizForm.PRE)
    other = test("2", "taster", QuizForm.PRE)
    third = test("3", "taster", QuizForm.POST)
    fourth = test("4", "trust-credibility-expertise", QuizForm.POST)
    test("5", "trust-credibility-expertise", QuizForm.POST)
    found = {(each.before.id, each.after.id) for each in gains(stage)}

    assert found == {(other.id, third.id), (one.id, fourth.id)}


def test_settings_from_before_know_of_no_test(stage: Stage) -> None:
    """What was stored without the mark is neither."""
    activity = stage.activity()
    activity.settings = {k: v for k, v in activity.settings.items() if k != "form"}
    stage.session.flush()

    assert activity_settings(activity).form is QuizForm.NONE
    assert gains(stage) == []
