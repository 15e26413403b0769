"""Corrected keys: who would change and how, what is decided, and the gradebook follows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.items import Item
from lti_alliance.domain.modules import Module
from lti_alliance.domain.regrades import Regrade, RegradeChoice, can_translate, has_same_key
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Activity, Attempt, ItemRegrade, Membership
from lti_alliance.models.statements import insert_for
from lti_alliance.services import audit, judging, modules, regrading, would_be
from lti_alliance.services.judging import Judging

CHOICE_UNKNOWN = "Choose what becomes of the earlier answers."
NOT_COMPARABLE = (
    "The question itself was changed too much to judge earlier answers by the new key. Leave them,"
    " or give everybody full credit."
)


@dataclass(frozen=True, slots=True)
class Affected:
    """One person whose score of the activity would change."""

    membership: Membership
    before: Decimal | None
    after: Decimal | None


@dataclass(frozen=True, slots=True)
class ItemToDecide:
    """An item whose key differs from the one by which some attempts were judged."""

    item: Item
    number: int
    """Its place in the module, from 1."""
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What each choice would do about the attempts that were given an earlier version."""

    item: Item
    number: int
    earlier: tuple[Item, ...]
    attempts: int
    is_comparable: bool
    """Whether earlier answers can be judged by the corrected key."""
    chosen: RegradeChoice | None
    """What was decided already about this version of the item."""
    effects: Mapping[RegradeChoice, tuple[Affected, ...]]


@dataclass(frozen=True, slots=True)
class _Given:
    """A graded attempt, with the version of each item that its student was given."""

    attempt: Attempt
    hashes: Mapping[str, str]
    module: Module


@dataclass(frozen=True, slots=True)
class _Earlier:
    """The attempts that were given another key of an item, and these versions of it by hash."""

    given: tuple[_Given, ...]
    versions: Mapping[str, Item]


def list_to_decide(
    session: Session, catalogue: Catalogue, activity: Activity
) -> tuple[ItemToDecide, ...]:
    """List the items whose key was corrected and about whose earlier answers nobody decided."""
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    given = _given(session, catalogue, activity)
    decided = {
        (row.item_id, row.item_hash): row.decided_for for row in _decisions(session, activity)
    }
    found = []
    for number, item in enumerate(module.quiz.items, start=1):
        its_hash = module.item_hash(item)
        earlier = _earlier(given, item, its_hash)
        open_ones = [old for old in earlier.versions if decided.get((item.id, old)) != its_hash]
        if open_ones:
            count = sum(each.hashes[item.id] in open_ones for each in earlier.given)
            found.append(ItemToDecide(item, number, count))
    return tuple(found)


def preview(
    session: Session, catalogue: Catalogue, activity: Activity, *, item_id: str, at: datetime
) -> Preview:
    """Work out for each choice whose score would change; nothing is changed.

    Raises ``NotFound`` for an item that the activity's version does not have.
    """
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    item = module.quiz.get_item(item_id)
    its_hash = module.item_hash(item)
    earlier = _earlier(_given(session, catalogue, activity), item, its_hash)
    decided = judging.judging_of(session, activity.id)
    rows = would_be.responses_to(session, activity, item_id)
    comparable = all(can_translate(old, item) for old in earlier.versions.values())
    effects = {}
    for choice in RegradeChoice:
        if choice.needs_the_same_question and not comparable:
            continue
        after = _with_choice(decided, item, earlier.versions, choice)
        scores = {}
        for each in earlier.given:
            old, row = each.hashes[item_id], rows.get(each.attempt.id)
            was = decided.outcome(earlier.versions[old], old, row)
            now = after.outcome(earlier.versions[old], old, row)
            if now.points != was.points:
                score = each.attempt.score or Decimal(0)
                scores[each.attempt.id] = score + now.points - was.points
        effects[choice] = tuple(
            Affected(membership, before, score)
            for membership, before, score in would_be.scores_if(session, activity, scores, at=at)
        )
    return Preview(
        item=item,
        number=[each.id for each in module.quiz.items].index(item_id) + 1,
        earlier=tuple(earlier.versions.values()),
        attempts=len(earlier.given),
        is_comparable=comparable,
        chosen=_chosen(session, activity, item_id, earlier, its_hash),
        effects=effects,
    )


