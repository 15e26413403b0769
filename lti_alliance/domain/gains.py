"""Before and after: what a class gained between two tests, people who took both alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, stdev

MIN_PEOPLE = 30
"""Below this there are counts and means alone."""

_LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Two tests of the same people; scores are shares of the points."""

    people: int
    before: float | None
    """The mean."""
    after: float | None
    difference: float | None
    """The mean difference, and so are the following; None under `MIN_PEOPLE`."""
    interval: tuple[float, float] | None
    """Its 95 % confidence interval, by Student's t."""
    d_av: float | None
    """The difference in units of the mean of both standard deviations; None where they are 0."""
    hake: float | None
    """What was gained of what there was to gain, from the means; None where that was nothing."""


def compare(pairs: Sequence[tuple[float, float]], *, at_least: int = MIN_PEOPLE) -> Gain:
    """Compare what each person scored before and after."""
    before = [one for one, _ in pairs]
    after = [other for _, other in pairs]
    means = (fmean(before), fmean(after)) if pairs else (None, None)
    if means[0] is None or means[1] is None or len(pairs) < max(2, at_least):
        return Gain(
            people=len(pairs),
            before=means[0],
            after=means[1],
            difference=None,
            interval=None,
            d_av=None,
            hake=None,
        )
    difference = means[1] - means[0]
    spread = (stdev(before) + stdev(after)) / 2
    return Gain(
        people=len(pairs),
        before=means[0],
        after=means[1],
        difference=difference,
        interval=_interval([other - one for one, other in pairs]),
        d_av=difference / spread if spread else None,
        hake=difference / (1 - means[0]) if means[0] < 1 else None,
    )


def t_quantile(freedom: int, share: float) -> float:
    """Return a quantile of Student's t, to three decimals from 5 degrees of freedom on.

    The Cornish–Fisher expansion of Abramowitz and Stegun, 26.7.5.
    """
    x = NormalDist().inv_cdf(share)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return x + sum(float(term / freedom**power) for power, term in enumerate(terms, start=1))


def _interval(differences: Sequence[float]) -> tuple[float, float]:
    mean = fmean(differences)
    half = t_quantile(len(differences) - 1, (1 + _LEVEL) / 2) * stdev(differences)
    half /= sqrt(len(differences))
    return mean - half, mean + half
