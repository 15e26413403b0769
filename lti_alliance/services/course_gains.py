"""Before and after: the tests of a course that its instructor marked as such, side by side."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from lti_alliance.domain.activities import QuizForm
from lti_alliance.domain.gains import Gain, compare
from lti_alliance.models import Activity, Context, Membership
from lti_alliance.services import first_attempts, student_sheets
from lti_alliance.services.activities import activity_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseGain:
    """A test before and the one after it."""

    before: Activity
    after: Activity
    gain: Gain
    only_before: int
    """People who took the first alone, and so are left out."""
    only_after: int


def list_gains(session: Session, context: Context, *, viewer: Membership) -> list[CourseGain]:
    """Compare the first attempts at each test before with those at the test after it.

    Tests of the same module belong together, in the order in which they were made; what is left
    over then in the order in which it was made.
    """
    found = []
    for before, after in _pairs(session, context):
        one = first_attempts.read_scores(session, before, viewer=viewer)
        other = first_attempts.read_scores(session, after, viewer=viewer)
        both = sorted(one.keys() & other.keys())
        found.append(
            CourseGain(
                before=before,
                after=after,
                gain=compare([(one[person], other[person]) for person in both]),
                only_before=len(one) - len(both),
                only_after=len(other) - len(both),
            )
        )
    return found


def _pairs(session: Session, context: Context) -> list[tuple[Activity, Activity]]:
    tests: dict[QuizForm, list[Activity]] = {form: [] for form in QuizForm}
    for activity in student_sheets.list_activities(session, context.id):
        settings = activity_settings(activity)
        if settings.has_quiz:
            tests[settings.form].append(activity)
    pairs = []
    rest, left = [], tests[QuizForm.POST]
    for before in tests[QuizForm.PRE]:
        after = next((each for each in left if each.module_id == before.module_id), None)
        if after is None:
            rest.append(before)
        else:
            left.remove(after)
            pairs.append((before, after))
    return pairs + list(zip(rest, left, strict=False))
