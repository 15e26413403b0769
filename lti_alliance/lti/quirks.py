"""Where platforms differ from the standard and from each other: one function per difference.

Each names the platform and the behaviour that it answers. What a platform's refusal of a score
means is ``domain/delivery.py``'s to say.
"""

from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from lti_alliance.domain.gradebook import Family, GradingProgress, LineItemRef, Score
from lti_alliance.lti.http import Answer

CANVAS_SUBMISSION = "https://canvas.instructure.com/lti/submission"
OWN_TAG = "lti-alliance"


def is_throttled(answer: Answer) -> bool:
    """Say whether the platform asks for fewer calls.

    Canvas answers 403 with a plain text when its bucket is full, and newer ones 429; taken for a
    refusal, a busy minute would block every score.
    """
    if answer.status == 429:
        return True
    remaining = answer.headers.get("X-Rate-Limit-Remaining", "")
    is_empty = remaining.strip() in ("0", "0.0")
    return answer.status == 403 and (is_empty or b"rate limit exceeded" in answer.body.lower())


def is_web_page(answer: Answer) -> bool:
    """Say whether a page for people came instead of an answer.

    A proxy or sign-in wall in front of any platform answers 200 with HTML, and so does Moodle
    with ``Content-Type: text/html`` for good answers: only the type and the body together tell.
    """
    is_html = "html" in answer.headers.get("Content-Type", "").lower()
    return is_html and answer.body.lstrip()[:1] == b"<"


def is_silent_refusal(answer: Answer) -> bool:
    """Say whether a score was refused with the status of success.

    Moodle puts its reason into the status line; where PHP refuses that header, the answer to a
    score that was not stored is 200 with ``[]``. A stored score is answered with no body at all.
    """
    return answer.body.strip() == b"[]"


def comment_to_send(family: str, score: Score) -> str:
    """Return the comment that goes with this score.

    Canvas appends a comment on every post, so each is sent once; Moodle forgets the comment with
    a score that brings none, so it goes with every score, as the standard has it.
    """
    if family == Family.CANVAS and not score.comment_is_new:
        return ""
    return score.comment


def submission_extension(family: str, score: Score) -> dict[str, Any]:
    """Return what Canvas wants to know about the submission behind a score; nothing elsewhere.

    Canvas takes every score for a new submission unless told otherwise, which uses up attempts
    when an instructor merely regrades.
    """
    if family != Family.CANVAS:
        return {}
    extension: dict[str, Any] = {"new_submission": score.new_submission}
    if score.grading_progress is not GradingProgress.FULLY_GRADED:
        # Anything else would empty the cell.
        extension["preserve_score"] = True
    if score.review_url:
        extension |= {"submission_type": "basic_lti_launch", "submission_data": score.review_url}
    return {CANVAS_SUBMISSION: extension}


def result_page_size(family: str) -> dict[str, str]:
    """Return the query that asks for large pages of results.

    Canvas gives ten at a time unless asked. Moodle gives all, and an error page when asked.
    """
    return {"limit": "100"} if family == Family.CANVAS else {}


def member_page_size(family: str) -> dict[str, str]:
    """Return the query that asks for pages of members.

    Canvas gives fifty at a time and never more. Moodle gives everybody in one answer unless asked,
    and the answer of a great course is longer than any that is read to its end.
    """
    return {"limit": "500"} if family == Family.MOODLE else {}


def new_line_item(line_item: LineItemRef, *, label: str, maximum: Decimal) -> dict[str, Any]:
    """Return the line item to ask for.

    Canvas answers 404 to a ``resourceLinkId`` that is no assignment's, so the new assignment
    carries the link's id in ``resourceId``; everywhere else the line item belongs to the link.
    """
    wanted: dict[str, Any] = {"label": label, "scoreMaximum": as_number(maximum), "tag": OWN_TAG}
    if line_item.family == Family.CANVAS:
        return wanted | {"resourceId": line_item.resource_link_id}
    return wanted | {"resourceLinkId": line_item.resource_link_id}


def is_made_for(line_item: LineItemRef, listed: dict[str, Any]) -> bool:
    """Say whether a listed line item is one that ``new_line_item`` asked Canvas for."""
    return (
        line_item.family == Family.CANVAS
        and listed.get("tag") == OWN_TAG
        and listed.get("resourceId") == line_item.resource_link_id
    )


def raised_to_https(url: str, *, like: str) -> str:
    """Return the address with https where the container's has it.

    Canvas behind a proxy names line items by http although its services are called by https.
    """
    parts, model = urlsplit(url), urlsplit(like)
    if parts.scheme == "http" and model.scheme == "https" and parts.netloc == model.netloc:
        return urlunsplit(parts._replace(scheme="https"))
    return url


def as_number(value: Decimal) -> int | float:
    """Return a decimal as the JSON number with the same digits."""
    return int(value) if value == value.to_integral_value() else float(value)
