"""Markers: shared out evenly and within sections, kept, given and taken by hand, on record."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import Part
from lti_alliance.domain.launch import Role
from lti_alliance.errors import Conflict, InvalidInput, NotFound
from lti_alliance.models import Activity, AuditEvent, Marking, Membership, Reflection, RosterEntry
from lti_alliance.sealing import Sealer
from lti_alliance.services import markers, marking
from tests.services.work import assess, levels, write
from tests.stage import NOON, Stage


@pytest.fixture
def staff(stage: Stage) -> list[Membership]:
    """The instructor and two assistants."""
    return [
        stage.people["instructor"],
        stage.join("dev", role=Role.TEACHING_ASSISTANT),
        stage.join("eva", role=Role.TEACHING_ASSISTANT),
    ]


def hand_in(stage: Stage, sealer: Sealer, activity: Activity, count: int) -> list[Reflection]:
    """Let as many students hand a reflection in."""
    first = len(stage.people)
    return [
        write(stage, sealer, activity, stage.join(f"student {first + number}"))
        for number in range(count)
    ]


def share(
    stage: Stage,
    activity: Activity,
    among: Sequence[Membership],
    *,
    each: int = 1,
    later: bool = False,
) -> markers.SharedOut:
    return markers.share_out_waiting(
        stage.session,
        stage.catalogue,
        activity,
        marker_ids=[member.id for member in among],
        per_reflection=each,
        also_later=later,
        actor=stage.people["instructor"],
        at=NOON,
    )


def load(stage: Stage) -> Counter[UUID]:
    return Counter(stage.session.scalars(select(Marking.marker_id)))


def give(stage: Stage, reflection: Reflection, marker: Membership) -> None:
    markers.assign(
        stage.session,
        reflection,
        marker_id=marker.id,
        actor=stage.people["instructor"],
        at=NOON,
    )


def take(stage: Stage, reflection: Reflection, marker: Membership) -> None:
    markers.take_away(
        stage.session,
        reflection,
        marker_id=marker.id,
        actor=stage.people["instructor"],
        at=NOON,
    )


def test_what_waits_is_shared_out_evenly_and_kept(
    stage: Stage, sealer: Sealer, activity: Activity, staff: list[Membership]
) -> None:
    """Each has as much; sharing out again moves nothing and gives out what is new."""
    hand_in(stage, sealer, activity, 4)
    first = share(stage, activity, staff[:2])
    before = {(row.reflection_id, row.marker_id) for row in stage.session.scalars(select(Marking))}
    hand_in(stage, sealer, activity, 2)
    second = share(stage, activity, staff)
    after = {(row.reflection_id, row.marker_id) for row in stage.session.scalars(select(Marking))}

    assert (first.given, first.left_out) == (4, 0)
    assert second.given == 2
    assert before < after
    assert [load(stage)[member.id] for member in staff] == [2, 2, 2]


def test_a_second_marker_is_added_to_the_first(
    stage: Stage, sealer: Sealer, activity: Activity, staff: list[Membership]
) -> None:
    """Two for each fills up; a text with a draft of a grade, or a grade, gets no more."""
    drafted, released, *others = hand_in(stage, sealer, activity, 4)
    share(stage, activity, staff[:1])
    marking.save_draft_assessment(
        stage.session,
        stage.catalogue,
        sealer,
        reflection=drafted,
        selections=levels(stage, 3),
        comment="",
        base_version=0,
        marker=staff[0],
        at=NOON,
    )
    assess(stage, sealer, released, 3)
    stage.session.expire_all()
    shared = share(stage, activity, staff, each=2)
    stage.session.expire_all()

    assert shared.given == 2
    assert [len(row.markings) for row in (drafted, released)] == [1, 1]
    assert all(len({each.marker_id for each in row.markings}) == 2 for row in others)


def test_what_comes_later_is_shared_out_by_the_plan(
    stage: Stage, sealer: Sealer, activity: Activity, staff: list[Membership]
) -> None:
    """It goes on until somebody shares out without the tick."""
    share(stage, activity, staff, each=2, later=True)
    made = hand_in(stage, sealer, activity, 3)
    counts = [load(stage)[member.id] for member in staff]
    plan = markers.find_plan(stage.session, activity)
    share(stage, activity, staff)
    hand_in(stage, sealer, activity, 1)

    assert plan is not None
    assert all(len(row.markings) == 2 for row in made)
    assert counts == [2, 2, 2]
    assert markers.find_plan(stage.session, activity) is None
    assert load(stage).total() == 6


def test_the_plan_leaves_other_work_alone(
    stage: Stage, sealer: Sealer, activity: Activity, staff: list[Membership]
) -> None:
    """A student preview and a reflection that counts by being handed in need no marker."""
    other = stage.activity("link-2", parts=frozenset({Part.REFLECTION}), prompt_ids=("fo-r1",))
    with pytest.raises(Conflict):
        share(stage, other, staff, later=True)
    share(stage, activity, staff, later=True)
    write(stage, sealer, activity, stage.join("preview", is_test_user=True))
    write(stage, sealer, other, stage.join("kim"))

    assert load(stage) == {}


def test_nobody_gets_what_their_sections_hide(
    stage: Stage, sealer: Sealer, activity: Activity, staff: list[Membership]
) -> None:
    """A restricted marker has their own section's work alone; what nobody may see is counted."""
    instructor, dev, eva = staff
    dev.sections, dev.is_section_restricted = ["Monday"], True
    eva.sections, eva.is_section_restricted = ["Friday"], True
    for name, section in (("kim", "Monday"), ("lou", "Monday"), ("max", "Thursday")):
        write(stage, sealer, activity, stage.join(name, sections=[section]))
    shared = share(stage, activity, [dev, eva])
    lou = stage.session.scalars(select(Reflection).join(Reflection.membership)).all()
    thursday = next(row for row in lou if row.membership.sections == ["Thursday"])

    assert (shared.given, shared.left_out) == (2, 1)
    assert load(stage) == {dev.id: 2}
    with pytest.raises(Conflict) as refused:
        give(stage, thursday, dev)
    assert refused.value.reason == "marker.out_of_section"
    give(stage, thursday, instructor)
    assert load(stage)[instructor.id] == 1


