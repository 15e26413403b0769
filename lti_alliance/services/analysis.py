"""What first attempts say about the questions of an activity, and about its students together."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.answer_groups import Group, Groups, Totals, tally, totals_of
from lti_alliance.domain.calibration import Calibration, calibrate_groups
from lti_alliance.domain.guessing import guess_share
from lti_alliance.domain.item_analysis import (
    ItemStatistics,
    QuizStatistics,
    describe_item,
    describe_quiz,
    share_of_items,
)
from lti_alliance.domain.items import (
    Frame,
    Item,
    MultipleItem,
    OrderingItem,
    RateItem,
    SingleItem,
)
from lti_alliance.domain.line_answers import Orders, ReplyRatings, orders, ratings
from lti_alliance.domain.modules import Module
from lti_alliance.models import Activity, Membership
from lti_alliance.services import first_attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReport:
    """One item with what was found about it; ``number`` is its place in the module."""

    number: int
    item: Item
    found: ItemStatistics
    guess: float | None
    """The share of the points that somebody would earn by chance; None where it is not known."""
    ratings: tuple[ReplyRatings, ...]
    """Of a rate item."""
    orders: Orders | None
    """Of an ordering item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameReport:
    """How the items that ask from one point of view went."""

    frame: Frame
    items: int
    answers: int
    mean: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What the first attempts of a class say."""

    module: Module
    quiz: QuizStatistics
    items: tuple[ItemReport, ...]
    calibration: tuple[Calibration, ...]
    frames: tuple[FrameReport, ...]
    left_out: int
    """First attempts at another version of every item, which say nothing about these."""


def analyse(
    session: Session, catalogue: Catalogue, activity: Activity, *, viewer: Membership
) -> Analysis:
    """Analyse the items of the activity's module by each student's first counted attempt."""
    read = first_attempts.read(session, catalogue, activity, viewer=viewer)
    module, groups = read.module, read.groups
    totals = totals_of(groups)
    known = len(totals.of)
    return Analysis(
        module=module,
        quiz=describe_quiz(groups, totals, count=known),
        items=tuple(
            _report(number, item, groups[item.id], totals)
            for number, item in enumerate(module.quiz.items, start=1)
        ),
        calibration=calibrate_groups(groups),
        frames=tuple(_frame(frame, module, groups) for frame in Frame),
        left_out=len(read.people) - known,
    )


def _report(number: int, item: Item, groups: Sequence[Group], totals: Totals) -> ItemReport:
    pairs = [group.answer.pairs for group in groups]
    counts = [len(group.people) for group in groups]
    guess = guess_share(item)
    return ItemReport(
        number=number,
        item=item,
        found=describe_item(item.id, tally(groups, totals), options=_options(item)),
        guess=None if guess is None else float(guess),
        ratings=ratings(item, pairs, counts) if isinstance(item, RateItem) else (),
        orders=orders(item, pairs, counts) if isinstance(item, OrderingItem) else None,
    )


def _options(item: Item) -> dict[str, bool] | None:
    if not isinstance(item, SingleItem | MultipleItem):
        return None
    return {option.id: option.correct for option in item.options}


def _frame(frame: Frame, module: Module, groups: Groups) -> FrameReport:
    ids = frozenset(item.id for item in module.quiz.items if item.frame is frame)
    answers, mean = share_of_items(groups, ids)
    return FrameReport(frame=frame, items=len(ids), answers=answers, mean=mean)
