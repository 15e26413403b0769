"""What services need of the world outside, stated as protocols of plain values.

``lti/`` implements them for real platforms and ``tests/fakes.py`` for tests.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from sqlalchemy.orm import Session

from lti_alliance.domain.gradebook import LineItemRef, Result, Score
from lti_alliance.domain.notices import NoticeHandlersRef, NoticeType
from lti_alliance.domain.roster import Member, RosterRef

Acts = Callable[[], AbstractContextManager[Session]]
"""Begins an act: one transaction of its own, which the edge commits when the block ends."""

Clock = Callable[[], datetime]


class Gradebook(Protocol):
    """A platform's gradebook (AGS 2.0); every method raises ``PlatformError`` when it fails."""

    def post_score(self, line_item: LineItemRef, score: Score) -> int:
        """Tell the gradebook a score and return the HTTP status."""

    def read_result(self, line_item: LineItemRef, user_id: str) -> Result | None:
        """Return what the gradebook shows for a person, or nothing."""

    def list_results(self, line_item: LineItemRef) -> Mapping[str, Result]:
        """Return what the gradebook shows for everybody, by user id; all pages of it."""

    def find_line_item(self, line_item: LineItemRef) -> str | None:
        """Return the address of the link's one line item, or nothing.

        Raises ``PlatformRefused`` with the code ``line_item_ambiguous`` for several.
        """

    def create_line_item(self, line_item: LineItemRef, *, label: str, maximum: Decimal) -> str:
        """Give the link a line item and return its address."""


class NoticeHandlers(Protocol):
    """A platform's list of what it tells by itself (Platform Notification Service 1.0)."""

    def subscribe(
        self, handlers: NoticeHandlersRef, kinds: Sequence[NoticeType], address: str
    ) -> None:
        """Have these notices sent to an address; raises ``PlatformError`` when that fails."""


class Roster(Protocol):
    """A platform's list of who is in a course (NRPS 2.0)."""

    def list_members(self, roster: RosterRef) -> Sequence[Member]:
        """List everybody, each person once; raises ``PlatformError`` rather than list a part."""
