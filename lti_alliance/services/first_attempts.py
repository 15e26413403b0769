"""Each student's first counted attempt at an activity, as sheets that can be described.

First attempts, because later ones are made with the feedback of earlier ones in mind. An answer
counts for an item only if the student read what it says now; it is judged by the key of now, so
that a corrected one shows at once what it is worth. Student previews are left out, and whoever
the viewer may not see. In as many queries for any class.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, exists, func, select
from sqlalchemy.orm import Session, aliased

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.answer_groups import Answer, Group, Groups, Sheet, sheets_of
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.items import ChoiceResponse, Item, LinesResponse, response_from_json
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.domain.regrades import looks_the_same, translate
from lti_alliance.domain.response_processing import process
from lti_alliance.models import Activity, Attempt, Membership, Response
from lti_alliance.models.statements import ids_in
from lti_alliance.services import judging, modules, sections

_COUNTED = (AttemptState.SUBMITTED, AttemptState.GRADED)
_THEN = "|"
"""Between an item, how sure somebody was, and the answer as it is stored; no item id holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAttempts:
    """What was answered at an activity, with the module that it is about.

    A person is known by their number in the course.
    """

    module: Module
    people: Sequence[int]
    """Whoever has a first attempt."""
    groups: Groups
    """Who answered what; whoever was given other versions of every item is in none."""

    def sheets(self) -> dict[int, Sheet]:
        """Return the sheets that say something, by person."""
        found = sheets_of(self.groups)
        return {person: found[person] for person in self.people if person in found}


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
    given = cast(func.coalesce(Attempt.item_ids, ids_in(session, Attempt.form, "items")), Text)
    columns = (Membership.number, Attempt.content_hash, given)
    people = []
    # The attempts before the answers: one that is handed in between the two is in neither.
    for number, content_hash, item_ids in _attempts(session, activity, viewer, only, columns):
        people.append(number)
        reader.add(number, content_hash, json.loads(item_ids))
    groups = reader.groups(_responses(session, activity, only))
    return FirstAttempts(module=module, people=people, groups=groups)


def read_scores(session: Session, activity: Activity, *, viewer: Membership) -> dict[UUID, float]:
    """Return the share of the points that each first attempt made, by membership."""
    columns = (Membership.id, Attempt.score, Attempt.maximum)
    return {
        membership_id: float((score or 0) / maximum)
        for membership_id, score, maximum in _attempts(session, activity, viewer, None, columns)
        if maximum
    }


def _is_first(activity: Activity, only: Membership | None) -> list[ColumnElement[bool]]:
    """Say of an attempt and its membership that it is a student's first counted one.

    Said as "none is earlier", PostgreSQL knows that there are as many as there are students, and
    reads the answers of a great class at one go.
    """
    earlier = aliased(Attempt)
    is_later = exists().where(
        earlier.activity_id == Attempt.activity_id,
        earlier.membership_id == Attempt.membership_id,
        earlier.number < Attempt.number,
        earlier.state.in_(_COUNTED),
    )
    said = [
        Attempt.activity_id == activity.id,
        Attempt.state.in_(_COUNTED),
        ~is_later,
        Membership.role == Role.LEARNER,
        Membership.is_test_user.is_(False),
    ]
    return [*said, Attempt.membership_id == only.id] if only else said


def _attempts(
    session: Session,
    activity: Activity,
    viewer: Membership,
    only: Membership | None,
    columns: Sequence[Any],
) -> Iterator[Sequence[Any]]:
    """Yield these columns of each first attempt that the viewer may see."""
    scope = sections.scope_of(session, viewer)

    @cache
    def covers(own: str) -> bool:
        return scope.covers(json.loads(own))

    found = session.execute(
        select(Membership.id == viewer.id, cast(Membership.sections, Text), *columns)
        .select_from(Attempt)
        .join(Membership, Membership.id == Attempt.membership_id)
        .where(*_is_first(activity, only))
        .order_by(Attempt.id)
    )
    for is_own, own, *values in found:
        if is_own or covers(own):
            yield values


