"""Markers: who marks which reflection, shared out at once, as they come in, or by hand."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import settings_from_json
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Grading
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.sharing_out import Piece, share_out
from lti_alliance.errors import Conflict, InvalidInput, NotFound
from lti_alliance.models import (
    Activity,
    Context,
    MarkerPlan,
    Marking,
    Membership,
    Reflection,
    RosterEntry,
    User,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit, sections, shelves
from lti_alliance.services.desk_people import display_order

MAX_PER_REFLECTION = 2

# Messages for the instructor, without values, so that the edge can translate them.
MARKERS_MISSING = "Tick at least one person."
MARKERS_TOO_FEW = "Two for each reflection need two people: tick one more."
PER_REFLECTION_INVALID = "Choose one or two."


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Somebody of the course who may mark, and what is theirs in one activity."""

    membership: Membership
    assigned: int
    done: int
    """Of these, the texts that they have marked, or whose grade is released or a draft."""
    is_in_plan: bool

    @property
    def left(self) -> int:
        """How many they have still to mark."""
        return self.assigned - self.done


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedOut:
    """What came of sharing out."""

    given: int
    """Reflections that got a marker, or one more."""
    left_out: int
    """Reflections with fewer markers than wanted: nobody else of those ticked may see them."""


def list_markers(session: Session, catalogue: Catalogue, activity: Activity) -> tuple[Marker, ...]:
    """List who may mark in the course, by name, and what each has to do in the activity.

    These are the people who have launched here in a role that may see students' work.
    """
    shelf = shelves.get_shelf(session, catalogue, activity)
    assigned: Counter[UUID] = Counter()
    done: Counter[UUID] = Counter()
    for row in shelf.waiting + shelf.done + shelf.returned + shelf.frozen:
        is_graded = row in shelf.done or row.draft_assessment is not None
        for marking in row.markings:
            assigned[marking.marker_id] += 1
            done[marking.marker_id] += is_graded or marking.is_done
    plan = find_plan(session, activity)
    chosen = plan.marker_ids if plan else ()
    return tuple(
        Marker(
            membership=member,
            assigned=assigned[member.id],
            done=done[member.id],
            is_in_plan=str(member.id) in chosen,
        )
        for member in _staff(session, activity)
    )


def find_plan(session: Session, activity: Activity) -> MarkerPlan | None:
    """Return among whom reflections are shared out as they come in."""
    return session.scalars(
        select(MarkerPlan).where(MarkerPlan.activity_id == activity.id)
    ).one_or_none()


def share_out_waiting(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    *,
    marker_ids: Collection[UUID],
    per_reflection: int,
    also_later: bool,
    actor: Membership,
    at: datetime,
) -> SharedOut:
    """Share the waiting reflections out evenly; ``also_later`` goes on with those to come.

    Whoever has a reflection keeps it, and one with a grade that is a draft or released gets no
    more markers. Nobody gets what they may not see by their sections.
    """
    ticked = [member for member in _staff(session, activity) if member.id in set(marker_ids)]
    _check_choice(ticked, per_reflection)
    _check_by_rubric(activity)
    _set_plan(session, activity, ticked if also_later else [], per_reflection)
    waiting = [
        row
        for row in shelves.get_shelf(session, catalogue, activity).waiting
        if row.draft_assessment is None and not row.membership.is_test_user
    ]
    given = _give(session, activity, waiting, ticked, per_reflection, at=at)
    audit.record(
        session,
        "reflections.shared_out",
        at=at,
        actor=actor,
        object_kind="activity",
        object_id=activity.id,
        details={"count": given, "markers": len(ticked), "per_reflection": per_reflection},
    )
    short = sum(len(row.markings) < per_reflection for row in waiting)
    return SharedOut(given=given, left_out=short)


def assign_by_plan(session: Session, reflection: Reflection, *, at: datetime) -> None:
    """Give a reflection that was just handed in to markers, if the activity shares them out."""
    activity = reflection.activity
    plan = find_plan(session, activity)
    if plan is None or reflection.membership.is_test_user or not _is_by_rubric(activity):
        return
    chosen = [member for member in _staff(session, activity) if str(member.id) in plan.marker_ids]
    _give(session, activity, [reflection], chosen, plan.per_reflection, at=at)


def assign(
    session: Session, reflection: Reflection, *, marker_id: UUID, actor: Membership, at: datetime
) -> None:
    """Give a reflection to one more marker by hand; to somebody who has it already, nothing."""
    session.refresh(reflection, ["state", "markings"])
    if any(row.marker_id == marker_id for row in reflection.markings):
        return
    _check_by_rubric(reflection.activity)
    may_mark = {member.id: member for member in _staff(session, reflection.activity)}
    if marker_id not in may_mark:
        raise NotFound
    if not sections.may_see(session, may_mark[marker_id], reflection.membership):
        raise Conflict("marker.out_of_section")
    if reflection.state == ReflectionState.GRADED or len(reflection.markings) >= MAX_PER_REFLECTION:
        raise Conflict("marker.no_place")
    if reflection.markings and reflection.draft_assessment is not None:
        raise Conflict("marker.no_place")
    _add(session, reflection, marker_id, at=at)
    _record(session, "reflection.assigned", reflection, actor, at=at)


