"""The balancer that the hosts are shown with: turns, dead hosts, answers that were cut off."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bench.balancer import Balancer
from tests.ports import free_port


class Served:
    """A host that says its name to every connection, or hangs up without a word."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_mute = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = self._listening.getsockname()
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(100)
                if not self.is_mute:
                    connection.sendall(self.name.encode())


@pytest.fixture
def hosts() -> Iterator[list[Served]]:
    """Two hosts that are up."""
    made = [Served("a"), Served("b")]
    yield made
    for each in made:
        each.stop()


@pytest.fixture
def balancer(hosts: list[Served]) -> Iterator[Balancer]:
    """A balancer before both."""
    made = Balancer(free_port(), [each.address for each in hosts])
    made.start()
    yield made
    made.stop()


def ask(balancer: Balancer, source: str = "127.0.0.9") -> str:
    address = ("127.0.0.1", balancer.port)
    with socket.create_connection(address, timeout=10, source_address=(source, 0)) as client:
        client.sendall(b"hello")
        answer = b""
        while part := client.recv(100):
            answer += part
        return answer.decode()


def test_each_client_goes_to_the_hosts_in_turn(balancer: Balancer) -> None:
    """Two connections of one client never meet the same host, whatever others do in between."""
    first = [ask(balancer, "127.0.0.9") for _ in range(2)]
    other = ask(balancer, "127.0.0.8")
    then = ask(balancer, "127.0.0.9")

    assert [*first, then] == ["a", "b", "a"]
    assert other == "a"
    assert balancer.counts.same_again == 0


def test_a_host_that_takes_nothing_is_left_out(balancer: Balancer, hosts: list[Served]) -> None:
    """Its connections go to the other at once, and nobody notices."""
    hosts[0].stop()
    answers = [ask(balancer) for _ in range(3)]

    assert answers == ["b", "b", "b"]
    assert sum(balancer.counts.skipped.values()) >= 1
    assert balancer.counts.refused == 0


def test_an_answer_that_never_came_is_counted(balancer: Balancer, hosts: list[Served]) -> None:
    """A host that hangs up without a word costs that one answer: the balancer asks nobody twice."""
    hosts[0].is_mute = True
    answers = [ask(balancer) for _ in range(2)]

    assert answers == ["", "b"]
    assert sum(balancer.counts.broken.values()) == 1
