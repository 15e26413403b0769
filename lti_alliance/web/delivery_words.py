"""Why a score is not in the gradebook, in the language of the reader."""

from flask_babel import gettext

from lti_alliance.domain.delivery_reasons import REASONS, Reason

_NO_READING = frozenset({Reason.SCOPE_MISSING, Reason.SCOPE_REFUSED, Reason.ACCESS_REFUSED})


def reason_words(code: str) -> str:
    """Put a reason into words; an unknown one, from an older version, says nothing."""
    try:
        return str(gettext(REASONS[Reason(code)]))
    except ValueError:
        return ""


def reading_words(code: str) -> str:
    """Put into words why a column of the gradebook cannot be read."""
    if code in _NO_READING:
        return str(gettext("Your LMS lets this tool send scores, but not read the gradebook."))
    if code == Reason.FINDING_LINE_ITEM:
        return str(gettext("This activity's column is not known yet: a score has to find it."))
    if code == Reason.NO_LINE_ITEM:
        return str(gettext("This link has no column in the gradebook."))
    return reason_words(code)
