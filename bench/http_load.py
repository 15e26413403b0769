"""A crowd of browsers: many plain HTTP requests at once, each on a connection of its own.

Written on bare sockets, because the crowd shares the machine with what it measures: a client with
every comfort costs more than the servers.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

_ANSWER_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; a ``form`` is posted."""

    url: str
    form: Mapping[str, str] | None = None
    cookies: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def written(self) -> tuple[str, int, bytes]:
        """Return the host, the port and the bytes to send."""
        parts = urlsplit(self.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        body = b"" if self.form is None else urlencode(self.form).encode()
        lines = [
            f"{'GET' if self.form is None else 'POST'} {path} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        if self.form is not None:
            lines += [
                "Content-Type: application/x-www-form-urlencoded",
                f"Content-Length: {len(body)}",
            ]
        head = "\r\n".join(lines) + "\r\n\r\n"
        return parts.hostname or "", parts.port or 80, head.encode() + body


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 is a connection that failed, with the reason as its body."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    seconds: float

    def header(self, name: str) -> str:
        """Return the first header of that name, empty for none."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    def cookies(self) -> dict[str, str]:
        """Return the cookies that the answer sets; one with an empty value was taken away."""
        found = {}
        for name, value in self.headers:
            if name.lower() == "set-cookie":
                key, _, content = value.partition(";")[0].partition("=")
                found[key.strip()] = content
        return found


def ask_all(asks: Iterable[Ask], *, at_once: int) -> list[Answer]:
    """Send all requests, at most ``at_once`` of them open at a time; answers keep the order."""
    return asyncio.run(_ask_all(list(asks), at_once))


async def _ask_all(asks: Sequence[Ask], at_once: int) -> list[Answer]:
    gate = asyncio.Semaphore(at_once)

    async def one(ask: Ask) -> Answer:
        async with gate:
            return await _ask(ask)

    return await asyncio.gather(*map(one, asks))


async def _ask(ask: Ask) -> Answer:
    host, port, content = ask.written()
    began = time.perf_counter()
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(content)
                whole = await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError) as failure:
        reason = f"{host}: {failure!r}".encode()
        return Answer(0, (), reason, time.perf_counter() - began)
    return _parsed(whole, time.perf_counter() - began)


def _parsed(whole: bytes, seconds: float) -> Answer:
    head, _, body = whole.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2:
        return Answer(0, (), b"closed without an answer", seconds)
    headers = [(k.strip(), v.strip()) for k, _, v in (line.partition(":") for line in lines)]
    return Answer(int(words[1]), headers, body, seconds)
