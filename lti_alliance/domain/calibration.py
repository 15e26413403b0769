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
    said = [a for sheet in sheets for a in sheet.values() if a.sure is not None]
    return tuple(
        Calibration(sure=sure, count=len(shares), mean=fmean(shares))
        for sure in (1, 2, 3)
        if (shares := [answer.share for answer in said if answer.sure == sure])
    )