def _responses(
    session: Session, activity: Activity, only: Membership | None
) -> dict[str, list[tuple[str, list[int]]]]:
    """Return what was answered to each item, as `_Reader` reads it, and by whom.

    One row for each different answer: a great class has hundreds of thousands, but gives few.
    """
    sure = func.coalesce(cast(Response.confidence, Text), "")
    value = func.coalesce(cast(Response.value, Text), "")
    # As one text, of which PostgreSQL expects few, it is gathered without being sorted.
    written = (Response.item_id + _THEN + sure + _THEN + value).label("written")
    who = func.aggregate_strings(cast(Membership.number, Text), ",")
    rows = session.execute(
        select(written, who)
        .select_from(Response)
        .join(Attempt, Attempt.id == Response.attempt_id)
        .join(Membership, Membership.id == Attempt.membership_id)
        .where(*_is_first(activity, only))
        .group_by(written)
    )
    found: dict[str, list[tuple[str, list[int]]]] = {}
    for text, numbers in rows:
        item_id, _, answer = text.partition(_THEN)
        found.setdefault(item_id, []).append((answer, list(map(int, numbers.split(",")))))
    return found


class _Reader:
    """Groups people by what they answered, which is judged once for each version of an item."""

    def __init__(
        self, session: Session, catalogue: Catalogue, module: Module, decided: judging.Judging
    ) -> None:
        self._session, self._catalogue = session, catalogue
        self._module, self._decided = module, decided
        self._given: dict[str, dict[str, list[int]]] = {}
        self._versions: dict[str, Module] = {}

    def add(self, person: int, content_hash: str, item_ids: Sequence[str]) -> None:
        """Take note of who was given which items, of those that are the same question now."""
        given = self._given.get(content_hash)
        if given is None:
            given = self._given[content_hash] = self._begin(content_hash)
        for people in map(given.get, item_ids):
            if people is not None:
                people.append(person)

    def groups(
        self, written: Mapping[str, Sequence[tuple[str, Sequence[int]]]]
    ) -> dict[str, list[Group]]:
        """Return the groups of each item; who is not among those added is left out."""
        return {
            item.id: [
                group
                for content_hash, given in self._given.items()
                if item.id in given
                for group in _grouped(
                    given[item.id], written.get(item.id, ()), self._judge(content_hash, item)
                )
            ]
            for item in self._module.quiz.items
        }

    def _begin(self, content_hash: str) -> dict[str, list[int]]:
        """Return the items of a version that are the same question now, given to nobody yet."""
        version = modules.get_module(self._session, self._catalogue, content_hash=content_hash)
        self._versions[content_hash] = version
        given = {item.id: item for item in version.quiz.items}
        return {
            item.id: []
            for item in self._module.quiz.items
            if item.id in given and _is_same_question(given[item.id], version, item, self._module)
        }

    def _judge(self, content_hash: str, item: Item) -> Callable[[str], Answer]:
        """Return what judges an answer to a version of an item by the key of now."""
        given = self._versions[content_hash].quiz.get_item(item.id)
        accepting = self._decided.accepting(item)

        def judge(text: str) -> Answer:
            sure, _, value = text.partition(_THEN)
            response = response_from_json(json.loads(value)) if value else None
            read = translate(given, item, response) if response is not None else None
            return Answer(
                share=float(process(accepting, read).share),
                worth=float(item.worth),
                chosen=read.chosen if isinstance(read, ChoiceResponse) else (),
                sure=int(sure) if sure else None,
                pairs=read.pairs if isinstance(read, LinesResponse) else {},
            )

        return judge


def _grouped(
    given: Sequence[int],
    written: Sequence[tuple[str, Sequence[int]]],
    judge: Callable[[str], Answer],
) -> Iterator[Group]:
    """Yield those who were given an item by their answers, and at last those who omitted it."""
    left = set(given)
    for text, people in written:
        here = left.intersection(people)
        if here:
            left -= here
            yield Group(judge(text), list(here))
    if left:
        yield Group(judge(_THEN), list(left))


def _is_same_question(given: Item, given_in: Module, item: Item, module: Module) -> bool:
    return looks_the_same(given, item) and given_in.vignette_of(given) == module.vignette_of(item)
