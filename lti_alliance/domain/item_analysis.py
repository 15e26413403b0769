"""Item analysis: how hard items are, whether they tell apart, what their distractors do.

The formulas are those of classical test theory; population variances throughout. Difficulty is the
mean share of the points. Discrimination is the correlation of an item with the rest of the same
sheet, the item left out. Alpha is Cronbach's, over the items that everybody was given.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import fsum, sqrt
from statistics import StatisticsError, correlation, fmean
from typing import NamedTuple

from lti_alliance.domain import coefficients, score_groups
from lti_alliance.domain.score_groups import Bin, CurvePoint, Ends

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


@dataclass(frozen=True, slots=True)
class Answer:
    """What one item came to on one sheet."""

    share: float
    """0 to 1 of its points; an omitted answer is 0."""
    worth: float
    """The points that it could make."""
    chosen: tuple[str, ...] = ()
    """The options that were chosen."""
    sure: int | None = None
    """How sure the student was, 1 to 3."""
    pairs: Mapping[str, str] = field(default_factory=dict)
    """The answers beside the lines of a matching, ordering or rate item."""


Sheet = Mapping[str, Answer]
"""One person's first attempt: item id to answer; what was not drawn is not there."""


class Total(NamedTuple):
    """What one sheet came to."""

    points: float
    worth: float
    """What it could have come to."""

    @property
    def share(self) -> float:
        """Return its share of the points, 0 to 1."""
        return self.points / self.worth if self.worth else 0.0

    def without(self, answer: Answer) -> float:
        """Return the share of the rest of the sheet, an answer left out."""
        worth = self.worth - answer.worth
        if worth < _NO_WORTH:
            return 0.0
        # What differs in the last digits alone is the same rest.
        return round((self.points - answer.share * answer.worth) / worth, _DIGITS)


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to one item, and beside them what their sheets came to."""

    given: list[Answer] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)


_NO_WORTH = 1e-9
_DIGITS = 12


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


def totals_of(sheets: Iterable[Sheet]) -> list[Total]:
    """Add each sheet up, once for all items."""
    return [
        Total(
            sum(answer.share * answer.worth for answer in sheet.values()),
            sum(answer.worth for answer in sheet.values()),
        )
        for sheet in sheets
    ]


def quiz_statistics(
    sheets: Sequence[Sheet], *, sums: Sequence[Total] | None = None
) -> QuizStatistics:
    """Describe the whole quiz; ``sums`` are the `totals_of` the sheets, if they are known."""
    sums = totals_of(sheets) if sums is None else sums
    totals = [total.share for sheet, total in zip(sheets, sums, strict=True) if sheet]
    common = sorted(set(sheets[0]).intersection(*sheets)) if sheets else []
    is_enough = len(sheets) >= MIN_SHEETS
    points = {item_id: [_points(sheet[item_id]) for sheet in sheets] for item_id in common}
    alpha = _alpha(list(points.values())) if is_enough else None
    ratio = None if alpha is None else sqrt(max(0.0, 1 - alpha))
    return QuizStatistics(
        count=len(sheets),
        mean=fmean(totals) if totals else None,
        deviation=sqrt(coefficients.variance(totals)) if len(totals) > 1 else None,
        alpha=alpha,
        error=None if ratio is None else ratio * _deviation(sheets, points),
        error_ratio=ratio,
        skew=coefficients.skewness(totals) if is_enough else None,
        common_items=len(common),
        weights=coefficients.effective_weights(points) if is_enough else {},
        scores=score_groups.distribution(totals),
    )


def answers_by_item(
    sheets: Sequence[Sheet], sums: Sequence[Total] | None = None
) -> Mapping[str, Answers]:
    """Return the answers to each item in the order of the sheets, in one walk through them."""
    found: defaultdict[str, Answers] = defaultdict(Answers)
    for sheet, total in zip(sheets, totals_of(sheets) if sums is None else sums, strict=True):
        for item_id, answer in sheet.items():
            to_item = found[item_id]
            to_item.given.append(answer)
            to_item.totals.append(total)
    return found


def item_statistics(
    item_id: str, sheets: Sequence[Sheet], *, options: Mapping[str, bool] | None = None
) -> ItemStatistics:
    """Describe one item by the sheets on which it was drawn.

    ``options`` are those of a choice item in source order, each with whether it is right.
    """
    return describe_item(item_id, answers_by_item(sheets).get(item_id, Answers()), options=options)


def describe_item(
    item_id: str, drawn: Answers, *, options: Mapping[str, bool] | None = None
) -> ItemStatistics:
    """Describe one item by the answers to it: see `item_statistics`."""
    own = [answer.share for answer in drawn.given]
    rests = [t.without(answer) for answer, t in zip(drawn.given, drawn.totals, strict=True)]
    difficulty = fmean(own) if own else None
    related = _correlation(own, rests)
    is_enough = len(own) >= MIN_SHEETS
    at = score_groups.ends([total.share for total in drawn.totals])
    uses = _uses(drawn.given, rests, options or {}, at)
    return ItemStatistics(
        item_id=item_id,
        count=len(own),
        difficulty=difficulty,
        discrimination=related if is_enough else None,
        efficiency=coefficients.efficiency(own, rests) if is_enough else None,
        upper_lower=score_groups.upper_lower(own, at) if is_enough else None,
        top=len(at.top),
        bottom=len(at.bottom),
        curve=score_groups.curve(own, rests) if is_enough else (),
        options=uses,
        flags=tuple(_flags(len(own), difficulty, related, uses)),
    )


def mean_share(sheets: Sequence[Sheet], item_ids: frozenset[str]) -> tuple[int, float | None]:
    """Return how many answers to these items there are, and the mean share that they earned."""
    shares = [answer.share for sheet in sheets for i, answer in sheet.items() if i in item_ids]
    return len(shares), fmean(shares) if shares else None


def _alpha(columns: Sequence[Sequence[float]]) -> float | None:
    """Return alpha over the points that everybody made with the same items."""
    if len(columns) < 2:
        return None
    variance = coefficients.variance([fsum(row) for row in zip(*columns, strict=True)])
    if variance == 0:
        return None
    within = sum(coefficients.variance(column) for column in columns)
    return len(columns) / (len(columns) - 1) * (1 - within / variance)


def _deviation(sheets: Sequence[Sheet], points: Mapping[str, Sequence[float]]) -> float:
    """Return the deviation of the totals of common items, as a share of their maximum."""
    maximum = sum(sheets[0][item_id].worth for item_id in points)
    totals = [fsum(row) for row in zip(*points.values(), strict=True)]
    return sqrt(coefficients.variance(totals)) / maximum


def _uses(
    answers: Sequence[Answer], rests: Sequence[float], options: Mapping[str, bool], at: Ends
) -> tuple[OptionUse, ...]:
    if not options:
        return ()
    chosen_by: dict[str, list[int]] = {option_id: [] for option_id in options}
    for place, answer in enumerate(answers):
        for option_id in answer.chosen:
            if option_id in chosen_by:
                chosen_by[option_id].append(place)
    return tuple(
        OptionUse(
            option_id=option_id,
            is_right=options[option_id],
            count=len(by),
            share=len(by) / len(answers) if answers else 0.0,
            mean_rest=fmean([rests[place] for place in by]) if by else None,
            top=len(at.top.intersection(by)),
            bottom=len(at.bottom.intersection(by)),
        )
        for option_id, by in chosen_by.items()
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


def _correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    try:
        return correlation(one, other)
    except StatisticsError:
        return None


def _points(answer: Answer) -> float:
    return answer.share * answer.worth
