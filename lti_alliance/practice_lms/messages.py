"""Remember the protocol messages that passed, for the page that shows them."""

from __future__ import annotations

import itertools
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from lti_alliance.practice_lms.keys import unverified_claims, unverified_header

KEPT = 400
LONGEST_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Message:
    """One message: what was asked and what was answered, with secrets cut."""

    id: int
    at: str
    platform: str
    kind: str
    way: str
    """`tool to LMS` or `LMS to tool`."""
    method: str
    url: str
    sent: Any
    status: int | None
    answered: Any


class MessageLog:
    """The last few hundred messages, in memory only."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Start empty."""
        self._now = now
        self._numbers = itertools.count(1)
        self._messages: deque[Message] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def add(
        self,
        platform: str,
        kind: str,
        *,
        way: str = "tool to LMS",
        method: str = "POST",
        url: str = "",
        sent: Any = None,
        status: int | None = None,
        answered: Any = None,
    ) -> None:
        """Note a message; tokens lose their signatures here."""
        at = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds")
        with self._lock:
            self._messages.append(
                Message(
                    next(self._numbers),
                    at,
                    platform,
                    kind,
                    way,
                    method,
                    url,
                    opened(sent),
                    status,
                    opened(answered),
                )
            )

    def newest_first(self) -> list[Message]:
        """Return the messages, newest first."""
        with self._lock:
            return list(reversed(self._messages))

    def to_json(self) -> list[dict[str, Any]]:
        """Return the messages as JSON, newest first."""
        return [asdict(each) for each in self.newest_first()]

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._messages.clear()


def opened(value: Any) -> Any:
    """Return the value with every token in it decoded and its signature gone."""
    if isinstance(value, Mapping):
        return {
            str(key): "(cut)" if key == "access_token" else opened(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [opened(each) for each in value]
    if isinstance(value, str):
        if value.startswith("ey") and value.count(".") == 2:
            return {
                "token header": unverified_header(value),
                "token payload": unverified_claims(value),
                "signature": "(cut)",
            }
        return value if len(value) <= LONGEST_TEXT else value[:LONGEST_TEXT] + "…"
    return value


def parsed(text: str) -> Any:
    """Return JSON text as JSON, other text as it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text
