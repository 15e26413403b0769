"""Who wrote what: the database itself notes which host claimed and recorded each delivery.

A trigger on the deliveries writes down the address that each change came from. The tool knows
nothing of it; what a host that was cut off still holds, and who took it over, is read here.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

_TABLE = """
CREATE TABLE bench_writes (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    host text NOT NULL,
    delivery_id uuid NOT NULL,
    token_before text NOT NULL,
    token_after text NOT NULL
)
"""
_FUNCTION = """
CREATE FUNCTION bench_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench_writes (host, delivery_id, token_before, token_after)
    VALUES (coalesce(host(inet_client_addr()), ''), NEW.id, OLD.lease_token, NEW.lease_token);
    RETURN NULL;
END
$$
"""
_TRIGGER = """
CREATE TRIGGER bench_note AFTER UPDATE ON score_deliveries
FOR EACH ROW EXECUTE FUNCTION bench_note()
"""


@dataclass(frozen=True, slots=True)
class Write:
    """One change of a delivery: from where, and whose it was before and afterwards."""

    at: datetime
    host: str
    delivery_id: object
    token_before: str
    token_after: str

    @property
    def is_claim(self) -> bool:
        """Whether somebody took the delivery."""
        return bool(self.token_after) and self.token_after != self.token_before

    @property
    def is_takeover(self) -> bool:
        """Whether somebody took what another had taken and not brought back."""
        return self.is_claim and bool(self.token_before)


class Witness:
    """Reads the notes."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+psycopg:", "postgresql:")
        with psycopg.connect(self._url) as connection:
            for statement in (_TABLE, _FUNCTION, _TRIGGER):
                connection.execute(statement)

    def writes(self) -> Sequence[Write]:
        """Return all changes in their order."""
        with (
            psycopg.connect(self._url) as connection,
            connection.cursor(row_factory=class_row(Write)) as cursor,
        ):
            return cursor.execute(
                "SELECT at, host, delivery_id, token_before, token_after"
                " FROM bench_writes ORDER BY id"
            ).fetchall()

    def held_by(self, host: str) -> set[tuple[object, str]]:
        """Return the deliveries that a host has claimed and not brought back, with its tokens."""
        with psycopg.connect(self._url) as connection:
            found = connection.execute(
                "SELECT d.id, d.lease_token FROM score_deliveries d"
                " JOIN bench_writes w ON w.delivery_id = d.id AND w.token_after = d.lease_token"
                " AND w.token_before <> w.token_after WHERE d.lease_token <> '' AND w.host = %s",
                (host,),
            ).fetchall()
        return set(found)

    def is_at_rest(self, host: str) -> bool:
        """Say whether no session of a host is in the middle of a transaction."""
        with psycopg.connect(self._url) as connection:
            return not connection.execute(
                "SELECT FROM pg_stat_activity WHERE host(client_addr) = %s AND state <> 'idle'",
                (host,),
            ).fetchall()


class Departure:
    """Notes, in a thread of its own, when the server lets go of the last session of a host."""

    def __init__(self, url: str, host: str) -> None:
        self._url = url.replace("postgresql+psycopg:", "postgresql:")
        self._host = host
        self._began = time.monotonic()
        self._stop = threading.Event()
        self.after_s: float | None = None
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def wait(self, within_s: float) -> float | None:
        """Wait until it has happened, so long at most since the beginning."""
        self._thread.join(max(0.0, within_s - (time.monotonic() - self._began)))
        self._stop.set()
        self._thread.join(5)
        return self.after_s

    def _look(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stop.wait(0.2):
                (count,) = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE host(client_addr) = %s",
                    (self._host,),
                ).fetchone() or (0,)
                if not count:
                    self.after_s = time.monotonic() - self._began
                    return
