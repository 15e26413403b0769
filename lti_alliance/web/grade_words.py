"""How the sum behind a grade and the changes of settings are written on pages."""

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from babel import Locale, numbers
from flask import Blueprint
from flask_babel import get_locale, gettext

from lti_alliance.domain.activities import Part
from lti_alliance.domain.decimals import as_decimal
from lti_alliance.services.story_values import Sum, Term
from lti_alliance.web.delivery_words import reading_words
from lti_alliance.web.wording import score_words

_PLACES = Decimal("0.0001")


def register(blueprint: Blueprint) -> None:
    """Make the filters known to the application's templates."""
    blueprint.add_app_template_filter(exact_percent, "exact_percent")
    blueprint.add_app_template_filter(reading_words, "reading_words")
    blueprint.add_app_template_filter(setting_words, "setting_words")
    blueprint.add_app_template_filter(sum_words, "sum_words")


def sum_words(made: Sum) -> str:
    """Write how the parts make the score, with the one rounding: 7 ÷ 9 × 10 = 7.7777… ≈ 7.78."""
    is_one = len(made.terms) == 1
    terms = " + ".join(_term(term) + ("" if is_one else f" ({_part(term)})") for term in made.terms)
    written = f"{terms} = {_exact(made.exact)}"
    if made.exact == Fraction(made.rounded):
        return written
    rounded = gettext("rounded to %(points)s", points=score_words(made.rounded))
    return f"{written}, {rounded}"


def exact_percent(share: Decimal) -> str:
    """Write a share of 0 to 1 as a percentage, cut rather than rounded."""
    return f"{_exact(Fraction(share) * 100)}%"


def setting_words(names: Iterable[str]) -> str:
    """Name settings as the page of the settings does; what it does not know is left out."""
    known = {
        "parts": gettext("parts"),
        "quiz_points": gettext("points of the quiz"),
        "reflection_points": gettext("points of the reflection"),
        "attempts": gettext("number of attempts"),
        "time_limit_minutes": gettext("time limit"),
        "wait_minutes": gettext("wait between attempts"),
        "keep": gettext("which attempt counts"),
        "feedback": gettext("when feedback is shown"),
        "shuffle": gettext("order of the questions"),
        "prompt_ids": gettext("tasks of the reflection"),
        "reflection_grading": gettext("how the reflection is graded"),
        "levels": gettext("what the levels of the rubric earn"),
        "closes_at": gettext("closing time"),
        "missing_parts": gettext("what becomes of missing parts"),
        "anonymous": gettext("whether names are hidden while grading"),
        "resubmissions": gettext("how often a reflection may be handed in again"),
        "ai_help": gettext("what is said about help of AI"),
        "exemplars": gettext("whether students see marked examples"),
        "form": gettext("whether it is a test before or after the course"),
        "warm_up": gettext("the warm-up"),
    }
    return ", ".join(known[name] for name in names if name in known)


def _term(term: Term) -> str:
    if not term.shares:
        return "0"
    shares = [_share(given, of) for given, of in term.shares]
    mean = shares[0] if len(shares) == 1 else f"({' + '.join(shares)}) ÷ {len(shares)}"
    return f"{mean} × {score_words(term.points)}"


def _share(given: Decimal, of: Decimal) -> str:
    if of == 1:
        return exact_percent(given)
    return f"{_exact(Fraction(given))} ÷ {_exact(Fraction(of))}"


def _part(term: Term) -> str:
    return str(gettext("quiz") if term.part is Part.QUIZ else gettext("reflection"))


def _exact(value: Fraction) -> str:
    """Write a number with up to four decimals; dots say that it goes on."""
    cut = as_decimal(value).quantize(_PLACES, rounding=ROUND_DOWN)
    written = numbers.format_decimal(cut, format="#,##0.####", locale=get_locale() or Locale("en"))
    return written if Fraction(cut) == value else f"{written}…"
