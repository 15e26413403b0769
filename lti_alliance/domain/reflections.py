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

    @property
    def is_handed_in(self) -> bool:
        """Whether the writer has handed it in."""
        return self is not ReflectionState.DRAFT


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
    state: ReflectionState, settings: ActivitySettings, prompt_id: str, *, at: datetime
) -> None:
    """Raise the reason why the text can no longer be changed, if there is one."""
    if prompt_id not in settings.prompt_ids or not settings.has_reflection:
        raise AttemptClosed("reflection.not_asked")
    if state.is_handed_in:
        raise AlreadySubmitted("reflection.already_submitted")
    if settings.is_closed(at):
        raise AttemptClosed("activity.closed")
    if settings.is_not_open_yet(at):
        raise AttemptClosed("activity.not_open_yet")


def check_may_submit(text: str) -> None:
    """Raise ``InvalidInput`` for a text with no word in it; length is advice, never a bar."""
    if count_words(text) == 0:
        raise InvalidInput({"text": TEXT_EMPTY}, code="reflection.invalid")
