"""Being sure and being right: what answers earned, by how sure their writers were."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from lti_alliance.domain.item_analysis import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How often people who were so sure were right."""

    sure: int
    count: int
    mean: float


def calibrate(sheets: Sequence[Sheet]) -> tuple[Calibration, ...]:
    """Say for each degree of sureness how much of the points such answers earned."""
    shares: dict[int, list[float]] = {1: [], 2: [], 3: []}
    for sheet in sheets:
        for answer in sheet.values():
            if answer.sure is not None:
                shares[answer.sure].append(answer.share)
    return tuple(
        Calibration(sure=sure, count=len(earned), mean=fmean(earned))
        for sure, earned in shares.items()
        if earned
    )
