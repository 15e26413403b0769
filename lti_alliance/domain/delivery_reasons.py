"""Why a score is not (yet) in the gradebook: stable codes and what each means to a person."""

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Why a delivery is where it is."""

    NO_LINE_ITEM = "no_line_item"
    FINDING_LINE_ITEM = "finding_line_item"
    LINE_ITEM_AMBIGUOUS = "line_item_ambiguous"
    LINE_ITEM_GONE = "line_item_gone"
    LINE_ITEM_NOT_OURS = "line_item_not_ours"
    HOST_HELD = "host_held"
    REGISTRATION_DISABLED = "registration_disabled"
    SCOPE_MISSING = "scope_missing"
    SCOPE_REFUSED = "scope_refused"
    ACCESS_REFUSED = "access_refused"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 -- a reason, not a password
    TOKEN_MALFORMED = "token_malformed"  # noqa: S105
    UNREACHABLE = "unreachable"
    CERTIFICATE_REFUSED = "certificate_refused"
    ADDRESS_REFUSED = "address_refused"
    ADDRESS_MOVED = "address_moved"
    PLATFORM_DOWN = "platform_down"
    RATE_LIMITED = "rate_limited"
    NO_ANSWER = "no_answer"
    UNEXPECTED_ANSWER = "unexpected_answer"
    EARLIER_TIMESTAMP = "earlier_timestamp"
    CLOCK_AHEAD = "clock_ahead"
    NOT_TOLD_YET = "not_told_yet"
    SUPERSEDED = "superseded"
    CONFIRMING = "confirming"
    LOST_IN_LMS = "lost_in_lms"
    NOT_IN_COURSE = "not_in_course"
    NOT_GRADED = "not_graded"
    COURSE_CONCLUDED = "course_concluded"
    UNPUBLISHED = "unpublished"
    GRADING_CLOSED = "grading_closed"
    ATTEMPTS_USED_UP = "attempts_used_up"
    SCORE_REFUSED = "score_refused"
    SCORE_MALFORMED = "score_malformed"
    CHANGED_IN_LMS = "changed_in_lms"
    LOWERED_IN_LMS = "lowered_in_lms"
    MAXIMUM_CHANGED = "maximum_changed"
    KEPT_BY_LMS = "kept_by_lms"
    GONE_FROM_LMS = "gone_from_lms"
    NOTHING_TO_SEND = "nothing_to_send"
    INTERNAL_ERROR = "internal_error"


def _(sentence: str) -> str:
    # Marks a sentence for translation; the edge translates it when it is shown.
    return sentence


REASONS: Mapping[Reason, str] = {
    Reason.NO_LINE_ITEM: _(
        "This link has no column in the gradebook. If this page offers to make one, do that; "
        "otherwise make it a graded activity in your LMS and open it once from the course."
    ),
    Reason.FINDING_LINE_ITEM: _("Looking for this activity's column in the gradebook."),
    Reason.LINE_ITEM_AMBIGUOUS: _(
        "The gradebook has several columns for this activity, and the right one is not known. "
        "Delete the columns that are not wanted, then open the activity once from the course."
    ),
    Reason.LINE_ITEM_GONE: _(
        "The gradebook column no longer exists, or the course is outside its dates. "
        "Open the activity once from the course."
    ),
    Reason.LINE_ITEM_NOT_OURS: _(
        "The gradebook column belongs to another tool. Place the activity in the course again."
    ),
    Reason.HOST_HELD: _(
        "Your LMS named a new address for its gradebook. Ask an administrator of this tool to "
        "approve it; scores go out by themselves afterwards."
    ),
    Reason.REGISTRATION_DISABLED: _(
        "The connection to your LMS is switched off in this tool. Ask an administrator of this "
        "tool; scores go out by themselves once it is on again."
    ),
    Reason.SCOPE_MISSING: _(
        "Your LMS does not let this tool send scores. Ask its administrator to allow it, then "
        "open the activity once from the course."
    ),
    Reason.SCOPE_REFUSED: _(
        "Your LMS no longer lets this tool send scores. Ask its administrator to allow it again, "
        "then send the score again."
    ),
    Reason.ACCESS_REFUSED: _(
        "Your LMS refused access to the gradebook. Ask its administrator whether the tool is "
        "still switched on for this course, then send the score again."
    ),
    Reason.TOKEN_REFUSED: _(
        "Your LMS does not recognize this tool. Ask its administrator to compare the tool's "
        "setup on both sides; scores go out by themselves afterwards."
    ),
    Reason.TOKEN_MALFORMED: _(
        "When this tool signed in to your LMS, the answer could not be read. It is tried again by "
        "itself; if this lasts, tell the administrator of your LMS."
    ),
    Reason.UNREACHABLE: _("Your LMS cannot be reached. It is tried again by itself."),
    Reason.CERTIFICATE_REFUSED: _(
        "The security certificate of your LMS is not valid, so nothing is sent to it. Please "
        "tell the administrator of your LMS."
    ),
    Reason.ADDRESS_REFUSED: _(
        "The gradebook's address is not one that this tool may call. Please tell an "
        "administrator of this tool."
    ),
    Reason.ADDRESS_MOVED: _(
        "The gradebook has moved to another address. Open the activity once from the course."
    ),
    Reason.PLATFORM_DOWN: _("Your LMS is having trouble. It is tried again by itself."),
    Reason.RATE_LIMITED: _("Your LMS asked this tool to slow down. It goes on by itself."),
    Reason.NO_ANSWER: _(
        "Your LMS did not answer. Whether the score arrived is looked up before it is sent again."
    ),
    Reason.UNEXPECTED_ANSWER: _(
        "Something other than the gradebook answered, such as a sign-in page. It is tried again "
        "by itself."
    ),
    Reason.EARLIER_TIMESTAMP: _(
        "The gradebook already holds something newer. The score is checked, or sent again, by "
        "itself."
    ),
    Reason.CLOCK_AHEAD: _(
        "The clocks of your LMS and of this tool differ, so the work seems to come from the "
        "future. The score is sent again by itself; please tell an administrator of this tool."
    ),
    Reason.NOT_TOLD_YET: _("The score has not arrived yet and is sent again by itself."),
    Reason.SUPERSEDED: _("A newer score was there before this one had been confirmed."),
    Reason.CONFIRMING: _(
        "Your LMS took the score. The gradebook is read once more, since a grade that somebody set "
        "there may stand over it."
    ),
    Reason.LOST_IN_LMS: _(
        "The gradebook no longer showed the score that it had confirmed. It is sent again by "
        "itself."
    ),
    Reason.NOT_IN_COURSE: _(
        "According to your LMS this person is not, or not any more, a student of the course. If "
        "that is wrong, mend it there, then send the score again."
    ),
    Reason.NOT_GRADED: _(
        "This person is not a student here, so no score is sent. If that is wrong, they should "
        "open the activity once as a student."
    ),
    Reason.COURSE_CONCLUDED: _(
        "The course has ended in your LMS, so its gradebook takes no scores. Extend its dates "
        "there, then send the score again."
    ),
    Reason.UNPUBLISHED: _("The assignment is not published in your LMS. Publish it there."),
    Reason.GRADING_CLOSED: _(
        "Your LMS does not take grades for this assignment at this time, for instance because "
        "the grading period is closed. Open it there, then send the score again."
    ),
    Reason.ATTEMPTS_USED_UP: _(
        "The assignment allows no more attempts in your LMS. Raise the number there, then send "
        "the score again."
    ),
    Reason.SCORE_REFUSED: _(
        "Your LMS refused the score. Most often the person is not, or not any more, a student "
        "of the course. If that is wrong, mend it there, then send the score again."
    ),
    Reason.SCORE_MALFORMED: _(
        "Your LMS could not read the score. This is a fault of the tool: please report it."
    ),
    Reason.CHANGED_IN_LMS: _(
        "Somebody changed this score in the gradebook, and that value is left as it is. Send the "
        "score again if it should replace it."
    ),
    Reason.LOWERED_IN_LMS: _(
        "The gradebook shows less than was sent: your LMS took something off for lateness, or "
        "somebody changed the score there. This tool cannot tell which, so the value is left as "
        "it is. Send the score again if it should replace it; a late penalty is then taken off "
        "again."
    ),
    Reason.MAXIMUM_CHANGED: _(
        "The points of the gradebook column were changed in your LMS without rescaling this "
        "score. Send the score again if it should be rescaled."
    ),
    Reason.GONE_FROM_LMS: _(
        "The gradebook shows no score here although it took it twice: somebody took it away, or "
        "the person is not listed in the course any more. Send the score again if it should be "
        "there."
    ),
    Reason.KEPT_BY_LMS: _(
        "Your LMS took the score and still shows a grade that somebody set there. Take that grade "
        "back in the gradebook (in Moodle: switch off “Overridden”), then send the score again."
    ),
    Reason.NOTHING_TO_SEND: _("There is no complete score to send yet."),
    Reason.INTERNAL_ERROR: _("Something went wrong in this tool. It tries again by itself."),
}
"""What each reason means to an instructor, and what to do next where there is something to do."""
