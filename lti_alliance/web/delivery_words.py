"""Why a score is not in the gradebook, in the language of the reader."""

from flask_babel import gettext

from lti_alliance.domain.delivery_reasons import REASONS, Reason


def reason_words(code: str) -> str:
    """Put a reason into words; an unknown one, from an older version, says nothing."""
    try:
        return str(gettext(REASONS[Reason(code)]))
    except ValueError:
        return ""
