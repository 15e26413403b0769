"""Marks of two: blind until both are in, kept apart from the grade, compared."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from lti_alliance.domain.launch import Role
from lti_alliance.errors import Conflict, InvalidInput, Stale
from lti_alliance.models import Activity, AuditEvent, Marking, Membership, Reflection, ScoreDelivery
from lti_alliance.sealing import Sealer
from lti_alliance.services import markers, markings, reflections, revisions, shelves
from tests.services.work import assess, grade_of, levels, write
from tests.stage import NOON, Stage


@pytest.fixture
def pair(stage: Stage) -> tuple[Membership, Membership]:
    """An instructor and an assistant."""
    return stage.people["instructor"], stage.join("dev", role=Role.TEACHING_ASSISTANT)


@pytest.fixture
def shared(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    student: Membership,
    pair: tuple[Membership, Membership],
) -> Reflection:
    """A reflection that both mark."""
    row = write(stage, sealer, activity, student, "My partner fell silent.")
    for member in pair:
        markers.assign(stage.session, row, marker_id=member.id, actor=pair[0], at=NOON)
    return row


def mark(
    stage: Stage,
    sealer: Sealer,
    row: Reflection,
    marker: Membership,
    number: int | None,
    base: int = 0,
    **changes: int,
) -> Marking:
    return markings.save_mark(
        stage.session,
        stage.catalogue,
        sealer,
        reflection=row,
        selections=levels(stage, number) | changes,
        comment=f"Level {number}.",
        base_version=base,
        marker=marker,
        at=NOON,
    )


def seen(sealer: Sealer, row: Reflection, reader: Membership) -> set[str]:
    return {each.comment for each in markings.read_marks(sealer, row, reader=reader)}


def test_neither_sees_the_other_until_both_have_marked(
    stage: Stage, sealer: Sealer, shared: Reflection, pair: tuple[Membership, Membership]
) -> None:
    """One's own is seen and may be changed; then both are, and stay."""
    one, other = pair
    mark(stage, sealer, shared, one, 3)
    mark(stage, sealer, shared, one, 2, base=1)
    blind = (seen(sealer, shared, one), seen(sealer, shared, other))
    may = [markings.is_blind(shared, member) for member in pair]
    mark(stage, sealer, shared, other, 4)
    stage.session.refresh(shared, ["markings"])

    assert blind == ({"Level 2."}, set())
    assert may == [True, True]
    assert seen(sealer, shared, one) == seen(sealer, shared, other) == {"Level 2.", "Level 4."}
    with pytest.raises(Conflict) as refused:
        mark(stage, sealer, shared, one, 4, base=2)
    assert refused.value.reason == "marking.not_open"


def test_a_mark_is_no_grade(
    stage: Stage,
    sealer: Sealer,
    shared: Reflection,
    pair: tuple[Membership, Membership],
    student: Membership,
) -> None:
    """Grade, delivery and state know nothing of it; while blind no grade can be made."""
    version = stage.session.scalars(select(ScoreDelivery)).one().desired_version
    mark(stage, sealer, shared, pair[0], 3)
    with pytest.raises(Conflict) as refused:
        markings.check_may_decide(stage.session, shared, pair[0])
    colleague = stage.join("eva", role=Role.INSTRUCTOR)
    markings.check_may_decide(stage.session, shared, colleague)
    mark(stage, sealer, shared, pair[1], 3)
    markings.check_may_decide(stage.session, shared, pair[0])

    assert refused.value.reason == "marking.own_first"
    assert shared.state == "submitted"
    assert grade_of(stage, student).score is None
    assert stage.session.scalars(select(ScoreDelivery)).one().desired_version == version


def test_a_mark_from_an_older_page_is_refused(
    stage: Stage, sealer: Sealer, shared: Reflection, pair: tuple[Membership, Membership]
) -> None:
    """Two tabs of the same marker do not overwrite each other; a missing level is named."""
    mark(stage, sealer, shared, pair[0], 3)

    with pytest.raises(Stale):
        mark(stage, sealer, shared, pair[0], 1)
    with pytest.raises(InvalidInput):
        mark(stage, sealer, shared, pair[0], 9, base=1)