@pytest.mark.parametrize(
    ("names", "each", "field"),
    [
        ((), 1, "marker"),
        (("instructor",), 2, "marker"),
        (("instructor",), 0, "per_reflection"),
        ((), 2, "marker"),
        (("student",), 1, "marker"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    student: Membership,
    names: Sequence[str],
    each: int,
    field: str,
) -> None:
    """Nobody ticked, too few, a number that is none, somebody who may not mark."""
    write(stage, sealer, activity, student)
    with pytest.raises(InvalidInput) as refused:
        share(stage, activity, [stage.people[name] for name in names], each=each)

    assert list(refused.value.fields) == [field]
    assert load(stage) == {}


def test_only_people_who_may_mark_are_listed(
    stage: Stage, sealer: Sealer, activity: Activity, staff: list[Membership]
) -> None:
    """No learner, nobody who has left, no assistant who is kept out; with what each has to do."""
    instructor, _, eva = staff
    stage.session.add(
        RosterEntry(
            context_id=stage.context.id,
            user_id=eva.user_id,
            role=Role.TEACHING_ASSISTANT,
            seen_at=NOON,
            left_at=NOON,
        )
    )
    stage.session.flush()
    made = hand_in(stage, sealer, activity, 2)
    for row in made:
        give(stage, row, instructor)
    assess(stage, sealer, made[0], 3)
    stage.session.expire_all()
    both = markers.list_markers(stage.session, stage.catalogue, activity)
    stage.context.assistants_excluded = True
    stage.session.flush()
    alone = markers.list_markers(stage.session, stage.catalogue, activity)

    assert {one.membership.id for one in both} == {member.id for member in staff[:2]}
    assert [(one.membership, one.assigned, one.done, one.left) for one in alone] == [
        (instructor, 2, 1, 1)
    ]


def test_one_is_given_and_taken_by_hand(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership, staff: list[Membership]
) -> None:
    """At most two; the same again is nothing; none of it for a stranger or a graded text."""
    row = write(stage, sealer, activity, student)
    for member in (staff[0], staff[0], staff[1]):
        give(stage, row, member)
    with pytest.raises(Conflict):
        give(stage, row, staff[2])
    take(stage, row, staff[0])
    with pytest.raises(Conflict):
        take(stage, row, staff[0])
    with pytest.raises(NotFound):
        give(stage, row, student)
    assess(stage, sealer, row, 3)
    with pytest.raises(Conflict):
        give(stage, row, staff[2])
    events = Counter(stage.session.scalars(select(AuditEvent.action)))

    assert [each.marker_id for each in row.markings] == [staff[1].id]
    assert (events["reflection.assigned"], events["reflection.unassigned"]) == (2, 1)
