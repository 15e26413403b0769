"""Each student's first counted attempt at an activity, as sheets that can be described.

First attempts, because later ones are made with the feedback of earlier ones in mind. An answer
counts for an item only if the student read what it says now; it is judged by the key of now, so
that a corrected one shows at once what it is worth. Student previews are left out, and whoever
the viewer may not see. In as many queries for any class.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, Text, cast, func, select
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
from lti_alliance.models.statements import gathered, ids_in
from lti_alliance.services import judging, modules, sections

_COUNTED = (AttemptState.SUBMITTED, AttemptState.GRADED)
_THEN = "|"
"""Between how sure somebody was and the answer as it is stored; either may be empty."""


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
    reader = _Reader(session, catalogue, module, judging.judging_of(session, activity.id))
    responses = _responses(session, activity, only)
    given = ids_in(session, Attempt.form, "items")
    attempts = _attempts(session, activity, viewer, only, (Attempt.id, Attempt.content_hash, given))
    return FirstAttempts(
        module=module,
        sheets={
            membership_id: reader.sheet(content_hash, item_ids, responses.get(attempt_id, {}))
            for membership_id, (attempt_id, content_hash, item_ids) in attempts
        },
    )


def read_scores(session: Session, activity: Activity, *, viewer: Membership) -> dict[UUID, float]:
    """Return the share of the points that each first attempt made, by membership."""
    attempts = _attempts(session, activity, viewer, None, (Attempt.score, Attempt.maximum))
    return {
        membership_id: float((score or 0) / maximum)
        for membership_id, (score, maximum) in attempts
        if maximum
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
    session: Session,
    activity: Activity,
    viewer: Membership,
    only: Membership | None,
    columns: Sequence[Any],
) -> Iterator[tuple[UUID, Sequence[Any]]]:
    """Yield the membership and these columns of each first attempt that the viewer may see."""
    scope = sections.scope_of(session, viewer)
    first = _first(activity, only)
    found = session.execute(
        select(Membership.id, Membership.sections, *columns)
        .select_from(Attempt)
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
    for member_id, own, *values in found:
        if member_id == viewer.id or scope.covers(own):
            yield member_id, values


def _responses(
    session: Session, activity: Activity, only: Membership | None
) -> dict[UUID, dict[str, str]]:
    """Return what was answered in each attempt by item, as `_Reader` reads it.

    One row for each attempt and not for each answer: a great class has hundreds of thousands.
    """
    first = _first(activity, only)
    sure = func.coalesce(cast(Response.confidence, Text), "")
    written = sure + _THEN + func.coalesce(cast(Response.value, Text), "")
    found = session.execute(
        select(Response.attempt_id, gathered(session, Response.item_id, written))
        .join(Attempt, Attempt.id == Response.attempt_id)
        .join(
            first,
            (first.c.membership_id == Attempt.membership_id) & (first.c.number == Attempt.number),
        )
        .where(Attempt.activity_id == activity.id)
        .group_by(Response.attempt_id)
    )
    return dict(iter(found))


class _Reader:
    """Reads sheets; what was answered alike to the same version of an item is judged once."""

    def __init__(
        self, session: Session, catalogue: Catalogue, module: Module, decided: judging.Judging
    ) -> None:
        self._session, self._catalogue = session, catalogue
        self._module, self._decided = module, decided
        self._judged: dict[str, dict[str, dict[str, Answer]]] = {}
        self._versions: dict[str, Module] = {}

    def sheet(
        self, content_hash: str, item_ids: Sequence[str], written: Mapping[str, str]
    ) -> dict[str, Answer]:
        """Return the sheet of one attempt: of the items that its student read as they are now."""
        judged = self._judged.get(content_hash)
        if judged is None:
            judged = self._judged[content_hash] = self._begin(content_hash)
        sheet = {}
        for item_id in item_ids:
            if (known := judged.get(item_id)) is not None:
                text = written.get(item_id, _THEN)
                answer = known.get(text)
                if answer is None:
                    answer = known[text] = self._answer(content_hash, item_id, text)
                sheet[item_id] = answer
        return sheet

    def _begin(self, content_hash: str) -> dict[str, dict[str, Answer]]:
        """Return the items of a version that are the same question now, with no answers yet."""
        version = modules.get_module(self._session, self._catalogue, content_hash=content_hash)
        self._versions[content_hash] = version
        given = {item.id: item for item in version.quiz.items}
        return {
            item.id: {}
            for item in self._module.quiz.items
            if item.id in given and _is_same_question(given[item.id], version, item, self._module)
        }

    def _answer(self, content_hash: str, item_id: str, text: str) -> Answer:
        given = self._versions[content_hash].quiz.get_item(item_id)
        item = self._module.quiz.get_item(item_id)
        sure, _, value = text.partition(_THEN)
        response = response_from_json(json.loads(value)) if value else None
        read = translate(given, item, response) if response is not None else None
        return Answer(
            share=float(process(self._decided.accepting(item), read).share),
            worth=float(item.worth),
            chosen=read.chosen if isinstance(read, ChoiceResponse) else (),
            sure=int(sure) if sure else None,
            pairs=read.pairs if isinstance(read, LinesResponse) else {},
        )


def _is_same_question(given: Item, given_in: Module, item: Item, module: Module) -> bool:
    return looks_the_same(given, item) and given_in.vignette_of(given) == module.vignette_of(item)
