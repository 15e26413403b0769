"""The reflections of an activity as they lie before their readers: all of them, or one's own."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.modules import Share
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.models import Activity, Marking, Membership, Reflection, User
from lti_alliance.services import assessing, markings, sections


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The reflections of an activity that were handed in, in the order of handing in."""

    waiting: tuple[Reflection, ...]
    """Handed in and not released, whether marked or not."""
    done: tuple[Reflection, ...]
    returned: tuple[Reflection, ...] = ()
    frozen: tuple[Reflection, ...] = ()
    private: int
    """How many more were handed in that nobody but their writers may read."""

    @property
    def drafts(self) -> tuple[Reflection, ...]:
        """Those with a grade that is not released."""
        return tuple(row for row in self.waiting + self.done if row.draft_assessment is not None)

    @property
    def is_shared_out(self) -> bool:
        """Whether any of it was given to markers."""
        rows = self.waiting + self.done + self.returned + self.frozen
        return any(row.markings for row in rows)

    def of(self, marker: Membership) -> "Shelf":
        """Return what is this person's to mark."""

        def own(rows: tuple[Reflection, ...]) -> tuple[Reflection, ...]:
            return tuple(row for row in rows if markings.own_marking(row, marker))

        return replace(
            self,
            waiting=own(self.waiting),
            done=own(self.done),
            returned=own(self.returned),
            frozen=own(self.frozen),
            private=0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a reflection stands among those that wait."""

    number: int
    """From 1; 0 for one that does not wait."""
    total: int
    previous: Reflection | None
    next: Reflection | None


def get_shelf(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    *,
    viewer: Membership | None = None,
) -> Shelf:
    """List what was handed in and may be read, with the names of the writers.

    With a viewer, it is that of those alone whom the viewer may see by their sections.
    """
    scope = sections.scope_of(session, viewer) if viewer else sections.Scope()
    found = session.scalars(
        select(Reflection)
        .where(Reflection.activity_id == activity.id, Reflection.state != ReflectionState.DRAFT)
        .order_by(Reflection.submitted_at, Reflection.id)
        .options(
            joinedload(Reflection.membership).joinedload(Membership.user).joinedload(User.profile),
            joinedload(Reflection.assessment),
            joinedload(Reflection.draft_assessment),
            selectinload(Reflection.markings)
            .joinedload(Marking.marker)
            .joinedload(Membership.user)
            .joinedload(User.profile),
        )
    ).all()
    handed_in = [row for row in found if scope.covers(row.membership.sections)]
    readable = [
        row
        for row in handed_in
        if assessing.prompt_of(session, catalogue, row).share is not Share.PRIVATE
    ]
    by_state: dict[ReflectionState, list[Reflection]] = {state: [] for state in ReflectionState}
    for row in readable:
        by_state[ReflectionState(row.state)].append(row)
    return Shelf(
        waiting=tuple(by_state[ReflectionState.SUBMITTED]),
        done=tuple(by_state[ReflectionState.GRADED]),
        returned=tuple(by_state[ReflectionState.RETURNED]),
        frozen=tuple(by_state[ReflectionState.FROZEN]),
        private=len(handed_in) - len(readable),
    )


def place_of(shelf: Shelf, reflection: Reflection) -> Place:
    """Say where a reflection stands in the queue; one that does not wait has the first next."""
    ids = [row.id for row in shelf.waiting]
    if reflection.id not in ids:
        first = shelf.waiting[0] if shelf.waiting else None
        return Place(number=0, total=len(ids), previous=None, next=first)
    here = ids.index(reflection.id)
    return Place(
        number=here + 1,
        total=len(ids),
        previous=shelf.waiting[here - 1] if here else None,
        next=shelf.waiting[here + 1] if here + 1 < len(ids) else None,
    )


def next_unmarked(shelf: Shelf, after: Reflection, *, reader: Membership) -> Reflection | None:
    """Return the next reflection that waits for this reader; after the last comes the first."""
    ids = [row.id for row in shelf.waiting]
    here = ids.index(after.id) if after.id in ids else 0
    in_turn = shelf.waiting[here + 1 :] + shelf.waiting[:here]
    return next((row for row in in_turn if _waits_for(row, reader)), None)


def _waits_for(row: Reflection, reader: Membership) -> bool:
    if markings.is_blind(row, reader):
        own = markings.own_marking(row, reader)
        return own is not None and not own.is_done
    return row.draft_assessment is None
