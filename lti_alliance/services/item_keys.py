"""Keys that are judgements: voted on by those who teach, adopted by an instructor, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.items import BranchItem, Item, KeyState, RateItem
from lti_alliance.domain.key_votes import (
    MomentVotes,
    ReplyVotes,
    count_moment_votes,
    count_votes,
)
from lti_alliance.domain.modules import Module
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Activity, AdoptedKey, KeyVote, Membership, User
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.services import audit, modules, regrading

VOTE_NOT_WHOLE = "Choose a value for each reply."
WAY_NOT_WHOLE = "Choose what you would say at each moment."


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """Where the key of one item stands in an activity."""

    is_adopted: bool
    own: Mapping[str, int | str] | None
    """How the reader voted, by reply or moment; nothing before they have."""
    votes: tuple[ReplyVotes, ...] | tuple[MomentVotes, ...]
    """Empty until the reader has voted, so that nobody follows the others."""
    voters: tuple[Membership, ...]


def adopt(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    *,
    item_id: str,
    actor: Membership,
    at: datetime,
) -> int:
    """Let a draft key make points in this activity; count the attempts that are graded anew."""
    module, item = _draft(session, catalogue, activity, item_id)
    values = {
        "item_hash": module.item_hash(item),
        "adopted_by_id": actor.id,
        "adopted_at": at,
    }
    session.execute(
        insert_for(session, AdoptedKey)
        .values(activity_id=activity.id, item_id=item_id, **values)
        .on_conflict_do_update(index_elements=["activity_id", "item_id"], set_=values)
    )
    return _regrade(session, catalogue, activity, item_id, "key.adopted", actor, at=at)


def withdraw(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    *,
    item_id: str,
    actor: Membership,
    at: datetime,
) -> int:
    """Make an adopted key a draft again; count the attempts that are graded anew."""
    taken = rows_changed(
        session,
        delete(AdoptedKey).where(
            AdoptedKey.activity_id == activity.id, AdoptedKey.item_id == item_id
        ),
    )
    if taken == 0:
        return 0
    return _regrade(session, catalogue, activity, item_id, "key.withdrawn", actor, at=at)


def vote(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    *,
    item_id: str,
    values: Sequence[str],
    voter: Membership,
    at: datetime,
) -> None:
    """Keep what somebody would say; a later vote takes the place of an earlier one.

    ``values`` are ``reply:value``, as a student's answer is sent, or ``moment:choice`` for every
    moment of a dialogue. Raises ``InvalidInput`` with the field ``response.<item id>`` unless
    there is one for each.
    """
    module, item = _draft(session, catalogue, activity, item_id)
    kept = {
        "item_hash": module.item_hash(item),
        "values": _read_vote(item, values),
        "voted_at": at,
    }
    session.execute(
        insert_for(session, KeyVote)
        .values(activity_id=activity.id, item_id=item_id, voter_id=voter.id, **kept)
        .on_conflict_do_update(index_elements=["activity_id", "item_id", "voter_id"], set_=kept)
    )
    session.expire_all()
    _record(session, "key.voted", activity, item_id, voter, at=at)


def report_keys(
    session: Session, catalogue: Catalogue, activity: Activity, *, reader: Membership
) -> dict[str, KeyReport]:
    """Say for each item whose key is a judgement where it stands."""
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    adopted = modules.adopted_keys(session, activity)
    cast = session.scalars(
        select(KeyVote)
        .where(KeyVote.activity_id == activity.id)
        .order_by(KeyVote.voted_at, KeyVote.id)
        .options(joinedload(KeyVote.voter).joinedload(Membership.user).joinedload(User.profile))
    ).all()
    found = {}
    for item in module.quiz.items:
        if not _is_draft(item):
            continue
        its_hash = module.item_hash(item)
        votes = [row for row in cast if (row.item_id, row.item_hash) == (item.id, its_hash)]
        own = next((row.values for row in votes if row.voter_id == reader.id), None)
        found[item.id] = KeyReport(
            is_adopted=adopted.get(item.id) == its_hash,
            own=own,
            votes=_count(item, [row.values for row in votes]) if own is not None else (),
            voters=tuple(row.voter for row in votes),
        )
    return found


def _read_vote(item: Item, values: Sequence[str]) -> dict[str, int | str]:
    if isinstance(item, RateItem):
        response = item.read(values)
        if response is None or len(response.pairs) < len(item.replies):
            raise InvalidInput({f"response.{item.id}": VOTE_NOT_WHOLE}, code="key.vote_invalid")
        return {reply: int(value) for reply, value in response.pairs.items()}
    assert isinstance(item, BranchItem)
    moments = {node.id: {each.id for each in node.choices} for node in item.nodes if node.choices}
    chosen = dict(value.split(":", 1) for value in values if ":" in value)
    if chosen.keys() != moments.keys() or any(chosen[m] not in moments[m] for m in moments):
        raise InvalidInput({f"response.{item.id}": WAY_NOT_WHOLE}, code="key.vote_invalid")
    return {moment: chosen[moment] for moment in moments}


def _count(
    item: Item, votes: Sequence[Mapping[str, Any]]
) -> tuple[ReplyVotes, ...] | tuple[MomentVotes, ...]:
    if isinstance(item, RateItem):
        return count_votes(item, votes)
    assert isinstance(item, BranchItem)
    return count_moment_votes(item, votes)


def _is_draft(item: Item) -> bool:
    return isinstance(item, RateItem | BranchItem) and item.key is KeyState.DRAFT


def _draft(
    session: Session, catalogue: Catalogue, activity: Activity, item_id: str
) -> tuple[Module, Item]:
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    item = module.quiz.get_item(item_id)
    if not _is_draft(item):
        raise NotFound("item.unknown")
    return module, item


def _regrade(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    item_id: str,
    action: str,
    actor: Membership,
    *,
    at: datetime,
) -> int:
    """Judge every attempt anew that holds the item: what it is worth has changed for all."""
    count = regrading.judge_anew(session, catalogue, activity, item_id=item_id, at=at)
    _record(session, action, activity, item_id, actor, at=at, count=count)
    return count


def _record(
    session: Session,
    action: str,
    activity: Activity,
    item_id: str,
    actor: Membership,
    *,
    at: datetime,
    count: int | None = None,
) -> None:
    audit.record(
        session,
        action,
        at=at,
        actor=actor,
        object_kind="activity",
        object_id=activity.id,
        details={"item": item_id} | ({"attempts": count} if count is not None else {}),
    )
