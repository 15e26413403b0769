"""Votes on keys that are judgements: what colleagues would say, and how far they are apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from lti_alliance.domain.items import BranchItem, RateItem

FEW = 3
"""A key that fewer than these have voted on is still one person's, or two's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyVotes:
    """The votes on one reply."""

    reply_id: str
    key: int
    """What the author says."""
    votes: tuple[int, ...]
    """From the lowest on the scale to the highest."""
    middle: float | None
    is_spread: bool
    """Whether they are more than one step apart."""
    is_off: bool
    """Whether the key is more than one step from the middle of the votes."""


def count_votes(item: RateItem, votes: Sequence[Mapping[str, int]]) -> tuple[ReplyVotes, ...]:
    """Put the votes together, reply by reply in the order of the source."""
    steps = {number: place for place, number in enumerate(sorted(p.number for p in item.scale))}
    found = []
    for reply in item.replies:
        given = sorted(vote[reply.id] for vote in votes if vote.get(reply.id) in steps)
        places = [steps[number] for number in given]
        middle = median(places) if places else None
        found.append(
            ReplyVotes(
                reply_id=reply.id,
                key=reply.value,
                votes=tuple(given),
                middle=float(median(given)) if given else None,
                is_spread=bool(places) and places[-1] - places[0] > 1,
                is_off=middle is not None and abs(middle - steps[reply.value]) > 1,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentVotes:
    """The votes on one moment of a dialogue: how many would say what."""

    node_id: str
    best: frozenset[str]
    """The choices that the author's points make the best from here."""
    votes: Mapping[str, int]
    """By choice, in the order of the source."""
    is_spread: bool
    """Whether fewer than two in three agree on one choice."""
    is_off: bool
    """Whether more would choose something else than what is best by the key."""


def count_moment_votes(
    item: BranchItem, votes: Sequence[Mapping[str, str]]
) -> tuple[MomentVotes, ...]:
    """Put the votes on a dialogue together, moment by moment in the order of the source."""
    found = []
    for node in item.nodes:
        if node.is_end:
            continue
        counts = {
            choice.id: sum(vote.get(node.id) == choice.id for vote in votes)
            for choice in node.choices
        }
        best, cast = item.best_choices(node.id), sum(counts.values())
        found.append(
            MomentVotes(
                node_id=node.id,
                best=best,
                votes=counts,
                is_spread=bool(cast) and 3 * max(counts.values()) < 2 * cast,
                is_off=2 * sum(counts[each] for each in best) < cast,
            )
        )
    return tuple(found)
