"""Each student's first counted attempt at an activity, as sheets that can be described.

First attempts, because later ones are made with the feedback of earlier ones in mind. An answer
counts for an item only if the student read what it says now; it is judged by the key of now, so
that a corrected one shows at once what it is worth. Student previews are left out, and whoever
the viewer may not see. In as many queries for any class.
"""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.item_analysis import Answer, Sheet
from lti_alliance.domain.items import ChoiceResponse, Item, LinesResponse, response_from_json
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.domain.regrades import looks_the_same, translate
from lti_alliance.domain.response_processing import process
from lti_alliance.models import Activity, Attempt, Membership, Response
from lti_alliance.services import judging, modules, sections

_COUNTED = (AttemptState.SUBMITTED, AttemptState.GRADED)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAttempts:
    """The sheets of an activity, by membership, with the module that they are about."""

    module: Module
    sheets: dict[UUID, Sheet]
    """A sheet without answers is of a student who was given other versions of every item."""

    @property
    def known(self) -> list[Sheet]:
        """The sheets that say something."""
        return [sheet for sheet in self.sheets.values() if sheet]


def read(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    *,
    viewer: Membership,
    only: Membership | None = None,
) -> FirstAttempts:
    """Read the first attempts at an activity; of one person alone where ``only`` names them."""
    module = modules.module_for(session, catalogue, activity, content_hash=activity.content_hash)
    current = {item.id: item for item in module.quiz.items}
    responses = _responses(session, activity, only)
    decided = judging.judging_of(session, activity.id)
    attempts = _attempts(session, activity, viewer, only)
    versions = {
        content_hash: modules.get_module(session, catalogue, content_hash=content_hash)
        for content_hash in {attempt.content_hash for attempt in attempts}
    }
    sheets: dict[UUID, Sheet] = {}
    for attempt in attempts:
        given_in, rows = versions[attempt.content_hash], responses[attempt.id]
        sheet: dict[str, Answer] = {}
        sheets[attempt.membership_id] = sheet
        for item_id in judging.given_items(attempt):
            item, given = current.get(item_id), given_in.quiz.get_item(item_id)
            if item is not None and _is_same_question(given, given_in, item, module):
                sheet[item_id] = _answer(item, given, rows.get(item_id), decided)
    return FirstAttempts(module=module, sheets=sheets)


def read_scores(session: Session, activity: Activity, *, viewer: Membership) -> dict[UUID, float]:
    """Return the share of the points that each first attempt made, by membership."""
    return {
        attempt.membership_id: float((attempt.score or 0) / attempt.maximum)
        for attempt in _attempts(session, activity, viewer, None)
        if attempt.maximum
    }


def _first(activity: Activity, only: Membership | None) -> Subquery:
    """Select each person's first counted attempt at an activity, by number."""
    found = (
        select(Attempt.membership_id, func.min(Attempt.number).label("number"))
        .where(Attempt.activity_id == activity.id, Attempt.state.in_(_COUNTED))
        .group_by(Attempt.membership_id)
    )
    return (found.where(Attempt.membership_id == only.id) if only else found).subquery()


def _attempts(
    session: Session, activity: Activity, viewer: Membership, only: Membership | None
) -> list[Attempt]:
    scope = sections.scope_of(session, viewer)
    first = _first(activity, only)
    found = session.execute(
        select(Attempt, Membership.id, Membership.sections)
        .join(
            first,
            (first.c.membership_id == Attempt.membership_id) & (first.c.number == Attempt.number),
        )
        .join(Membership, Membership.id == Attempt.membership_id)
        .where(
            Attempt.activity_id == activity.id,
            Membership.role == Role.LEARNER,
            Membership.is_test_user.is_(False),
        )
        .order_by(Attempt.id)
    )
    return [
        attempt for attempt, member_id, own in found if member_id == viewer.id or scope.covers(own)
    ]


def _responses(
    session: Session, activity: Activity, only: Membership | None
) -> dict[UUID, dict[str, Response]]:
    rows: dict[UUID, dict[str, Response]] = defaultdict(dict)
    first = _first(activity, only)
    for row in session.scalars(
        select(Response)
        .join(Attempt, Attempt.id == Response.attempt_id)
        .join(
            first,
            (first.c.membership_id == Attempt.membership_id) & (first.c.number == Attempt.number),
        )
        .where(Attempt.activity_id == activity.id)
    ):
        rows[row.attempt_id][row.item_id] = row
    return rows


def _is_same_question(given: Item, given_in: Module, item: Item, module: Module) -> bool:
    return looks_the_same(given, item) and given_in.vignette_of(given) == module.vignette_of(item)


def _answer(item: Item, given: Item, row: Response | None, decided: judging.Judging) -> Answer:
    response = response_from_json(row.value) if row and row.value is not None else None
    read = translate(given, item, response) if response is not None else None
    return Answer(
        share=float(process(decided.accepting(item), read).share),
        worth=float(item.worth),
        chosen=read.chosen if isinstance(read, ChoiceResponse) else (),
        sure=row.confidence if row else None,
        pairs=read.pairs if isinstance(read, LinesResponse) else {},
    )