def decide(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    *,
    item_id: str,
    choice: str,
    actor: Membership,
    at: datetime,
) -> int:
    """Decide about the earlier answers to an item, judge them anew, and count their attempts.

    ``leave`` keeps what was decided about an earlier correction. Raises ``InvalidInput`` for a
    choice that there is not, or that needs the same question where it has become another.
    """
    if choice not in set(RegradeChoice):
        raise InvalidInput({"choice": CHOICE_UNKNOWN})
    taken = RegradeChoice(choice)
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    item = module.quiz.get_item(item_id)
    its_hash = module.item_hash(item)
    earlier = _earlier(_given(session, catalogue, activity), item, its_hash)
    if not earlier.given:
        raise NotFound("item.nothing_to_regrade")
    if taken.needs_the_same_question and not all(
        can_translate(old, item) for old in earlier.versions.values()
    ):
        raise InvalidInput({"choice": NOT_COMPARABLE})
    about = {"decided_for": its_hash, "decided_by_id": actor.id, "decided_at": at}
    verdict = {"choice": taken, "content_hash": activity.content_hash}
    for old_hash in earlier.versions:
        session.execute(
            insert_for(session, ItemRegrade)
            .values(
                activity_id=activity.id, item_id=item_id, item_hash=old_hash, **about, **verdict
            )
            .on_conflict_do_update(
                index_elements=["activity_id", "item_id", "item_hash"],
                set_=about if taken is RegradeChoice.LEAVE else about | verdict,
            )
        )
    session.expire_all()
    count = regrading.judge_anew(session, catalogue, activity, item_id=item_id, at=at)
    audit.record(
        session,
        "item.regraded",
        at=at,
        actor=actor,
        object_kind="activity",
        object_id=activity.id,
        details={"item": item_id, "choice": taken, "attempts": count},
    )
    return len(earlier.given)


def _given(session: Session, catalogue: Catalogue, activity: Activity) -> list[_Given]:
    # Only those that were given other content: for a class on one version this reads nothing,
    # and the overview asks at each visit.
    attempts = session.scalars(
        select(Attempt)
        .where(
            Attempt.activity_id == activity.id,
            Attempt.state == AttemptState.GRADED,
            Attempt.content_hash != activity.content_hash,
        )
        .order_by(Attempt.membership_id, Attempt.number)
    ).all()
    versions = {
        content_hash: modules.module_for(session, catalogue, activity, content_hash=content_hash)
        for content_hash in {attempt.content_hash for attempt in attempts}
    }
    return [
        _Given(
            attempt,
            {key: each.content_hash for key, each in judging.given_items(attempt).items()},
            versions[attempt.content_hash],
        )
        for attempt in attempts
    ]


def _earlier(given: Iterable[_Given], item: Item, its_hash: str) -> _Earlier:
    found: list[_Given] = []
    versions: dict[str, Item] = {}
    for each in given:
        its_own = each.hashes.get(item.id, its_hash)
        if its_own == its_hash:
            continue
        old = each.module.quiz.get_item(item.id)
        if not has_same_key(old, item):
            versions[its_own] = old
            found.append(each)
    return _Earlier(tuple(found), versions)


def _decisions(session: Session, activity: Activity) -> list[ItemRegrade]:
    return list(session.scalars(select(ItemRegrade).where(ItemRegrade.activity_id == activity.id)))


def _chosen(
    session: Session, activity: Activity, item_id: str, earlier: _Earlier, its_hash: str
) -> RegradeChoice | None:
    taken = {
        RegradeChoice(row.choice)
        for row in _decisions(session, activity)
        if row.item_id == item_id
        and row.item_hash in earlier.versions
        and row.decided_for == its_hash
    }
    return taken.pop() if len(taken) == 1 else None


def _with_choice(
    decided: Judging, item: Item, versions: Mapping[str, Item], choice: RegradeChoice
) -> Judging:
    if choice is RegradeChoice.LEAVE:
        return decided
    overlay = {(item.id, old): Regrade(choice, item) for old in versions}
    return replace(decided, regrades={**decided.regrades, **overlay})
