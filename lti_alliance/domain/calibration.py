"""Being sure and being right: what answers earned, by how sure their writers were."""

from collections.abc import Sequence
from dataclasses import dataclass

from lti_alliance.domain import counted
from lti_alliance.domain.answer_groups import Group, Groups, Sheet, groups_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How often people who were so sure were right."""

    sure: int
    count: int
    mean: float


def calibrate(sheets: Sequence[Sheet]) -> tuple[Calibration, ...]:
    """Say for each degree of sureness how much of the points such answers earned."""
    return calibrate_groups(groups_of(sheets))


def calibrate_groups(groups: Groups) -> tuple[Calibration, ...]:
    """Say the same by who answered what."""
    by_degree: dict[int, list[Group]] = {1: [], 2: [], 3: []}
    for of_item in groups.values():
        for group in of_item:
            if group.answer.sure is not None:
                by_degree[group.answer.sure].append(group)
    return tuple(_describe(sure, found) for sure, found in by_degree.items() if found)


def _describe(sure: int, found: Sequence[Group]) -> Calibration:
    counts = [len(group.people) for group in found]
    mean = counted.mean([group.answer.share for group in found], counts)
    return Calibration(sure=sure, count=sum(counts), mean=mean)
