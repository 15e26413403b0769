"""Count the tool's calls: how many, to which endpoint, and how many scores at the same time."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Pair:
    """One person in one column, as a score message names them."""

    line_item: str
    user_id: str

    def __str__(self) -> str:
        return f"{self.line_item}/{self.user_id}"


@dataclass(eq=False, slots=True)
class ScoreInFlight:
    """One score call between its arrival and its answer."""

    pair: Pair
    connection: object

    @property
    def is_abandoned(self) -> bool:
        """Tell whether the caller has hung up: nothing is on its way for them any more."""
        if not isinstance(self.connection, socket.socket):
            return False
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True


@dataclass(slots=True)
class Stats:
    """One platform's counters, in memory only."""

    calls: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Counter[str]] = field(default_factory=dict)
    hosts: Counter[str] = field(default_factory=Counter)
    max_in_flight: int = 0
    in_flight: list[ScoreInFlight] = field(default_factory=list)
    most_of_pair: dict[Pair, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count_call(self, endpoint: str, *, host: str) -> None:
        """Count a call as it arrives."""
        with self.lock:
            self.calls[endpoint] += 1
            self.hosts[host] += 1

    def count_answer(self, endpoint: str, status: int | None) -> None:
        """Count an answer by its status; nothing stands for a dropped connection."""
        with self.lock:
            found = self.answers.setdefault(endpoint, Counter())
            found[DROPPED if status is None else str(status)] += 1

    def begin_score(self, pair: Pair, *, connection: object = None) -> ScoreInFlight:
        """Note a score call that has arrived, and how many there are now."""
        begun = ScoreInFlight(pair, connection)
        with self.lock:
            # The tool may have given up on a slow answer: that call is no longer in flight.
            self.in_flight = [each for each in self.in_flight if not each.is_abandoned]
            self.in_flight.append(begun)
            self.max_in_flight = max(self.max_in_flight, len(self.in_flight))
            of_pair = sum(each.pair == pair for each in self.in_flight)
            self.most_of_pair[pair] = max(of_pair, self.most_of_pair.get(pair, 0))
        return begun

    def end_score(self, call: ScoreInFlight) -> None:
        """Note that a score call is over; a second time does nothing."""
        with self.lock:
            if call in self.in_flight:
                self.in_flight.remove(call)

    def clear(self) -> None:
        """Count from nought again; calls in flight stay in flight."""
        with self.lock:
            self.calls.clear()
            self.answers.clear()
            self.hosts.clear()
            self.most_of_pair.clear()
            self.max_in_flight = len(self.in_flight)

    def report(self) -> dict[str, Any]:
        """Return the counters as JSON."""
        with self.lock:
            most = self.most_of_pair
            return {
                "calls": dict(self.calls),
                "answers": {name: dict(found) for name, found in self.answers.items()},
                "hosts": dict(self.hosts),
                "in_flight": len(self.in_flight),
                "max_in_flight": self.max_in_flight,
                "max_in_flight_per_pair": max(most.values(), default=0),
                "pairs": len(most),
                "crowded_pairs": {str(pair): count for pair, count in most.items() if count > 1},
            }
