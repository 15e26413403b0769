"""Faults as a real socket sees them: bytes, their times, and how the connection ends."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from lti_alliance.practice_lms.app import create_practice_lms
from lti_alliance.practice_lms.moods import Fault
from lti_alliance.practice_lms.settings import PracticeSettings
from tests.ports import free_port
from tests.practice_lms.conftest import Bench
from tests.practice_lms.test_canvas_scores import body, cell_of, item_of


class Served(Bench):
    """The practice LMS behind a socket, and a client that sees each byte."""

    port: int

    def break_next(self, kind: str, *, endpoint: str = "score", **members: Any) -> None:
        self.state.faults.append(Fault.from_json({"endpoint": endpoint, "kind": kind, **members}))

    def connect(self) -> socket.socket:
        """Send a score and return the connection on which the answer will come."""
        sent = json.dumps(body(self)).encode()
        path = f"/canvas/api/lti/courses/77/line_items/{item_of(self).id}/scores"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.token()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
        )
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(head.encode() + sent)
        return connection

    def pieces(self) -> Iterator[tuple[float, bytes]]:
        """Yield what arrives, with the seconds since the score was sent."""
        with self.connect() as connection:
            began = time.monotonic()
            try:
                while received := connection.recv(65536):
                    yield time.monotonic() - began, received
            except ConnectionResetError:
                return


def headers_and_body(pieces: list[tuple[float, bytes]]) -> tuple[bytes, bytes]:
    head, _, rest = b"".join(each for _, each in pieces).partition(b"\r\n\r\n")
    return head, rest


def stated_length(head: bytes) -> int:
    lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    return int(lines[b"content-length"])


@pytest.fixture
def served(tool: Any) -> Iterator[Served]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    session = requests.Session()
    session.mount("http://localhost:8000", tool)
    clock = tool.clock
    clock.sleep = time.sleep
    app = create_practice_lms(
        PracticeSettings(base_url=base, now=clock.now, sleep=time.sleep, http=session)
    )
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    bench = Served(app, "canvas", clock, tool)
    bench.port = port
    yield bench
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_good_answer(served: Served) -> None:
    """Without a fault the answer is as long as it says."""
    head, rest = headers_and_body(list(served.pieces()))

    assert head.split(b"\r\n")[0].endswith(b"200 OK")
    assert len(rest) == stated_length(head)


@pytest.mark.parametrize(("kind", "stored"), [("reset", False), ("unclear", True)])
def test_no_byte_at_all(served: Served, kind: str, stored: bool) -> None:
    """A dropped connection ends without a single byte."""
    served.break_next(kind)

    assert list(served.pieces()) == []
    assert (cell_of(served) is not None) is stored


@pytest.mark.parametrize("carried_out", [True, False])
def test_half_of_the_bytes(served: Served, carried_out: bool) -> None:
    """An answer that breaks off has status, headers, and half of the length that it states."""
    served.break_next("reset_during", carried_out=carried_out)
    head, rest = headers_and_body(list(served.pieces()))

    assert head.split(b"\r\n")[0].endswith(b"200 OK")
    assert b"score+json" in head
    assert 0 < len(rest) == stated_length(head) // 2
    assert (cell_of(served) is not None) is carried_out


def test_half_an_answer_to_a_library(served: Served) -> None:
    """An ordinary client notices that the answer is not whole."""
    served.break_next("reset_during", endpoint="jwks")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        requests.get(f"{served.base}/canvas/api/lti/security/jwks", timeout=10)
    alive = requests.get(f"{served.base}/canvas/api/lti/security/jwks", timeout=10)

    assert alive.status_code == 200


def test_drops(served: Served) -> None:
    """A dripping answer comes byte by byte, with the wait between."""
    served.break_next("drip", seconds=0.01)
    pieces = list(served.pieces())
    head, rest = headers_and_body(pieces)

    assert len(rest) == stated_length(head)
    assert len(pieces) > len(rest) / 4
    assert pieces[-1][0] > 0.01 * len(rest)
    assert cell_of(served).score == 3


def test_a_delay(served: Served) -> None:
    """A delayed answer begins after the delay and is whole."""
    served.break_next("delay", seconds=0.3)
    pieces = list(served.pieces())
    head, rest = headers_and_body(pieces)

    assert pieces[0][0] >= 0.3
    assert len(rest) == stated_length(head)


def test_megabytes(served: Served) -> None:
    """A huge answer streams to its end, and states no length."""
    served.break_next("huge", size=5_000_000)
    head, rest = headers_and_body(list(served.pieces()))

    assert b"Content-Length" not in head
    assert b"Transfer-Encoding: chunked" in head
    assert rest.count(b".") + 2 * rest.count(b'"') // 2 == 5_000_000


def test_a_client_that_hangs_up(served: Served) -> None:
    """A huge answer that nobody reads to the end does not disturb the next one."""
    served.break_next("huge", size=50_000_000)
    with served.connect() as connection:
        connection.recv(100)
    head, _ = headers_and_body(list(served.pieces()))

    assert b"200 OK" in head


def wait_for(served: Served, in_flight: int) -> None:
    deadline = time.monotonic() + 5
    while served.platform.stats.report()["in_flight"] != in_flight:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_scores_at_the_same_time(served: Served) -> None:
    """Two scores for one pair at once are counted as such, and over when they are answered."""
    served.break_next("delay", seconds=0.5, times=2)
    with served.connect() as first, served.connect() as second:
        wait_for(served, 2)
        for each in (first, second):
            while each.recv(65536):
                pass
    report = served.platform.stats.report()
    pair = f"{item_of(served).id}/{served.state.people['amara.okafor'].sub}"

    assert (report["max_in_flight"], report["max_in_flight_per_pair"]) == (2, 2)
    assert report["crowded_pairs"] == {pair: 2}
    assert report["in_flight"] == 0


def test_a_call_given_up_is_not_in_flight(served: Served) -> None:
    """A caller that hung up and sends again has one score on its way, not two."""
    served.break_next("delay", seconds=1, times=1)
    with served.connect():
        wait_for(served, 1)
    list(served.pieces())

    assert served.platform.stats.report()["max_in_flight_per_pair"] == 1


def test_a_dripping_answer_is_in_flight(served: Served) -> None:
    """A score counts as on its way until its last byte is sent."""
    served.break_next("drip", seconds=0.005)
    arriving = served.pieces()
    next(arriving)
    during = served.platform.stats.report()["in_flight"]
    list(arriving)
    wait_for(served, 0)

    assert during == 1
