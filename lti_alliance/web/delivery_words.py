"""Why a score is not in the gradebook, in words for the instructor: what it is, what to do."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from lti_alliance.domain.delivery import Reason

_ADMIN = _("The LMS refused this tool. Ask your LMS administrator to check the tool's setup.")
_AWAY = _("The LMS is not answering. It is tried again by itself.")
_OURS = _("The LMS could not read what was sent. Please report this to the tool's support.")

REASONS: Mapping[Reason, LazyString] = {
    Reason.NO_LINE_ITEM: _(
        "This link has no column in the gradebook. Make it a graded activity in the LMS, then "
        "open it once."
    ),
    Reason.FINDING_LINE_ITEM: _("The column in the gradebook is being looked for."),
    Reason.LINE_ITEM_AMBIGUOUS: _(
        "Several columns of the gradebook fit this link. Open the link once as an instructor."
    ),
    Reason.LINE_ITEM_GONE: _(
        "The column is gone from the gradebook. Open the link once as an instructor."
    ),
    Reason.LINE_ITEM_NOT_OURS: _("The column in the gradebook belongs to another tool."),
    Reason.HOST_HELD: _(
        "The LMS named a new address for grades, which an administrator of this tool has to "
        "approve first."
    ),
    Reason.REGISTRATION_DISABLED: _("The connection of your institution is switched off."),
    Reason.SCOPE_MISSING: _(
        "The LMS does not let this tool write grades. Ask your LMS administrator to allow it."
    ),
    Reason.SCOPE_REFUSED: _(
        "The LMS does not let this tool write grades. Ask your LMS administrator to allow it."
    ),
    Reason.ACCESS_REFUSED: _ADMIN,
    Reason.TOKEN_REFUSED: _ADMIN,
    Reason.TOKEN_MALFORMED: _ADMIN,
    Reason.UNREACHABLE: _AWAY,
    Reason.CERTIFICATE_REFUSED: _("The certificate of the LMS is not valid."),
    Reason.ADDRESS_REFUSED: _("The LMS named an address for grades that may not be used."),
    Reason.ADDRESS_MOVED: _(
        "The gradebook has moved to another address. Open the link once as an instructor."
    ),
    Reason.PLATFORM_DOWN: _AWAY,
    Reason.RATE_LIMITED: _("The LMS asked this tool to slow down. It goes on by itself."),
    Reason.NO_ANSWER: _("The LMS did not confirm it. It is being checked."),
    Reason.UNEXPECTED_ANSWER: _("The LMS answered something unexpected. It is tried again."),
    Reason.EARLIER_TIMESTAMP: _("The gradebook has a newer entry. It is being checked."),
    Reason.NOT_TOLD_YET: _("The gradebook does not show it yet. It is sent again."),
    Reason.NOT_IN_COURSE: _("The LMS says that this person is no student of the course now."),
    Reason.NOT_GRADED: _("The activity is not graded in the LMS."),
    Reason.COURSE_CONCLUDED: _("The course has ended in the LMS, so its gradebook is closed."),
    Reason.UNPUBLISHED: _("The assignment is not published in the LMS. Publish it there."),
    Reason.GRADING_CLOSED: _("Grading is closed for this assignment in the LMS."),
    Reason.ATTEMPTS_USED_UP: _("The LMS counts more submissions than the assignment allows."),
    Reason.SCORE_REFUSED: _("The LMS refused the score."),
    Reason.SCORE_MALFORMED: _OURS,
    Reason.CHANGED_IN_LMS: _("The grade was changed in the LMS. That grade stands."),
    Reason.NOTHING_TO_SEND: _("There is no score to send."),
    Reason.INTERNAL_ERROR: _("Something went wrong on our side. It is tried again."),
}


def reason_words(code: str) -> str:
    """Put a reason into words; an unknown one, from an older version, says little."""
    try:
        return str(REASONS[Reason(code)])
    except ValueError:
        return ""
