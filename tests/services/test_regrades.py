"""A corrected key: taken knowingly, earlier answers decided about, and grades follow."""

from decimal import Decimal

import pytest

from lti_alliance.content.parser import parse_source
from lti_alliance.domain.content_changes import Aspect, Place
from lti_alliance.domain.regrades import RegradeChoice
from lti_alliance.errors import Conflict, InvalidInput, NotFound, Stale
from lti_alliance.models import Activity, AuditEvent, Membership
from lti_alliance.services import (
    analysis,
    content_versions,
    modules,
    regrades,
    student_home,
)
from tests.services.editions import KEY, SOURCE, answer, edition, offering
from tests.services.work import delivery_of, grade_of
from tests.stage import NOON, Stage

BOTH, FULL, UPDATE, LEAVE = (
    RegradeChoice.BOTH,
    RegradeChoice.FULL,
    RegradeChoice.UPDATE,
    RegradeChoice.LEAVE,
)


@pytest.fixture
def quiz(stage: Stage) -> Activity:
    """The small module's quiz, worth four points."""
    stage.catalogue = offering()
    return stage.activity("quiz-link", module_id="small", quiz_points=Decimal(4), attempts=None)


@pytest.fixture
def people(stage: Stage) -> dict[str, Membership]:
    """Somebody who answers as the author would, somebody as the correction, somebody as neither."""
    return {name: stage.join(name) for name in ("goal", "task", "bond")}


@pytest.fixture
def answered(stage: Stage, quiz: Activity, people: dict[str, Membership]) -> Activity:
    """Each of them has handed in."""
    for name, student in people.items():
        answer(stage, quiz, student, f"A {name}")
    return quiz


def offer(stage: Stage, *changes: tuple[str, str], version: str = "1.1.0") -> str:
    """Let the catalogue offer a newer version, and return its hash."""
    new = edition(*changes, version=version)
    stage.catalogue = offering(edition(version="1.0.0"), new)
    return new.content_hash


def accept(stage: Stage, activity: Activity, content_hash: str) -> None:
    content_versions.accept(
        stage.session,
        stage.catalogue,
        activity,
        content_hash=content_hash,
        base_version=activity.version,
        actor=stage.people["instructor"],
        at=NOON,
    )


def decide(stage: Stage, activity: Activity, choice: str, item_id: str = "sm-01") -> int:
    return regrades.decide(
        stage.session,
        stage.catalogue,
        activity,
        item_id=item_id,
        choice=choice,
        actor=stage.people["instructor"],
        at=NOON,
    )


def foresee(stage: Stage, activity: Activity) -> regrades.Preview:
    return regrades.preview(stage.session, stage.catalogue, activity, item_id="sm-01", at=NOON)


def scores(stage: Stage, people: dict[str, Membership]) -> dict[str, Decimal]:
    return {name: grade_of(stage, student).score for name, student in people.items()}


def test_an_activity_stays_on_its_version_until_somebody_accepts(
    stage: Stage, answered: Activity, people: dict[str, Membership]
) -> None:
    """What differs is said; accepting it changes no grade and asks about the corrected key."""
    before = scores(stage, people)
    new = offer(stage, *KEY, ("Goals say where to", "Goals tell where to go"))
    newer = content_versions.look_at_newer(stage.session, stage.catalogue, answered)
    undecided_before = regrades.list_to_decide(stage.session, stage.catalogue, answered)
    accept(stage, answered, new)
    [open_one] = regrades.list_to_decide(stage.session, stage.catalogue, answered)

    assert [(change.place, change.aspects) for change in newer.changes] == [
        (Place.READING, (Aspect.WORDING,)),
        (Place.ITEM, (Aspect.KEY,)),
    ]
    assert undecided_before == ()
    assert (open_one.item.id, open_one.number, open_one.attempts) == ("sm-01", 1, 3)
    assert scores(stage, people) == before
    assert modules.find_newest(stage.session, stage.catalogue, answered) is None