def take_away(
    session: Session, reflection: Reflection, *, marker_id: UUID, actor: Membership, at: datetime
) -> None:
    """Take a reflection from a marker who has not marked it; a mark that was made stays."""
    taken = rows_changed(
        session,
        delete(Marking).where(
            Marking.reflection_id == reflection.id,
            Marking.marker_id == marker_id,
            Marking.marked_at.is_(None),
        ),
    )
    session.expire(reflection, ["markings"])
    if taken == 0:
        raise Conflict("marker.has_marked")
    _record(session, "reflection.unassigned", reflection, actor, at=at)


def _staff(session: Session, activity: Activity) -> list[Membership]:
    context = session.get_one(Context, activity.resource_link.context_id)
    roles = {Role.INSTRUCTOR, Role.TEACHING_ASSISTANT}
    if context.assistants_excluded:
        roles.remove(Role.TEACHING_ASSISTANT)
    has_left = (
        select(RosterEntry.id)
        .where(
            RosterEntry.context_id == context.id,
            RosterEntry.user_id == Membership.user_id,
            RosterEntry.left_at.is_not(None),
        )
        .exists()
    )
    found = session.scalars(
        select(Membership)
        .where(
            Membership.context_id == context.id,
            Membership.role.in_(roles),
            Membership.is_test_user.is_(False),
            Membership.erased_at.is_(None),
            ~has_left,
        )
        .options(joinedload(Membership.user).joinedload(User.profile))
    )
    return sorted(found, key=display_order)


def _give(
    session: Session,
    activity: Activity,
    rows: Sequence[Reflection],
    among: Sequence[Membership],
    per_reflection: int,
    *,
    at: datetime,
) -> int:
    context = session.get_one(Context, activity.resource_link.context_id)
    scopes = {member.id: sections.scope_of(session, member, context=context) for member in among}
    given = share_out(
        [
            Piece(
                id=row.id,
                may_mark=tuple(
                    member for member in scopes if scopes[member].covers(row.membership.sections)
                ),
                held_by=tuple(marking.marker_id for marking in row.markings),
            )
            for row in rows
        ],
        _load(session, activity),
        per_piece=per_reflection,
    )
    for row in rows:
        for marker_id in given.get(row.id, ()):
            _add(session, row, marker_id, at=at)
    return len(given)


def _load(session: Session, activity: Activity) -> Mapping[UUID, int]:
    return Counter(
        session.scalars(
            select(Marking.marker_id).join(Reflection).where(Reflection.activity_id == activity.id)
        )
    )


def _add(session: Session, reflection: Reflection, marker_id: UUID, *, at: datetime) -> None:
    marking = Marking(
        reflection_id=reflection.id, marker_id=marker_id, selections={}, assigned_at=at
    )
    try:
        with session.begin_nested():
            session.add(marking)
    except IntegrityError:
        # Somebody gave it to the same person in the same moment.
        pass
    session.expire(reflection, ["markings"])


def _set_plan(
    session: Session, activity: Activity, chosen: Sequence[Membership], per_reflection: int
) -> None:
    session.execute(delete(MarkerPlan).where(MarkerPlan.activity_id == activity.id))
    if chosen:
        session.add(
            MarkerPlan(
                activity_id=activity.id,
                marker_ids=[str(member.id) for member in chosen],
                per_reflection=per_reflection,
            )
        )
    session.flush()


def _check_choice(ticked: Sequence[Membership], per_reflection: int) -> None:
    faults = {}
    if not 1 <= per_reflection <= MAX_PER_REFLECTION:
        faults["per_reflection"] = PER_REFLECTION_INVALID
    if not ticked:
        faults["marker"] = MARKERS_MISSING
    elif len(ticked) < per_reflection:
        faults["marker"] = MARKERS_TOO_FEW
    if faults:
        raise InvalidInput(faults, code="marker.invalid")


def _is_by_rubric(activity: Activity) -> bool:
    settings = settings_from_json(activity.settings)
    return settings.has_reflection and settings.reflection_grading is Grading.RUBRIC


def _check_by_rubric(activity: Activity) -> None:
    if not _is_by_rubric(activity):
        raise Conflict("reflection.graded_by_completion")


def _record(
    session: Session, action: str, reflection: Reflection, actor: Membership, *, at: datetime
) -> None:
    audit.record(
        session,
        action,
        at=at,
        actor=actor,
        object_kind="reflection",
        object_id=reflection.id,
    )
