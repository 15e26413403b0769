"""A load balancer without a memory for visitors: each connection goes to the next host in turn.

It takes turns for each client address by itself, so that two requests of one browser on two
connections never go to the same host while both are up. A host that takes no connection in time is
left out for a while; a host that is cut off in the middle of an answer costs that answer, which
the browser sees as a closed connection. It looks into no request.
"""

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

CONNECT_WITHIN_S = 0.5
ANSWER_WITHIN_S = 3.0
LEFT_OUT_S = 2.0
_CHUNK = 65_536

Address = tuple[str, int]


@dataclass
class Counts:
    """What has passed."""

    taken: Counter[str] = field(default_factory=Counter)
    """Connections that a host took, by host."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Connections that went elsewhere, because a host took none."""
    broken: Counter[str] = field(default_factory=Counter)
    """Connections that a host took and never answered."""
    same_again: int = 0
    """Connections that went to the host of the client's last one."""
    refused: int = 0
    """Connections that no host took."""


class Balancer:
    """A balancer on a port of this machine, in a thread of its own."""

    def __init__(self, port: int, hosts: Sequence[Address]) -> None:
        self.counts = Counts()
        self.port = port
        self._hosts = list(hosts)
        self._turns: defaultdict[str, int] = defaultdict(int)
        self._last: dict[str, Address] = {}
        self._out_until: dict[Address, float] = {}
        self._is_up = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="balancer", daemon=True)

    def start(self) -> None:
        """Begin to listen; return when connections are taken."""
        self._thread.start()
        if not self._is_up.wait(10):
            raise RuntimeError("the balancer does not listen")

    def stop(self) -> None:
        """Stop listening and close what is open."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=512)
        )
        self._is_up.set()
        self._loop.run_forever()
        server.close()
        left = asyncio.all_tasks(self._loop)
        for each in left:
            each.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = writer.get_extra_info("peername")[0]
        try:
            found = await self._connect(client)
            if found is None:
                self.counts.refused += 1
                return
            host, from_host, to_host = found
            await self._pass_on(host, (reader, writer), (from_host, to_host))
        finally:
            writer.close()

    async def _connect(
        self, client: str
    ) -> tuple[Address, asyncio.StreamReader, asyncio.StreamWriter] | None:
        for host in self._in_turn(client):
            try:
                async with asyncio.timeout(CONNECT_WITHIN_S):
                    reader, writer = await asyncio.open_connection(*host)
            except (OSError, TimeoutError):
                self.counts.skipped[host[0]] += 1
                self._out_until[host] = time.monotonic() + LEFT_OUT_S
                continue
            self.counts.taken[host[0]] += 1
            self.counts.same_again += self._last.get(client) == host
            self._last[client] = host
            return host, reader, writer
        return None

    def _in_turn(self, client: str) -> list[Address]:
        """List the hosts, the client's next one first, those that are left out at the end."""
        turn = self._turns[client]
        self._turns[client] += 1
        size = len(self._hosts)
        listed = [self._hosts[(turn + step) % size] for step in range(size)]
        now = time.monotonic()
        return sorted(listed, key=lambda host: self._out_until.get(host, 0.0) > now)

    async def _pass_on(
        self,
        host: Address,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        served: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        asking = asyncio.create_task(_copy(client[0], served[1]))
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answered = await _copy(served[0], client[1])
            self.counts.broken[host[0]] += not answered
        except (OSError, TimeoutError):
            self.counts.broken[host[0]] += 1
            self._out_until[host] = time.monotonic() + LEFT_OUT_S
        finally:
            asking.cancel()
            served[1].transport.abort()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> int:
    """Copy until the source ends, and count the bytes."""
    count = 0
    while chunk := await source.read(_CHUNK):
        target.write(chunk)
        await target.drain()
        count += len(chunk)
    return count