def test_whoever_goes_on_afterwards_is_judged_by_the_corrected_key(
    stage: Stage, answered: Activity, people: dict[str, Membership]
) -> None:
    """Nobody has decided about the others yet."""
    accept(stage, answered, offer(stage, *KEY))
    attempt = answer(stage, answered, stage.join("late"), "A task")

    assert (attempt.score, attempt.maximum) == (4, 4)
    assert scores(stage, people) == {"goal": 4, "task": 2, "bond": 2}


@pytest.mark.parametrize(
    ("choice", "after"),
    [
        (BOTH, {"goal": 4, "task": 4, "bond": 2}),
        (FULL, {"goal": 4, "task": 4, "bond": 4}),
        (UPDATE, {"goal": 2, "task": 4, "bond": 2}),
        (LEAVE, {"goal": 4, "task": 2, "bond": 2}),
    ],
)
def test_each_choice_does_what_its_preview_says(
    stage: Stage,
    answered: Activity,
    people: dict[str, Membership],
    choice: RegradeChoice,
    after: dict[str, int],
) -> None:
    """The preview changes nothing; the decision changes exactly whom it named, and is on record."""
    accept(stage, answered, offer(stage, *KEY))
    before = scores(stage, people)
    told = {name: delivery_of(stage, each).desired_version for name, each in people.items()}
    preview = foresee(stage, answered)
    unchanged = scores(stage, people)
    count = decide(stage, answered, choice)
    names = {student.id: name for name, student in people.items()}
    foreseen = {names[each.membership.id]: each.after for each in preview.effects[choice]}
    changed = {
        name: score for name, score in scores(stage, people).items() if score != before[name]
    }

    assert unchanged == before
    assert scores(stage, people) == after
    assert foreseen == changed
    assert count == 3
    assert regrades.list_to_decide(stage.session, stage.catalogue, answered) == ()
    assert foresee(stage, answered).chosen is choice
    assert {
        name
        for name, each in people.items()
        if delivery_of(stage, each).desired_version > told[name]
    } == set(changed)
    assert (
        stage.session.query(AuditEvent).filter_by(action="item.regraded").one().details["choice"]
        == choice
    )


def test_a_decision_can_be_taken_back(
    stage: Stage, answered: Activity, people: dict[str, Membership]
) -> None:
    """Another choice takes the place of the first."""
    accept(stage, answered, offer(stage, *KEY))
    decide(stage, answered, FULL)
    decide(stage, answered, UPDATE)

    assert scores(stage, people) == {"goal": 2, "task": 4, "bond": 2}


def test_answers_are_found_again_wherever_their_option_stands(
    stage: Stage, answered: Activity, people: dict[str, Membership]
) -> None:
    """Options were moved about in the newer version: their ids mean others by now."""
    swapped = (
        ("- [x] A goal", "- [ ] KEEP"),
        ("- [ ] A bond", "- [ ] A goal"),
        ("- [ ] KEEP", "- [ ] A bond"),
        ("- [ ] A task", "- [x] A task"),
    )
    accept(stage, answered, offer(stage, *swapped))
    decide(stage, answered, UPDATE)

    assert scores(stage, people) == {"goal": 2, "task": 4, "bond": 2}


def test_another_question_cannot_judge_earlier_answers(
    stage: Stage, answered: Activity, people: dict[str, Membership]
) -> None:
    """An option that was added may have been the better one; full credit stays possible."""
    more = (*KEY, ("- [ ] A bond", "- [ ] A plan\n  > No.\n- [ ] A bond"))
    accept(stage, answered, offer(stage, *more))
    preview = foresee(stage, answered)
    with pytest.raises(InvalidInput) as refused:
        decide(stage, answered, UPDATE)
    decide(stage, answered, FULL)

    assert (preview.is_comparable, set(preview.effects)) == (False, {FULL, LEAVE})
    assert refused.value.fields == {"choice": regrades.NOT_COMPARABLE}
    assert scores(stage, people) == {"goal": 4, "task": 4, "bond": 4}


