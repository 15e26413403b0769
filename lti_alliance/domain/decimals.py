"""Exact shares as decimals, to more digits than any gradebook shows."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

# A context of its own: the digits must not depend on what another thread has set.
_CONTEXT = Context(prec=28, rounding=ROUND_HALF_EVEN)


def as_decimal(value: Fraction) -> Decimal:
    """Write a fraction as a decimal of 28 significant digits, exactly where it has so few."""
    return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))
