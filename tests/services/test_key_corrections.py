"""Correcting a key by answering: a content version of its own, earlier answers are left alone."""

from decimal import Decimal

import pytest

from lti_alliance.domain.items import BranchItem, OrderingItem, RateItem, field_names, key_response
from lti_alliance.domain.kinds.choices import OptionsItem
from lti_alliance.domain.regrades import Regrade, RegradeChoice, judge
from lti_alliance.errors import InvalidInput, NotFound, Stale
from lti_alliance.models import Activity, AuditEvent
from lti_alliance.services import key_corrections, modules, regrades
from tests.services.editions import answer, offering
from tests.services.work import grade_of
from tests.stage import NOON, Stage

MODULE = "rupture-repair"


@pytest.fixture
def quiz(stage: Stage) -> Activity:
    stage.catalogue = offering()
    return stage.activity("quiz-link", module_id="small", quiz_points=Decimal(4), attempts=None)


def correct(stage: Stage, activity: Activity, item_id: str, *values: str, version: int = 0):
    return key_corrections.correct_key(
        stage.session,
        stage.catalogue,
        activity,
        item_id=item_id,
        values=values,
        base_version=version or activity.version,
        actor=stage.people["instructor"],
        at=NOON,
    )


def test_the_answer_becomes_the_key_from_now_on(stage: Stage, quiz: Activity) -> None:
    """Whoever answered keeps what they have, and waits for a decision."""
    early, late = stage.join("early"), stage.join("late")
    answer(stage, quiz, early, "A task")
    new = correct(stage, quiz, "sm-01", "b")
    attempt = answer(stage, quiz, late, "A task")

    assert attempt.score == 4
    assert grade_of(stage, early).score == 2
    assert quiz.content_hash == new.content_hash
    assert modules.find_newest(stage.session, stage.catalogue, quiz) is None
    assert [
        each.item.id for each in regrades.list_to_decide(stage.session, stage.catalogue, quiz)
    ] == ["sm-01"]
    assert modules.get_stored(stage.session, new.content_hash).quiz.get_item("sm-01").right_ids == {
        "b"
    }
    assert stage.session.query(AuditEvent).filter_by(action="item.key_corrected").count() == 1


def test_a_further_wording_is_accepted(stage: Stage, quiz: Activity) -> None:
    """The author's stay."""
    new = correct(stage, quiz, "sm-02", "the bond between them")

    assert [key.text for key in new.quiz.get_item("sm-02").accepted] == [
        "bond",
        "the bond between them",
    ]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((), key_corrections.KEY_NOT_WHOLE),
        (("a",), key_corrections.KEY_UNCHANGED),
    ],
)
def test_what_is_no_correction_is_said(
    stage: Stage, quiz: Activity, values: tuple[str, ...], message: str
) -> None:
    """Nothing is changed by it."""
    before = quiz.content_hash
    with pytest.raises(InvalidInput) as refused:
        correct(stage, quiz, "sm-01", *values)

    assert refused.value.fields == {"response.sm-01": message}
    assert quiz.content_hash == before


def test_somebody_elses_change_is_not_overwritten(stage: Stage, quiz: Activity) -> None:
    """The form started from settings that were changed meanwhile."""
    correct(stage, quiz, "sm-01", "b")
    with pytest.raises(Stale):
        correct(stage, quiz, "sm-01", "c", version=1)


def test_every_kind_but_the_dialogue_can_be_corrected(stage: Stage) -> None:
    """In a shipped module: each key is turned about, and the rest of the file stays as it was."""
    activity = stage.activity("quiz-link", module_id=MODULE)
    shipped = stage.catalogue.get(MODULE)
    changed = {}
    for item in shipped.quiz.items:
        if isinstance(item, BranchItem):
            with pytest.raises(NotFound):
                correct(stage, activity, item.id)
            continue
        if type(item) in changed:
            continue
        values = _another_answer(item)
        new = correct(stage, activity, item.id, *values)
        changed[type(item)] = item.id
        regrade = Regrade(RegradeChoice.UPDATE, new.quiz.get_item(item.id))
        assert judge(item, item.read(values), regrade).share == 1

    assert len(changed) == 7
    now = modules.get_module(stage.session, stage.catalogue, content_hash=activity.content_hash)
    assert [item.id for item in now.quiz.items] == [item.id for item in shipped.quiz.items]
    assert {
        item.id
        for item in now.quiz.items
        if now.item_hash(item) != shipped.item_hash(shipped.quiz.get_item(item.id))
    } == set(changed.values())
    assert now.reading == shipped.reading


def _another_answer(item) -> list[str]:
    if isinstance(item, OptionsItem):
        wrong = [option.id for option in item.options if not option.correct]
        return wrong[:1]
    if isinstance(item, OrderingItem):
        order = [*item.shown_ids[1:], item.shown_ids[0]]
        return [f"{each}:{place}" for place, each in enumerate(order, 1)]
    if isinstance(item, RateItem):
        return [f"{each}:{item.choice_ids[0]}" for each in item.shown_ids]
    if field_names(item)[1:]:
        return [f"{each}:{item.choice_ids[-1]}" for each in item.shown_ids]
    return ["77"] if item.kind == "numeric" else [f"{key_response(item).text} anew"]
