"""Item analysis: how hard items are, whether they tell apart, what their distractors do.

The formulas are those of classical test theory; population variances throughout. Difficulty is the
mean share of the points. Discrimination is the correlation of an item with the rest of the same
sheet, the item left out. Alpha is Cronbach's, over the items that everybody was given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import fsum, sqrt

from lti_alliance.domain import coefficients, counted, score_groups
from lti_alliance.domain.answer_groups import Answer as Answer
from lti_alliance.domain.answer_groups import (
    Beside,
    Group,
    Groups,
    Tally,
    Totals,
    groups_of,
    tally,
    totals_of,
)
from lti_alliance.domain.answer_groups import Sheet as Sheet
from lti_alliance.domain.score_groups import Bin, CurvePoint

MIN_SHEETS = 30
"""Below this a coefficient is chance more than quality, and none is given."""
TOO_HARD, TOO_EASY = 0.2, 0.95
RARE = 0.05
"""A distractor chosen by a smaller share than this distracts nobody."""
MIN_FOR_RARE = 20
"""How many answers it takes before a rare choice means anything."""


class Flag(StrEnum):
    """Something about an item that is worth a look; never a verdict."""

    NEGATIVE = "negative"
    """Those who do well otherwise do worse here."""
    HARD = "hard"
    EASY = "easy"
    MISKEYED = "miskeyed"
    """Those who chose a distractor do better otherwise than those who chose the key."""
    RARE_DISTRACTOR = "rare distractor"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionUse:
    """How often an option was chosen, and by whom."""

    option_id: str
    is_right: bool
    count: int
    share: float
    """Of those who were given the item."""
    mean_rest: float | None
    """The mean share that those who chose it earned with the rest; None where nobody chose it."""
    top: int
    """How many of the best 27 % chose it."""
    bottom: int
    """How many of the weakest 27 % chose it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemStatistics:
    """What the sheets say about one item."""

    item_id: str
    count: int
    difficulty: float | None
    """Mean share of the points; high is easy. None without answers."""
    discrimination: float | None
    """Item–rest correlation; None under `MIN_SHEETS` or where nothing varies."""
    efficiency: float | None
    """The covariance behind it as a share of the most it could be; None likewise."""
    upper_lower: float | None
    """Difficulty at the top 27 % less that at the bottom; None likewise."""
    top: int
    """How many are at the top; who ties with the last of them is among them."""
    bottom: int
    curve: tuple[CurvePoint, ...]
    """What each fifth by the rest earned; empty under `MIN_SHEETS`."""
    options: tuple[OptionUse, ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuizStatistics:
    """What the sheets say about the quiz as a whole; shares are of each sheet's maximum."""

    count: int
    mean: float | None
    deviation: float | None
    alpha: float | None
    """None under `MIN_SHEETS`, with fewer than two common items, or where nothing varies."""
    error: float | None
    """Standard error of measurement, as a share of the maximum of the common items."""
    error_ratio: float | None
    """The error as a share of the deviation; None where alpha is."""
    skew: float | None
    """How lopsided the scores are; None under `MIN_SHEETS` or where nothing varies."""
    common_items: int
    """How many items everybody was given: alpha is about these."""
    weights: Mapping[str, float | None]
    """The effective weight of each of these; empty under `MIN_SHEETS`."""
    scores: tuple[Bin, ...]
    """How the scores are spread, in tenths of the maximum."""


def quiz_statistics(sheets: Sequence[Sheet]) -> QuizStatistics:
    """Describe the whole quiz by its sheets."""
    groups = groups_of(sheets)
    return describe_quiz(groups, totals_of(groups), count=len(sheets))


def describe_quiz(groups: Groups, totals: Totals, *, count: int) -> QuizStatistics:
    """Describe the whole quiz by what was answered on so many sheets."""
    shares, counts = [total.share for total in totals.different], totals.counts()
    common = {i: groups[i] for i in sorted(groups) if _size(groups[i]) == count}
    is_enough = count >= MIN_SHEETS
    points = _columns(common) if is_enough else {}
    sums = [fsum(row) for row in zip(*points.values(), strict=True)]
    alpha = _alpha(list(common.values()), sums) if is_enough else None
    ratio = None if alpha is None else sqrt(max(0.0, 1 - alpha))
    return QuizStatistics(
        count=count,
        mean=counted.mean(shares, counts) if shares else None,
        deviation=sqrt(coefficients.variance(shares, counts)) if len(totals.of) > 1 else None,
        alpha=alpha,
        error=None if ratio is None else ratio * _deviation(common, sums),
        error_ratio=ratio,
        skew=coefficients.skewness(shares, counts) if is_enough else None,
        common_items=len(common),
        weights=coefficients.effective_weights(points),
        scores=score_groups.distribution(shares, counts),
    )


def item_statistics(
    item_id: str, sheets: Sequence[Sheet], *, options: Mapping[str, bool] | None = None
) -> ItemStatistics:
    """Describe one item by the sheets on which it was drawn.

    ``options`` are those of a choice item in source order, each with whether it is right.
    """
    groups = groups_of(sheets)
    drawn = tally(groups.get(item_id, ()), totals_of(groups))
    return describe_item(item_id, drawn, options=options)


def describe_item(
    item_id: str, drawn: Tally, *, options: Mapping[str, bool] | None = None
) -> ItemStatistics:
    """Describe one item by the answers to it: see `item_statistics`."""
    own, rests, wholes, counts = _rows(drawn.marks, drawn.totals)
    count = sum(counts)
    difficulty = counted.mean(own, counts) if own else None
    related = coefficients.correlation(own, rests, counts)
    is_enough = count >= MIN_SHEETS
    at = score_groups.ends(wholes, counts)
    top, bottom = ({wholes[place] for place in end} for end in (at.top, at.bottom))
    uses = tuple(
        _use(option_id, drawn, (top, bottom), is_right=is_right)
        for option_id, is_right in (options or {}).items()
    )
    return ItemStatistics(
        item_id=item_id,
        count=count,
        difficulty=difficulty,
        discrimination=related if is_enough else None,
        efficiency=coefficients.efficiency(own, rests, counts) if is_enough else None,
        upper_lower=score_groups.upper_lower(own, at, counts) if is_enough else None,
        top=score_groups.people_at(at.top, counts),
        bottom=score_groups.people_at(at.bottom, counts),
        curve=score_groups.curve(own, rests, counts) if is_enough else (),
        options=uses,
        flags=tuple(_flags(count, difficulty, related, uses)),
    )


def mean_share(sheets: Sequence[Sheet], item_ids: frozenset[str]) -> tuple[int, float | None]:
    """Return how many answers to these items there are, and the mean share that they earned."""
    return share_of_items(groups_of(sheets), item_ids)


def share_of_items(groups: Groups, item_ids: frozenset[str]) -> tuple[int, float | None]:
    """Return the same as `mean_share` by who answered what."""
    found = [group for item_id in item_ids for group in groups.get(item_id, ())]
    shares, counts = [group.answer.share for group in found], _counts(found)
    return sum(counts), counted.mean(shares, counts) if found else None


def _columns(common: Groups) -> dict[str, list[float]]:
    """Return the points that everybody made with each item, the same person at each place."""
    first = next(iter(common.values()), ())
    everybody = [person for group in first for person in group.people]
    columns = {}
    for item_id, of_item in common.items():
        made: dict[int, float] = {}
        for answer, people in of_item:
            made.update(dict.fromkeys(people, answer.mark.points))
        columns[item_id] = [made[person] for person in everybody]
    return columns


def _counts(groups: Sequence[Group]) -> list[int]:
    return [len(group.people) for group in groups]


def _size(groups: Sequence[Group]) -> int:
    return sum(_counts(groups))


def _alpha(common: Sequence[Sequence[Group]], sums: Sequence[float]) -> float | None:
    """Return alpha over the points that everybody made with the same items."""
    if len(common) < 2:
        return None
    variance = coefficients.variance(sums)
    if variance == 0:
        return None
    within = sum(
        coefficients.variance([group.answer.mark.points for group in of_item], _counts(of_item))
        for of_item in common
    )
    return len(common) / (len(common) - 1) * (1 - within / variance)


def _deviation(common: Groups, sums: Sequence[float]) -> float:
    """Return the deviation of the totals of common items, as a share of their maximum."""
    maximum = sum(of_item[0].answer.worth for of_item in common.values())
    return sqrt(coefficients.variance(sums)) / maximum


def _rows(
    beside: Beside, totals: Totals
) -> tuple[list[float], list[float], list[float], list[int]]:
    """Return the shares earned, those of the rest and of the whole sheet, and how many had each."""
    own, rests, wholes, counts = [], [], [], []
    for mark, found in beside.items():
        for place, count in found.items():
            total = totals.different[place]
            own.append(mark.share)
            rests.append(total.without(mark))
            wholes.append(total.share)
            counts.append(count)
    return own, rests, wholes, counts


def _use(
    option_id: str, drawn: Tally, ends: tuple[set[float], set[float]], *, is_right: bool
) -> OptionUse:
    _, rests, wholes, counts = _rows(drawn.chosen.get(option_id, {}), drawn.totals)
    everybody = sum(found.total() for found in drawn.marks.values())
    top, bottom = (
        sum(count for whole, count in zip(wholes, counts, strict=True) if whole in end)
        for end in ends
    )
    return OptionUse(
        option_id=option_id,
        is_right=is_right,
        count=sum(counts),
        share=sum(counts) / everybody if everybody else 0.0,
        mean_rest=counted.mean(rests, counts) if counts else None,
        top=top,
        bottom=bottom,
    )


def _flags(
    count: int, difficulty: float | None, related: float | None, uses: Sequence[OptionUse]
) -> list[Flag]:
    if difficulty is None:
        return []
    found = []
    if related is not None and related < 0:
        found.append(Flag.NEGATIVE)
    if difficulty < TOO_HARD:
        found.append(Flag.HARD)
    elif difficulty > TOO_EASY:
        found.append(Flag.EASY)
    right = [use.mean_rest for use in uses if use.is_right and use.mean_rest is not None]
    wrong = [use for use in uses if not use.is_right]
    if right and any(use.count > 1 and (use.mean_rest or 0) > max(right) for use in wrong):
        found.append(Flag.MISKEYED)
    if count >= MIN_FOR_RARE and any(use.share < RARE for use in wrong):
        found.append(Flag.RARE_DISTRACTOR)
    return found
