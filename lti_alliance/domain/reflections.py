"""Reflections: their states, the words in them, and what may happen next and why not."""

import re
import unicodedata
from datetime import datetime
from enum import StrEnum

from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.errors import AlreadySubmitted, AttemptClosed, InvalidInput

MAX_TEXT_LENGTH = 60_000
"""Characters; far above any prompt, far below what would burden a page."""

# Messages for the person who writes, without values, so that the edge can translate them.
TEXT_TOO_LONG = "This text is too long to be saved. Shorten it to 60,000 characters."
TEXT_UNREADABLE = "Remove the characters that cannot be displayed."
TEXT_EMPTY = "Write something before you hand it in."

_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")


class ReflectionState(StrEnum):
    """Where a reflection is in its life."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    """Handed in; it waits for the instructor."""
    GRADED = "graded"
    RETURNED = "returned"
    """Given back to its writer, who may change it and hand it in again."""
    FROZEN = "frozen"
    """Held because it may identify somebody, until that has been decided."""

    @property
    def is_handed_in(self) -> bool:
        """Whether the writer has handed it in, now or before."""
        return self is not ReflectionState.DRAFT

    @property
    def is_with_writer(self) -> bool:
        """Whether the writer may write in it."""
        return self in (ReflectionState.DRAFT, ReflectionState.RETURNED)


def clean_text(text: str) -> str:
    """Return the text as it is kept: plain, with line feeds.

    Raises ``InvalidInput`` for control characters, lone surrogates and texts that are too long.
    Markup is kept as the characters it is made of; pages escape it.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    readable = lines.replace("\n", "").replace("\t", "")
    if any(unicodedata.category(mark) in ("Cc", "Cs") for mark in readable):
        raise InvalidInput({"text": TEXT_UNREADABLE}, code="reflection.invalid")
    if len(lines) > MAX_TEXT_LENGTH:
        raise InvalidInput({"text": TEXT_TOO_LONG}, code="reflection.invalid")
    return lines


def count_words(text: str) -> int:
    """Count words as a person would: letters and digits, held together by hyphens, apostrophes."""
    return len(_WORD.findall(text))


def check_may_write(
    state: ReflectionState,
    settings: ActivitySettings,
    prompt_id: str,
    *,
    at: datetime,
    returned_until: datetime | None = None,
) -> None:
    """Raise the reason why the text can no longer be changed, if there is one.

    A date given with the return takes the place of the close.
    """
    if prompt_id not in settings.prompt_ids or not settings.has_reflection:
        raise AttemptClosed("reflection.not_asked")
    if not state.is_with_writer:
        raise AlreadySubmitted("reflection.already_submitted")
    if is_over(state, settings, at=at, returned_until=returned_until):
        raise AttemptClosed("activity.closed")
    if settings.is_not_open_yet(at):
        raise AttemptClosed("activity.not_open_yet")


def is_over(
    state: ReflectionState,
    settings: ActivitySettings,
    *,
    at: datetime,
    returned_until: datetime | None = None,
) -> bool:
    """Say whether the time for writing is over."""
    if state is ReflectionState.RETURNED and returned_until is not None:
        return at >= returned_until
    return settings.is_closed(at)


def returns_left(settings: ActivitySettings, versions: int) -> int:
    """Return how often a text with so many handed-in versions may still be returned."""
    return max(0, settings.resubmissions - max(0, versions - 1))


def check_may_submit(text: str) -> None:
    """Raise ``InvalidInput`` for a text with no word in it; length is advice, never a bar."""
    if count_words(text) == 0:
        raise InvalidInput({"text": TEXT_EMPTY}, code="reflection.invalid")
