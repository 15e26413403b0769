"""How numbers and moments are written on pages, in the language of the reader."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from babel import Locale, dates, lists, numbers
from flask import Flask
from flask_babel import get_locale, gettext, ngettext
from markupsafe import Markup

from lti_alliance.content.markup import render, render_inline, source_anchor
from lti_alliance.domain.accommodations import Accommodation
from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.anonymity import writer_number
from lti_alliance.domain.modules import Module
from lti_alliance.domain.scoring import round_score
from lti_alliance.domain.waits import WaitUnit, in_units
from lti_alliance.models import Attempt, Membership, Reflection, User
from lti_alliance.parts import parts
from lti_alliance.services.terms import Terms
from lti_alliance.web.delivery_words import reason_words


def register(app: Flask) -> None:
    """Make the filters known to the application's templates."""
    app.add_template_filter(score_words, "score")
    app.add_template_filter(quiz_score, "quiz_score")
    app.add_template_filter(percent_words, "percent")
    app.add_template_filter(plural_number, "plural_number")
    app.add_template_filter(machine_time, "machine_time")
    app.add_template_filter(utc_words, "utc_words")
    app.add_template_filter(since_style, "since_style")
    app.add_template_filter(member_name, "member_name")
    app.add_template_filter(person_name, "person_name")
    app.add_template_filter(writer_name, "writer_name")
    app.add_template_filter(user_name, "user_name")
    app.add_template_filter(reason_words, "reason_words")
    app.add_template_filter(module_text, "module_text")
    app.add_template_filter(module_line, "module_line")
    app.add_template_filter(module_in_brief, "in_brief")
    app.add_template_filter(source_anchor, "source_anchor")
    app.add_template_filter(granted_words, "granted_words")
    app.add_template_filter(held_words, "held_words")
    app.add_template_filter(minutes_words, "minutes_words")
    app.add_template_filter(wait_words, "wait_words")


def score_words(points: Decimal) -> str:
    """Write points with at most two decimals and none that say nothing: 8.5, 10."""
    return _points_in(points, _locale())


@lru_cache(maxsize=1024)
def _points_in(points: Decimal, locale: Locale) -> str:
    """Write points once for all the cells of a page: a class shares few scores."""
    return numbers.format_decimal(round_score(points), format="#,##0.##", locale=locale)


def quiz_score(attempt: Attempt, settings: ActivitySettings) -> Decimal:
    """Return what an attempt came to in the points of the activity, not of its questions."""
    if not attempt.maximum:
        return Decimal(0)
    share = Fraction(attempt.score or 0) / Fraction(attempt.maximum)
    return round_score(share * Fraction(settings.quiz_points))


def percent_words(share: Decimal) -> str:
    """Write a share of 0 to 1 as a percentage."""
    return numbers.format_percent(share, format="#,##0.#%", locale=_locale())


def plural_number(count: Decimal) -> int:
    """Return a whole number that asks for the plural of a number that may have decimals."""
    return 1 if count == 1 else 2


def machine_time(at: datetime) -> str:
    """Write a moment for machines, in UTC to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_words(at: datetime, style: str = "full") -> str:
    """Write a moment in UTC with the zone named; style is `full`, `clock` or `day`."""
    moment = at.astimezone(UTC)
    day = dates.format_date(moment, "medium", locale=_locale())
    clock = f"{moment:%H:%M} UTC"
    return {"full": f"{day}, {clock}", "clock": clock, "day": day}[style]


def since_style(at: datetime) -> str:
    """Return how to write since when something is so: the time of day alone says enough today."""
    is_recent = abs(parts().now() - at) < timedelta(hours=18)
    return "clock" if is_recent else "full"


def member_name(membership: Membership) -> str:
    """Name a person in a course; where no name is known, by the order of arrival."""
    if membership.erased_at is not None:
        return str(gettext("Erased person %(number)s", number=membership.number))
    profile = membership.user.profile
    if profile is not None and profile.name:
        return profile.name
    if membership.is_test_user:
        return str(gettext("Test student"))
    return str(gettext("Student %(number)s", number=membership.number))


def person_name(name: str, number: int) -> str:
    """Name somebody of a course's list: by name, or by the order of arrival, if there is one."""
    if name:
        return name
    if number:
        return str(gettext("Student %(number)s", number=number))
    return str(gettext("Somebody without a name"))


