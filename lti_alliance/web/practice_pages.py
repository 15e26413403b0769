"""What the pages of practice show: the items of several modules, counted through."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lti_alliance.models import PracticeSet
from lti_alliance.services.practice_sheets import Paper, PracticeReport
from lti_alliance.web import quiz_items, quiz_results
from lti_alliance.web.quiz_items import QuizItem
from lti_alliance.web.quiz_results import ItemResult


@dataclass(frozen=True, slots=True)
class Sheaf:
    """The items of one module on a page."""

    paper: Paper
    items: tuple[QuizItem, ...]


@dataclass(frozen=True, slots=True)
class ResultSheaf:
    """The items of one module on a report."""

    paper: Paper
    results: tuple[ItemResult, ...]


def sheaves(
    papers: Sequence[Paper], *, typed: Mapping[str, Sequence[str]] | None = None
) -> list[Sheaf]:
    """Prepare the items of a set in their order; ``typed`` are fields that could not be saved."""
    return [
        Sheaf(
            paper,
            tuple(
                replace(entry, number=first + entry.number)
                for entry in quiz_items.quiz_items(paper, typed=typed)
            ),
        )
        for first, paper in _counted_off(papers)
    ]


def result_sheaves(report: PracticeReport) -> list[ResultSheaf]:
    """Prepare the items of a finished set, each with what may be shown of its judgement by now."""
    return [
        ResultSheaf(paper, tuple(_results(paper, report, first=first)))
        for first, paper in _counted_off(report.papers)
    ]


def numbers_of(found: Sequence[ResultSheaf]) -> dict[str, int]:
    """Return the number of each item on a report."""
    return {
        result.shown.item.id: result.shown.number for sheaf in found for result in sheaf.results
    }


def ends_at(row: PracticeSet) -> datetime | None:
    """Return when the time is over that somebody meant to take; nothing happens then."""
    return row.started_at + timedelta(minutes=row.minutes) if row.minutes else None


def minutes_taken(row: PracticeSet) -> int | None:
    """Return how long a finished set took, in minutes begun."""
    if row.finished_at is None:
        return None
    return max(1, -(-(row.finished_at - row.started_at) // timedelta(minutes=1)))


def _results(paper: Paper, report: PracticeReport, *, first: int) -> Iterator[ItemResult]:
    stages = [report.stages[item.id] for item in paper.items]
    by_stage = {
        stage: quiz_results.item_results(paper, report.outcomes, stage=stage)
        for stage in set(stages)
    }
    for place, stage in enumerate(stages):
        result = by_stage[stage][place]
        yield replace(
            result,
            shown=replace(result.shown, number=first + result.shown.number),
            # Points belong to what counts.
            feedback=replace(result.feedback, points=None),
        )


def _counted_off(papers: Sequence[Paper]) -> Iterator[tuple[int, Paper]]:
    first = 0
    for paper in papers:
        yield first, paper
        first += len(paper.items)
