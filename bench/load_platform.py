"""A platform that only bears load: key set, token, scores, results and members, on one loop.

Run as ``python -m bench.load_platform --port PORT --key FILE``. It judges no scope and knows no
course: what a platform refuses is the practice LMS's to show. What can be set, while it runs, by
posting JSON to ``/_bench/set``:

- ``latency_s``: how long every call of a service waits before it is taken;
- ``fault_share``: which share of score posts is answered 503, evenly spread;
- ``token_lifetime_s``: for how long a token is good; an older one is answered 401;
- ``token_promised_s``: for how long a token is said to be good, where that is not the truth;
- ``members``: how many people the roster has.

What it was told of a column is at ``/_bench/column/ITEM``: for each person how many scores were
taken, the last one, and how many of them bore a time no later than the one before.
"""

import argparse
import asyncio
import json
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_REASONS = {200: "OK", 204: "No Content", 401: "Unauthorized", 404: "Not Found", 503: "Unavailable"}


@dataclass
class Settings:
    """What the platform is told to be like."""

    latency_s: float = 0.0
    fault_share: float = 0.0
    token_lifetime_s: float = 3600.0
    token_promised_s: float = 0.0
    members: int = 100


@dataclass(slots=True)
class Cell:
    """What the platform was told of one person in one column."""

    told: dict[str, Any] = field(default_factory=dict)
    """The last score."""
    count: int = 0
    disordered: int = 0
    """How many bore a time no later than the one before, as only a wrong order brings about."""


@dataclass
class Column:
    """What the platform was told of one line item."""

    cells: dict[str, Cell] = field(default_factory=dict)
    filled_at: float = 0.0
    """When a person's first score came in last, on the machine's monotonic clock."""
    told_at: float = 0.0
    """When the last score came in."""

    def take(self, told: dict[str, Any]) -> None:
        """Keep a score."""
        self.told_at = time.monotonic()
        cell = self.cells.get(told["userId"])
        if cell is None:
            cell = self.cells[told["userId"]] = Cell()
            self.filled_at = time.monotonic()
        elif told["timestamp"] <= cell.told["timestamp"]:
            # Written alike by the sender, in UTC: the texts sort as the moments do.
            cell.disordered += 1
        cell.told = told
        cell.count += 1