def writer_name(reflection: Reflection, settings: ActivitySettings) -> str:
    """Name a writer; by a number while names are hidden and no grade is released."""
    if not settings.anonymous or reflection.assessment is not None:
        return member_name(reflection.membership)
    number = writer_number(reflection.activity_id, reflection.membership_id)
    return str(gettext("Writer %(number)s", number=number))


def user_name(user: User) -> str:
    """Name a person of a roster who has not opened the tool; some LMSs tell no names."""
    if user.profile is not None and user.profile.name:
        return user.profile.name
    return str(gettext("Somebody without a name"))


def module_text(markdown: str, module: Module) -> Markup:
    """Render blocks of a module's Markdown on the page that lists its sources."""
    return render(markdown, sources=module.sources)


def module_line(markdown: str, module: Module) -> Markup:
    """Render one line of a module's Markdown."""
    return render_inline(markdown, sources=module.sources)


def module_in_brief(module: Module, settings: ActivitySettings) -> str:
    """Say in a few words what an activity of a module holds and is worth."""
    words = [ngettext("about %(num)s minute", "about %(num)s minutes", module.minutes)]
    if settings.has_quiz:
        count = len(module.quiz.items)
        words.append(ngettext("%(num)s question", "%(num)s questions", count))
    if settings.has_reflection:
        count = len(settings.prompt_ids)
        words.append(ngettext("%(num)s reflection", "%(num)s reflections", count))
    points = score_words(settings.maximum)
    words.append(gettext("%(points)s points", points=points))
    return ", ".join(str(word) for word in words)


def minutes_words(minutes: int) -> str:
    """Write a length of time as people say it: 45 minutes, 1 hour and 30 minutes."""
    hours, rest = divmod(minutes, 60)
    words = []
    if hours:
        words.append(ngettext("%(num)s hour", "%(num)s hours", hours))
    if rest or not hours:
        words.append(ngettext("%(num)s minute", "%(num)s minutes", rest))
    return lists.format_list(words, locale=_locale())


def wait_words(minutes: int) -> str:
    """Write a wait as people say it: 7 days, 1 hour and 30 minutes."""
    number, unit = in_units(minutes)
    if unit is WaitUnit.DAYS:
        return str(ngettext("%(num)s day", "%(num)s days", number))
    return minutes_words(minutes)


def granted_words(granted: Accommodation) -> str:
    """Say what somebody is granted, apart from dates: 1.5 times the time and one more attempt."""
    words = _time_words(granted)
    if granted.extra_attempts:
        words.append(_attempt_words(granted.extra_attempts))
    return lists.format_list([str(each) for each in words], locale=_locale())


def held_words(held: Terms) -> str:
    """Say what of a grant makes a difference in this activity, with both limits."""
    base, settings, words = held.base, held.settings, []
    if not base.has_quiz:
        return ""
    if base.time_limit_minutes != settings.time_limit_minutes:
        time = lists.format_list([str(w) for w in _time_words(held.granted)], locale=_locale())
        own, common = (settings.time_limit_minutes or 0), (base.time_limit_minutes or 0)
        words.append(
            gettext(
                "%(more)s (%(own)s instead of %(common)s)",
                more=time,
                own=minutes_words(own),
                common=minutes_words(common),
            )
        )
    if base.attempts != settings.attempts:
        words.append(
            gettext(
                "%(more)s (%(own)s instead of %(common)s)",
                more=_attempt_words(held.granted.extra_attempts),
                own=settings.attempts,
                common=base.attempts,
            )
        )
    return lists.format_list([str(each) for each in words], locale=_locale())


def _time_words(granted: Accommodation) -> list[str]:
    words = []
    if granted.time_multiplier > 1:
        words.append(
            gettext("%(number)s times the time", number=score_words(granted.time_multiplier))
        )
    if granted.extra_minutes:
        words.append(ngettext("%(num)s more minute", "%(num)s more minutes", granted.extra_minutes))
    return words


def _attempt_words(count: int) -> str:
    return str(ngettext("one more attempt", "%(num)s more attempts", count))


def _locale() -> Locale:
    return get_locale() or Locale("en")
