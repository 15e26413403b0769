"""The warm-up: three items from earlier modules, missed first, rested a week, never twice."""

from datetime import datetime, timedelta
from random import Random

import pytest

from lti_alliance.domain.attempts import form_from_json
from lti_alliance.domain.modules import FeedbackTiming
from lti_alliance.domain.practice import PracticeState
from lti_alliance.errors import Conflict
from lti_alliance.models import Activity, Attempt, Membership, PracticeSet, Response
from lti_alliance.services import judging, modules, practice, practice_sheets, warm_ups
from tests.services.work import take_quiz
from tests.stage import NOON, Stage

WEEK = timedelta(days=7, minutes=10)


@pytest.fixture
def trust(stage: Stage) -> Activity:
    """An activity whose module requires the foundations."""
    return stage.activity("link-2", module_id="trust-credibility-expertise")


def offer(
    stage: Stage, activity: Activity, student: Membership, *, at: datetime = NOON
) -> warm_ups.WarmUpOffer | None:
    return warm_ups.offer_warm_up(
        stage.session, stage.catalogue, activity=activity, membership=student, at=at
    )


def start(
    stage: Stage, activity: Activity, student: Membership, *, at: datetime = NOON, seed: int = 1
) -> PracticeSet:
    return warm_ups.start_warm_up(
        stage.session,
        stage.catalogue,
        activity=activity,
        membership=student,
        rng=Random(seed),
        at=at,
    )


def ids_of(row: PracticeSet) -> list[str]:
    return [item["id"] for paper in row.form["papers"] for item in paper["items"]]


def drawn(stage: Stage, activity: Activity, student: Membership, *, at: datetime) -> set[str]:
    """Return what a warm-up holds at a moment; where none is offered, nothing."""
    if offer(stage, activity, student, at=at) is None:
        return set()
    return set(ids_of(start(stage, activity, student, at=at)))


def miss(stage: Stage, attempt: Attempt, count: int) -> set[str]:
    """Let the student have had some of an attempt's items wrong."""
    rows = stage.session.query(Response).filter_by(attempt_id=attempt.id, is_correct=True)
    missed = list(rows.limit(count))
    for row in missed:
        row.value = None
    stage.session.flush()
    module = modules.module_for(
        stage.session, stage.catalogue, attempt.activity, content_hash=attempt.content_hash
    )
    judging.judge_attempt(stage.session, attempt, module)
    return {row.item_id for row in missed}


def test_a_required_module_is_drawn_from_though_the_course_has_it_not(stage, student, trust):
    """The shipped module stands in; its version is kept, so that the set can be shown again."""
    found = offer(stage, trust, student)
    row = start(stage, trust, student)
    papers = practice_sheets.get_papers(stage.session, stage.catalogue, row)

    assert found is not None
    assert found.count == 3
    assert [(paper.module.id, len(paper.items)) for paper in papers] == [("foundations", 3)]


def test_a_module_that_comes_later_is_not_drawn_from(stage, student, trust):
    """What is neither required nor done is not earlier; the module itself is not either."""
    first = stage.activity("link-1", module_id="foundations")
    take_quiz(stage, trust, stage.join("other"))

    assert offer(stage, first, student) is None
    with pytest.raises(Conflict):
        start(stage, first, student)


def test_a_module_with_work_handed_in_is_earlier(stage, student):
    """Whatever its module requires."""
    first = stage.activity("link-1", module_id="foundations")
    taster = stage.activity("link-3", module_id="taster")
    take_quiz(stage, first, student)

    row = start(stage, taster, student, at=NOON + WEEK)
    assert len(ids_of(row)) == 3
    assert all(item_id.startswith("fo-") for item_id in ids_of(row))


@pytest.mark.parametrize("seed", range(3))
def test_missed_items_come_first(stage, student, trust, seed):
    """A week after the quiz, what went wrong there is asked."""
    first = stage.activity("link-1", module_id="foundations")
    missed = miss(stage, take_quiz(stage, first, student), 2)

    assert missed < set(ids_of(start(stage, trust, student, at=NOON + WEEK, seed=seed)))


def test_items_rest_for_a_week(stage, student, trust):
    """Sooner, only what the student has not met is asked."""
    first = stage.activity("link-1", module_id="foundations")
    met = {}
    for each in (student, stage.join("later")):
        attempt = take_quiz(stage, first, each)
        miss(stage, attempt, 2)
        met[each.id] = {item.item_id for item in form_from_json(attempt.form).items}
    later = stage.people["later"]

    assert not met[student.id] & drawn(stage, trust, student, at=NOON + timedelta(days=6))
    assert met[later.id] & drawn(stage, trust, later, at=NOON + WEEK)


def test_what_is_kept_back_until_the_close_is_not_asked(stage, student, trust):
    """An earlier quiz that tells nothing yet gives nothing to warm up with."""
    first = stage.activity(
        "link-1",
        module_id="foundations",
        feedback=FeedbackTiming.AFTER_CLOSE,
        closes_at=NOON + timedelta(days=90),
    )
    take_quiz(stage, first, student)

    assert offer(stage, trust, student, at=NOON + WEEK) is None


def test_what_is_open_in_an_attempt_is_not_asked(stage, student, trust):
    """Not even when it was begun weeks ago."""
    first = stage.activity("link-1", module_id="foundations")
    attempt = take_quiz(stage, first, student, hand_in=False)
    given = {item.item_id for item in form_from_json(attempt.form).items}

    assert given
    assert not given & drawn(stage, trust, student, at=NOON + WEEK)


def test_each_activity_has_one_warm_up(stage, student, trust):
    """A double click starts one; once finished it is not offered again, in no other draw."""
    row = start(stage, trust, student)
    again = start(stage, trust, student, seed=9)
    found = offer(stage, trust, student)
    practice.finish(stage.session, stage.catalogue, row=row, fields={}, at=NOON)

    assert again.id == row.id
    assert found is not None
    assert found.open_set is row
    assert offer(stage, trust, student) is None
    assert start(stage, trust, student) is row


def test_it_can_be_left_out_before_and_after_its_start(stage, student, trust):
    """It is not offered again then; others have theirs."""
    other = stage.join("other")
    start(stage, trust, other)
    for person in (student, other):
        warm_ups.leave_out_warm_up(stage.session, activity=trust, membership=person, at=NOON)
        assert offer(stage, trust, person) is None

    assert offer(stage, trust, stage.join("third")) is not None
    assert start(stage, trust, other).state == PracticeState.LEFT_OUT


def test_an_instructor_can_switch_it_off(stage, student):
    """Then it is not offered and cannot be started."""
    activity = stage.activity("link-2", module_id="trust-credibility-expertise", warm_up=False)

    assert offer(stage, activity, student) is None
    with pytest.raises(Conflict):
        start(stage, activity, student)


def test_older_settings_have_it_on(stage, student, trust):
    """What was stored before there were warm-ups is read with them."""
    trust.settings = {k: v for k, v in trust.settings.items() if k != "warm_up"}
    stage.session.flush()

    assert offer(stage, trust, student) is not None


def test_it_stands_at_the_start_alone(stage, student, trust):
    """After the first work is handed in, and after the close, it is not offered."""
    closed = stage.activity("link-4", module_id="trust-credibility-expertise", closes_at=NOON)
    take_quiz(stage, trust, student)

    assert offer(stage, trust, student) is None
    assert offer(stage, closed, student) is None
