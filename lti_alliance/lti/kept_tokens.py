"""Access tokens, kept in the database for every process and sealed there."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lti_alliance.models import AccessToken, Registration
from lti_alliance.models.statements import insert_for
from lti_alliance.sealing import Sealer

Acts = Callable[[], AbstractContextManager[Session]]
Clock = Callable[[], datetime]

RENEWED_BEFORE_END = timedelta(seconds=60)

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """What was found a moment ago, for the threads of this process."""

    def __init__(self) -> None:
        self._found: dict[Key, tuple[float, Value]] = {}

    def find(self, key: Key) -> Value | None:
        """Return what was kept, while it is recent."""
        until, value = self._found.get(key, (0.0, None))
        return value if time.monotonic() < until else None

    def keep(self, key: Key, value: Value, *, for_s: float) -> None:
        """Keep a value for so many seconds; for none it is not kept at all."""
        if for_s > 0:
            self._found[key] = time.monotonic() + for_s, value

    def drop(self, key: Key) -> None:
        """Forget what was kept."""
        self._found.pop(key, None)


class KeptTokens:
    """The access tokens of all registrations, one for each set of scopes.

    What was read is good for ``kept_for_s`` seconds without another look.
    """

    def __init__(self, *, acts: Acts, sealer: Sealer, now: Clock, kept_for_s: float) -> None:
        self._acts = acts
        self._sealer = sealer
        self._now = now
        self._kept_for_s = kept_for_s
        self._texts: Recent[tuple[UUID, str], str] = Recent()
        self._locks: defaultdict[tuple[UUID, str], threading.Lock] = defaultdict(threading.Lock)
        self._guard = threading.Lock()

    @contextmanager
    def one_at_a_time(self, registration: Registration, scopes: str) -> Iterator[None]:
        """Let one thread of this process ask for a token while the others wait for it."""
        with self._guard:
            lock = self._locks[registration.id, scopes]
        with lock:
            yield

    def find(self, registration: Registration, scopes: str) -> str | None:
        """Return the kept token, unless it is about to end."""
        if text := self._texts.find((registration.id, scopes)):
            return text
        with self._acts() as session:
            kept = session.scalar(
                select(AccessToken)
                .where(*self._place(registration, scopes))
                .execution_options(populate_existing=True)
            )
        if kept is None or kept.expires_at - RENEWED_BEFORE_END <= self._now():
            return None
        text = self._sealer.open_text(kept.sealed_token, purpose=_purpose(registration, scopes))
        self._texts.keep((registration.id, scopes), text, for_s=self._kept_for_s)
        return text

    def keep(
        self, registration: Registration, scopes: str, text: str, *, expires_at: datetime
    ) -> None:
        """Keep a token; of two workers that fetched one at once, the later one's stays."""
        values = {
            "sealed_token": self._sealer.seal_text(text, purpose=_purpose(registration, scopes)),
            "expires_at": expires_at,
        }
        place = {
            "registration_id": registration.id,
            "token_host": urlsplit(registration.auth_token_url).netloc,
            "scopes": scopes,
        }
        with self._acts() as session:
            session.execute(
                insert_for(session, AccessToken)
                .values(**place, **values)
                .on_conflict_do_update(index_elements=list(place), set_=values)
            )

    def drop(self, registration: Registration, scopes: str, refused: str) -> None:
        """Forget a token that the platform does not take any more, but none that came after it."""
        self._texts.drop((registration.id, scopes))
        if self.find(registration, scopes) != refused:
            return
        self._texts.drop((registration.id, scopes))
        with self._acts() as session:
            session.execute(
                delete(AccessToken)
                .where(*self._place(registration, scopes))
                .execution_options(synchronize_session=False)
            )

    def _place(self, registration: Registration, scopes: str) -> tuple[Any, ...]:
        return (
            AccessToken.registration_id == registration.id,
            AccessToken.token_host == urlsplit(registration.auth_token_url).netloc,
            AccessToken.scopes == scopes,
        )


def _purpose(registration: Registration, scopes: str) -> str:
    host = urlsplit(registration.auth_token_url).netloc
    return f"access-token:{registration.id}:{host}:{scopes}"
