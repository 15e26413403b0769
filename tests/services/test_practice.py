"""Practice in a course: what is drawn for whom, what it leaves behind, and what stays hidden."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from lti_alliance.domain.attempts import FeedbackStage, form_from_json
from lti_alliance.domain.feedback import Verdict
from lti_alliance.domain.items import ChoiceResponse, Item, TextResponse, key_response
from lti_alliance.domain.modules import FeedbackTiming
from lti_alliance.domain.practice import PracticeState
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Activity, Base, Membership, PracticeSet
from lti_alliance.services import attempts, item_keys, practice, practice_sheets
from tests.services.work import take_quiz
from tests.stage import NOON, Stage

CHOICE = {"modules": ["foundations"], "size": "20", "frame": "", "minutes": ""}
LATER = NOON + timedelta(days=30)


@pytest.fixture
def foundations(stage: Stage) -> Activity:
    return stage.activity("link-1")


def start(
    stage: Stage,
    student: Membership,
    here: Activity | None,
    *,
    at: datetime = LATER,
    seed: int = 1,
    **changes: Any,
) -> PracticeSet:
    return practice.start_practice(
        stage.session,
        stage.catalogue,
        membership=student,
        here=here,
        form=CHOICE | changes,
        rng=Random(seed),
        at=at,
    )


def items_of(stage: Stage, row: PracticeSet) -> list[Item]:
    papers = practice_sheets.get_papers(stage.session, stage.catalogue, row)
    return [item for paper in papers for item in paper.items]


def right(items: Sequence[Item]) -> dict[str, list[str]]:
    """Answer what has choices or a text as the key does."""
    fields = {}
    for item in items:
        match key_response(item):
            case ChoiceResponse(chosen=chosen):
                fields[f"response.{item.id}"] = list(chosen)
            case TextResponse(text=text):
                fields[f"response.{item.id}"] = [text]
    return fields


def finish(stage: Stage, row: PracticeSet, fields: Any, *, at: datetime = LATER) -> None:
    practice.finish(stage.session, stage.catalogue, row=row, fields=fields, at=at)


def report(stage: Stage, row: PracticeSet, *, at: datetime = LATER) -> Any:
    return practice_sheets.report(stage.session, stage.catalogue, row, at=at)


def history(stage: Stage, student: Membership) -> list[practice.SetLine]:
    return practice.list_sets(stage.session, stage.catalogue, membership=student, at=LATER)


def rows_of(stage: Stage) -> dict[str, int]:
    return {
        table.name: stage.session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }


def test_practice_leaves_nothing_behind_but_itself(stage, student, foundations):
    """No attempt, no grade, no delivery, no entry in the record of acts."""
    before = rows_of(stage)
    row = start(stage, student, foundations)
    finish(stage, row, right(items_of(stage, row)))
    after = rows_of(stage)

    assert {name for name in after if after[name] != before[name]} == {"practice_sets"}


def test_the_report_counts_right_partly_and_wrong(stage, student, foundations):
    """What was not answered is told apart from what was answered wrongly."""
    row = start(stage, student, foundations)
    items = [item for item in items_of(stage, row) if item.worth > 0]
    fields = right(items)
    single = next(item for item in items if item.kind == "single")
    empty = next(item for item in items if item.kind == "single" and item is not single)
    fields[f"response.{single.id}"] = [next(o.id for o in single.options if not o.correct)]
    del fields[f"response.{empty.id}"]
    finish(stage, row, fields)
    found = report(stage, row)

    assert found.tally[Verdict.WRONG] == 1
    assert found.tally[Verdict.UNANSWERED] == 1 + len(items) - len(right(items))
    assert found.tally[Verdict.RIGHT] == len(right(items)) - 2
    again = {i for each in found.read_again for place in each.places for i in place.item_ids}
    assert {single.id, empty.id} <= again
    (line,) = history(stage, student)
    assert (line.right, line.counted) == (found.tally[Verdict.RIGHT], found.counted)
    assert line.titles == (stage.catalogue.get("foundations").title,)


def begin(stage: Stage, activity: Activity, student: Membership) -> set[str]:
    """Start an attempt and return what it holds."""
    attempt = attempts.start_attempt(
        stage.session,
        stage.catalogue,
        activity=activity,
        membership=student,
        rng=Random(3),
        at=NOON,
    )
    return {item.item_id for item in form_from_json(attempt.form).items}


def test_whole_pools_are_drawn_from(stage, student):
    """Practice has more items than one attempt of the same quiz."""
    activity = stage.activity(module_id="rupture-repair")
    module = stage.catalogue.get("rupture-repair")
    seen = set()
    for seed in range(12):
        row = start(stage, student, activity, modules=["rupture-repair"], seed=seed)
        seen.update(item.id for item in items_of(stage, row))

    assert len(seen) > len(begin(stage, activity, student))
    assert seen <= {item.id for item in module.quiz.items}


def test_a_frame_and_a_size_are_kept_to(stage, student, foundations):
    """Items of the other point of view stay out."""
    row = start(stage, student, foundations, size="5", frame="evidence")

    assert len(items_of(stage, row)) == 5
    assert {item.frame for item in items_of(stage, row)} == {"evidence"}


def test_a_domain_of_an_examination_chooses_among_modules(stage, student, foundations):
    """Only those that serve it; where none does, that is said and nothing is begun."""
    served = items_of(stage, start(stage, student, foundations, domain="NCE/6"))
    with pytest.raises(InvalidInput) as refused:
        start(stage, student, foundations, domain="NCE/1")

    assert served
    assert list(refused.value.fields) == ["modules"]


def test_what_is_kept_back_until_the_close_is_not_practised(stage, student):
    """Before the close nothing is drawn; afterwards everything may be."""
    closes_at = LATER + timedelta(days=1)
    activity = stage.activity(feedback=FeedbackTiming.AFTER_CLOSE, closes_at=closes_at)
    with pytest.raises(InvalidInput) as caught:
        start(stage, student, activity)

    assert "modules" in caught.value.fields
    assert items_of(stage, start(stage, student, activity, at=closes_at))


def test_what_another_activity_keeps_back_stays_back(stage, student, foundations):
    """The same module in an exam that is not over yet: nothing of it is practised anywhere."""
    stage.activity("exam", feedback=FeedbackTiming.AFTER_CLOSE, closes_at=LATER + timedelta(days=1))

    with pytest.raises(InvalidInput):
        start(stage, student, foundations)


def test_what_is_open_in_an_attempt_is_not_practised(stage, student):
    """Every item of the attempt under way is left out, and no other."""
    activity = stage.activity(module_id="rupture-repair")
    given = begin(stage, activity, student)
    every = {item.id for item in stage.catalogue.get("rupture-repair").quiz.items}
    drawn = set()
    for seed in range(12):
        row = start(stage, student, activity, modules=["rupture-repair"], seed=seed)
        drawn.update(item.id for item in items_of(stage, row))

    assert drawn == every - given


def test_an_attempt_that_is_begun_hides_what_was_practised(stage, student, foundations):
    """A report shows nothing of an item that its student is being asked right now."""
    row = start(stage, student, foundations)
    finish(stage, row, right(items_of(stage, row)))
    before = report(stage, row)
    given = begin(stage, foundations, student) & set(before.stages)
    found = report(stage, row)

    assert set(before.stages.values()) == {FeedbackStage.BETWEEN_ATTEMPTS}
    assert {i for i, stage in found.stages.items() if stage is FeedbackStage.NONE} == given
    counted = {item.id for item in items_of(stage, row) if item.worth > 0}
    assert found.counted == before.counted - len(given & counted)
    # Nor does the history say how the answer to a single one of them stands.
    (line,) = history(stage, student)
    assert (line.right, line.counted) == (found.tally[Verdict.RIGHT], found.counted)


def test_the_key_is_shown_once_no_attempt_is_left(stage, student):
    """While an attempt is possible, practice shows what the quiz shows between attempts."""
    activity = stage.activity(attempts=1)
    row = start(stage, student, activity)
    finish(stage, row, {})
    before = report(stage, row)
    take_quiz(stage, activity, student)

    assert before.has_hidden
    assert set(report(stage, row).stages.values()) == {FeedbackStage.FINAL}


def test_missed_items_come_first(stage, student, foundations):
    """What went wrong in practice leads the next set; what went right comes last."""
    row = start(stage, student, foundations)
    items = items_of(stage, row)
    counted = [item for item in items if item.worth > 0]
    missed = {item.id for item in counted[:5]}
    finish(stage, row, right([item for item in items if item.id not in missed]))
    answered = set(right(items)) - {f"response.{item_id}" for item_id in missed}
    following = start(stage, student, foundations, size="5", at=LATER + timedelta(hours=1))

    assert not {f"response.{item.id}" for item in items_of(stage, following)} & answered


def test_a_draft_key_is_not_counted(stage, student):
    """Nobody agreed on it: it gives feedback, and is nothing to read again or to come back to."""
    activity = stage.activity(module_id="ethics-telehealth")
    drafts = {
        item.id for item in stage.catalogue.get("ethics-telehealth").quiz.items if item.worth == 0
    }
    for seed in range(9):
        row = start(stage, student, activity, modules=["ethics-telehealth"], seed=seed)
        if drafts & {item.id for item in items_of(stage, row)}:
            break
    finish(stage, row, {})
    found = report(stage, row)

    again = {i for each in found.read_again for place in each.places for i in place.item_ids}
    assert not drafts & again
    assert found.counted == len([i for i in items_of(stage, row) if i.id not in drafts])


def test_an_adopted_key_counts(stage, student):
    """What an instructor adopted in the activity holds for practice with it."""
    activity = stage.activity(module_id="ethics-telehealth")
    draft = next(
        item
        for item in stage.catalogue.get("ethics-telehealth").quiz.items
        if item.kind == "rate" and item.worth == 0
    )
    item_keys.adopt(
        stage.session,
        stage.catalogue,
        activity,
        item_id=draft.id,
        actor=stage.people["instructor"],
        at=NOON,
    )
    for seed in range(9):
        row = start(stage, student, activity, modules=["ethics-telehealth"], seed=seed)
        found = next((item for item in items_of(stage, row) if item.id == draft.id), None)
        if found:
            break

    assert found
    assert found.worth > 0


def test_only_what_the_student_may_open_is_offered(stage, student, foundations):
    """An activity that was never begun, and is not at hand, may be hidden in the LMS."""
    other = stage.activity("link-2", module_id="taster")
    seen = {
        name: [
            offer.module.id
            for offer in practice.list_offers(
                stage.session, stage.catalogue, membership=student, here=here, at=LATER
            )
        ]
        for name, here in {"course": None, "here": foundations}.items()
    }
    take_quiz(stage, other, student)
    begun = practice.list_offers(
        stage.session, stage.catalogue, membership=student, here=foundations, at=LATER
    )

    assert seen == {"course": [], "here": ["foundations"]}
    assert [offer.module.id for offer in begun] == ["foundations", "taster"]
    with pytest.raises(InvalidInput):
        start(stage, stage.join("other"), foundations, modules=["taster"])


def test_a_set_is_its_students_alone(stage, student, foundations):
    """Neither another student nor the instructor finds it."""
    row = start(stage, student, foundations)
    for other in (stage.join("other"), stage.people["instructor"]):
        with pytest.raises(NotFound):
            practice.get_set(stage.session, row.id, membership=other)

    assert practice.get_set(stage.session, row.id, membership=student) is row


def test_answers_are_kept_until_it_is_finished(stage, student, foundations):
    """A save adds to what there is; after the end nothing changes any more."""
    row = start(stage, student, foundations)
    first, second = [item for item in items_of(stage, row) if item.kind == "single"][:2]
    for item in (first, second):
        practice.save_answers(stage.session, stage.catalogue, row=row, fields=right([item]))
    finish(stage, row, {})
    finish(stage, row, {f"response.{first.id}": [""]}, at=LATER + timedelta(hours=1))

    assert set(row.responses) == {first.id, second.id}
    assert row.finished_at == LATER
    assert report(stage, row).tally[Verdict.RIGHT] == 2


def test_a_foreign_field_is_refused(stage, student, foundations):
    """A score sent along is not taken."""
    row = start(stage, student, foundations)
    with pytest.raises(InvalidInput) as caught:
        finish(stage, row, {"score": ["100"]})

    assert caught.value.code == "submit.field_not_allowed"
    assert row.state == PracticeState.OPEN


def test_one_set_is_open_at_a_time(stage, student, foundations):
    """Another one leaves the first out, and forgets what was answered there."""
    first = start(stage, student, foundations)
    items = items_of(stage, first)
    practice.save_answers(stage.session, stage.catalogue, row=first, fields=right(items))
    second = start(stage, student, foundations)
    stage.session.refresh(first)

    assert (first.state, first.responses) == (PracticeState.LEFT_OUT, {})
    assert practice.find_open_practice(stage.session, student) is second
    assert history(stage, student) == []


def test_practice_is_no_attempt(stage, student, foundations):
    """The number of attempts that are left is untouched."""
    row = start(stage, student, foundations)
    finish(stage, row, {})

    assert attempts.list_attempts(stage.session, foundations, student) == []