@dataclass
class Book:
    """What the platform was told."""

    columns: dict[str, Column] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    connections: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    def scores(self) -> dict[str, dict[str, Any]]:
        """Return the last score of each person, by line item and user."""
        return {
            f"{name} {sub}": cell.told
            for name, column in self.columns.items()
            for sub, cell in column.cells.items()
        }

    def column(self, name: str) -> Column:
        """Return what was told of a line item."""
        if name not in self.columns:
            self.columns[name] = Column()
        return self.columns[name]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()

    def written(self) -> bytes:
        """Return the bytes to send."""
        body = b"" if self.body is None else json.dumps(self.body).encode()
        lines = [
            f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Answer')}",
            f"Content-Length: {len(body)}",
            "Content-Type: application/json",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Platform:
    """The platform behind one port."""

    def __init__(self, base_url: str, jwks: dict[str, Any]) -> None:
        self._base_url = base_url
        self._jwks = jwks
        self._settings = Settings()
        self._book = Book()
        self._tokens: dict[str, float] = {}
        self._posts = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests until the other side closes it."""
        self._book.connections += 1
        try:
            while request := await _read(reader):
                reply = await self._reply(*request)
                writer.write(reply.written())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _reply(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        parts = urlsplit(target)
        path, query = parts.path, parse_qs(parts.query)
        if path.startswith("/_bench/"):
            return self._own(path.removeprefix("/_bench/"), body)
        book = self._book
        book.calls[f"{method} {path.rsplit('/', 1)[-1]}"] += 1
        if path == "/keys":
            return Reply(200, self._jwks)
        book.in_flight += 1
        book.most_in_flight = max(book.most_in_flight, book.in_flight)
        if self._settings.latency_s:
            await asyncio.sleep(self._settings.latency_s)
        reply = self._serve(method, path, query, headers, body)
        book.in_flight -= 1
        book.statuses[reply.status] += 1
        return reply

    def _serve(
        self,
        method: str,
        path: str,
        query: dict[str, list[str]],
        headers: dict[str, str],
        body: bytes,
    ) -> Reply:
        if path == "/token":
            return self._token()
        if time.monotonic() > self._tokens.get(headers.get("authorization", "")[7:], 0.0):
            return Reply(401, {"error": "invalid_token"})
        if path == "/members":
            return self._members(query)
        if path.endswith("/scores") and method == "POST":
            return self._score(path, json.loads(body))
        if path.endswith("/results"):
            return Reply(200, self._results(path, query))
        return Reply(404)

    def _own(self, name: str, body: bytes) -> Reply:
        if name == "set":
            for key, value in json.loads(body).items():
                setattr(self._settings, key, value)
            # Faults are counted out from here on.
            self._posts = 0
        if name == "drop_tokens":
            self._tokens.clear()
        if name == "clear":
            self._book = Book()
        if name.startswith("column/"):
            return Reply(200, self._column(self._book.column(name.removeprefix("column/"))))
        if name.startswith("progress/"):
            column = self._book.column(name.removeprefix("progress/"))
            return Reply(
                200,
                {
                    "people": len(column.cells),
                    "filled_at": column.filled_at,
                    "told_at": column.told_at,
                },
            )
        return Reply(
            200,
            {
                "calls": self._book.calls,
                "statuses": self._book.statuses,
                "connections": self._book.connections,
                "most_in_flight": self._book.most_in_flight,
                "people": sum(len(each.cells) for each in self._book.columns.values()),
                "filled_at": max(
                    (each.filled_at for each in self._book.columns.values()), default=0
                ),
                "scores": self._book.scores() if name == "scores" else None,
            },
        )

    @staticmethod
    def _column(column: Column) -> dict[str, Any]:
        return {
            sub: {
                "score": cell.told.get("scoreGiven"),
                "count": cell.count,
                "disordered": cell.disordered,
            }
            for sub, cell in column.cells.items()
        }

    def _token(self) -> Reply:
        token = uuid.uuid4().hex
        lifetime_s = self._settings.token_lifetime_s
        self._tokens[token] = time.monotonic() + lifetime_s
        promised_s = self._settings.token_promised_s or lifetime_s
        return Reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": promised_s})

    def _score(self, path: str, told: dict[str, Any]) -> Reply:
        # Evenly spread and not at random, so that two runs meet the same number.
        before, self._posts = self._posts, self._posts + 1
        share = self._settings.fault_share
        if int(self._posts * share) > int(before * share):
            return Reply(503)
        self._book.column(path.split("/")[-2]).take(told)
        return Reply(200, {"resultUrl": f"{self._base_url}{path}/result"})

    def _results(self, path: str, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        cells = self._book.column(path.split("/")[-2]).cells
        wanted = query.get("user_id", list(cells))
        return [
            {
                "id": f"{self._base_url}{path}/{sub}",
                "userId": sub,
                "resultScore": cells[sub].told.get("scoreGiven"),
                "resultMaximum": cells[sub].told.get("scoreMaximum"),
            }
            for sub in wanted
            if sub in cells
        ]

    def _members(self, query: dict[str, list[str]]) -> Reply:
        first = int(query.get("from", ["0"])[0])
        limit = int(query.get("limit", ["100"])[0])
        last = min(first + limit, self._settings.members)
        people = [
            {"user_id": f"student-{number}", "name": f"Student {number}", "roles": ["Learner"]}
            for number in range(first, last)
        ]
        more = f'<{self._base_url}/members?from={last}&limit={limit}>; rel="next"'
        headers = (("Link", more),) if last < self._settings.members else ()
        return Reply(200, {"id": "members", "context": {"id": "bench"}, "members": people}, headers)


async def _read(
    reader: asyncio.StreamReader,
) -> tuple[str, str, dict[str, str], bytes] | None:
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return method, target, headers, body


async def _serve(port: int, jwks: dict[str, Any]) -> None:
    platform = Platform(f"http://127.0.0.1:{port}", jwks)
    server = await asyncio.start_server(platform.serve, "127.0.0.1", port, backlog=2048)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="python -m bench.load_platform")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--keys", type=Path, required=True, help="the key set to publish")
    chosen = parser.parse_args()
    asyncio.run(_serve(chosen.port, json.loads(chosen.keys.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