def test_one_marker_alone_grades_as_ever(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """With one marker, or none, nothing is blind."""
    row = write(stage, sealer, activity, student)
    teacher = stage.people["instructor"]
    markers.assign(stage.session, row, marker_id=teacher.id, actor=teacher, at=NOON)

    markings.check_may_decide(stage.session, row, teacher)
    with pytest.raises(Conflict):
        mark(stage, sealer, row, teacher, 3)


def test_a_new_version_is_marked_anew(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    student: Membership,
    shared: Reflection,
    pair: tuple[Membership, Membership],
) -> None:
    """After a return, marks of the old text count for nothing, and both are blind again."""
    for member in pair:
        mark(stage, sealer, shared, member, 3)
    revisions.return_reflection(
        stage.session,
        sealer,
        reflection=shared,
        feedback="Stay with it.",
        until=None,
        actor=pair[0],
        at=NOON,
    )
    reflections.submit_reflection(
        stage.session,
        sealer,
        activity=activity,
        membership=student,
        prompt_id="fo-r1",
        text="I waited.",
        base_version=shared.saved_version,
        at=NOON.replace(hour=20),
    )
    stage.session.expire_all()

    assert [markings.is_blind(shared, member) for member in pair] == [True, True]
    assert seen(sealer, shared, pair[0]) == set()
    mark(stage, sealer, shared, pair[0], 4, base=1)
    assert seen(sealer, shared, pair[0]) == {"Level 4."}


def test_what_both_chose_alike_is_agreed(
    stage: Stage, sealer: Sealer, shared: Reflection, pair: tuple[Membership, Membership]
) -> None:
    """Only that: the rest is left to be decided; blank is a choice like others."""
    first, second, *rest = levels(stage, 3)
    mark(stage, sealer, shared, pair[0], 3, **{second: None})
    mark(stage, sealer, shared, pair[1], 3, **{first: 4, second: None})
    stage.session.refresh(shared, ["markings"])
    agreed = markings.agreed_levels(markings.read_marks(sealer, shared, reader=pair[0]))

    assert agreed == {second: None, **dict.fromkeys(rest, 3)}


def test_the_queue_of_a_marker_is_their_own(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    shared: Reflection,
    pair: tuple[Membership, Membership],
) -> None:
    """Their shelf has theirs alone, and next is what they have not marked."""
    others = [write(stage, sealer, activity, stage.join(name)) for name in ("kim", "lou")]
    markers.assign(stage.session, others[0], marker_id=pair[1].id, actor=pair[0], at=NOON)
    shelf = shelves.get_shelf(stage.session, stage.catalogue, activity)
    before = shelves.next_unmarked(shelf.of(pair[1]), others[0], reader=pair[1])
    mark(stage, sealer, shared, pair[1], 3)

    assert {row.id for row in shelf.of(pair[1]).waiting} == {shared.id, others[0].id}
    assert {row.id for row in shelf.of(pair[0]).waiting} == {shared.id}
    assert before is shared
    assert shelves.next_unmarked(shelf.of(pair[1]), others[0], reader=pair[1]) is None
    assert shelf.is_shared_out


def test_agreement_is_shown_of_texts_that_both_have_marked(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    shared: Reflection,
    pair: tuple[Membership, Membership],
) -> None:
    """Counted by criterion; the furthest apart first; a half-marked one is none."""
    other = write(stage, sealer, activity, stage.join("kim"))
    half = write(stage, sealer, activity, stage.join("lou"))
    for row in (other, half):
        for member in pair:
            markers.assign(stage.session, row, marker_id=member.id, actor=pair[0], at=NOON)
    for row, first, second in ((shared, 3, 3), (other, 4, 1)):
        mark(stage, sealer, row, pair[0], first)
        mark(stage, sealer, row, pair[1], second)
    mark(stage, sealer, half, pair[1], 2)
    assess(stage, sealer, other, 2)
    stage.session.expire_all()
    (about,) = markings.get_agreement(stage.session, stage.catalogue, activity, viewer=pair[0])

    assert [text.reflection.id for text in about.texts] == [other.id, shared.id]
    assert about.texts[0].difference == Decimal("0.4")
    assert {(row.pairs, row.exact, row.within_one) for row in about.criteria} == {(2, 1, 1)}
    assert about.criteria[0].kappa is not None


def test_agreement_stays_within_sections(
    stage: Stage, sealer: Sealer, shared: Reflection, pair: tuple[Membership, Membership]
) -> None:
    """Whoever may not see a writer's section sees nothing of the marks."""
    for member in pair:
        mark(stage, sealer, shared, member, 3)
    reader = stage.join("eva", role=Role.INSTRUCTOR, sections=["Friday"])
    reader.is_section_restricted = True
    activity = shared.activity

    assert markings.get_agreement(stage.session, stage.catalogue, activity, viewer=reader) == ()
    assert markings.get_agreement(stage.session, stage.catalogue, activity, viewer=pair[0])


def test_marks_are_sealed_and_on_record_without_words(
    stage: Stage, sealer: Sealer, shared: Reflection, pair: tuple[Membership, Membership]
) -> None:
    """What a marker would say is kept sealed; the trail has numbers."""
    held = mark(stage, sealer, shared, pair[0], 3)
    events = list(stage.session.scalars(select(AuditEvent)))

    assert b"Level 3." not in (held.sealed_comment or b"")
    assert "reflection.mark_saved" in {event.action for event in events}
    assert "Level" not in str([event.details for event in events])