def test_new_words_and_feedback_ask_for_no_decision(stage: Stage, answered: Activity) -> None:
    """Only what earns points does."""
    changes = (("The author thinks so.", "Indeed."), ("- [ ] A bond", "- [ ] The bond"))
    accept(stage, answered, offer(stage, *changes))

    assert regrades.list_to_decide(stage.session, stage.catalogue, answered) == ()
    with pytest.raises(NotFound):
        decide(stage, answered, FULL)
    with pytest.raises(InvalidInput):
        decide(stage, answered, "anything")


def test_a_second_correction_asks_anew_and_leaving_keeps_the_first_decision(
    stage: Stage, answered: Activity, people: dict[str, Membership]
) -> None:
    """Leave means as it counts now."""
    accept(stage, answered, offer(stage, *KEY))
    decide(stage, answered, FULL)
    third = (("- [x] A goal", "- [ ] A goal"), ("- [ ] A bond", "- [x] A bond"))
    accept(stage, answered, offer(stage, *third, version="1.2.0"))
    [open_one] = regrades.list_to_decide(stage.session, stage.catalogue, answered)
    decide(stage, answered, LEAVE)

    assert open_one.attempts == 3
    assert scores(stage, people) == {"goal": 4, "task": 4, "bond": 4}
    assert regrades.list_to_decide(stage.session, stage.catalogue, answered) == ()


def test_a_short_answer_is_judged_by_the_wordings_of_now(
    stage: Stage, quiz: Activity, people: dict[str, Membership]
) -> None:
    """A wording that the newer version accepts counts once somebody has decided so."""
    answer(stage, quiz, people["goal"], "A goal", "affection")
    accept(stage, quiz, offer(stage, ("= bond", "= bond\n= affection")))
    decide(stage, quiz, BOTH, "sm-02")

    assert grade_of(stage, people["goal"]).score == 4


def test_the_student_sees_what_was_decided(
    stage: Stage, answered: Activity, people: dict[str, Membership]
) -> None:
    """The result shows the corrected key, and says that it was corrected."""
    attempt = answer(stage, answered, people["task"], "A task")
    accept(stage, answered, offer(stage, *KEY))
    decide(stage, answered, UPDATE)
    report = student_home.attempt_report(
        stage.session, stage.catalogue, attempt=attempt, is_own=True, at=NOON
    )
    item = next(item for item in report.sheet.items if item.id == "sm-01")

    assert report.regraded == {"sm-01": UPDATE}
    assert [option.correct for option in item.options] == [False, True, False]
    assert report.outcomes["sm-01"].points == 2


def test_the_analysis_judges_the_same_question_by_the_key_of_now(
    stage: Stage, answered: Activity
) -> None:
    """A corrected key shows at once what it is worth; another question starts from nothing."""

    def difficulty() -> float | None:
        stage.session.expire_all()
        found = analysis.analyse(
            stage.session, stage.catalogue, answered, viewer=stage.people["instructor"]
        )
        return found.items[0].found.difficulty if found.items[0].found.count else None

    accept(stage, answered, offer(stage, *KEY))
    corrected = difficulty()
    other = ("Let us practise the phone call.", "Shall we practise the phone call?")
    accept(stage, answered, offer(stage, *KEY, other, version="1.2.0"))

    assert corrected == pytest.approx(1 / 3)
    assert difficulty() is None


def test_a_version_without_a_part_in_use_is_not_accepted(stage: Stage, quiz: Activity) -> None:
    """It is said which part it is, before anything is changed."""
    source = SOURCE[: SOURCE.index("# Quiz")] + SOURCE[SOURCE.index("# Reflections") :]
    new = parse_source(source.replace("1.0.0", "1.1.0"), name="small.md")
    stage.catalogue = offering(edition(version="1.0.0"), new)
    newer = content_versions.look_at_newer(stage.session, stage.catalogue, quiz)

    assert newer.missing == ("quiz",)
    with pytest.raises(Conflict):
        accept(stage, quiz, new.content_hash)


def test_only_the_version_that_was_looked_at_is_accepted(stage: Stage, quiz: Activity) -> None:
    """Another one that came meanwhile, or changed settings, is said."""
    looked_at = offer(stage, *KEY)
    offer(stage, *KEY, version="1.2.0")

    with pytest.raises(Stale):
        accept(stage, quiz, looked_at)
