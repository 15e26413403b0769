"""Connections that refuse addresses of the tool's own network and know what they have sent.

The guard sits where the socket is made, because only there is the address the one that is used. A
name is resolved once, and what was judged is what is connected to: asked again, a name that was
public a moment ago may be private now.
"""

import io
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPResponse
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from requests import Request
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, Retry, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from lti_alliance.domain.addresses import is_public_address
from lti_alliance.errors import PlatformRefused

_NO_RETRY = Retry(total=False, redirect=False)
"""Failures come out as they are; what is worth another try is not for a connection to say."""


class Call(threading.local):
    """The call that this thread is making."""

    deadline: float = 0.0
    has_sent: bool = False


call = Call()


class _TimedReader(io.RawIOBase):
    """Reads a socket with no more patience than is left of the call, however slowly it drips."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._patience_s = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = call.deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the deadline of the call has passed")
        patience_s = self._patience_s
        self._sock.settimeout(left_s if patience_s is None else min(left_s, patience_s))
        return cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedSocket:
    """What an HTTP response asks of a socket: a file to read from."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        raw = cast("io.RawIOBase", self._sock.makefile(mode, buffering=0))  # type: ignore[call-overload]
        return io.BufferedReader(_TimedReader(self._sock, raw))


def _timed_response(sock: socket.socket, *args: Any, **kwargs: Any) -> HTTPResponse:
    return HTTPResponse(cast("socket.socket", _TimedSocket(sock)), *args, **kwargs)


class _Guarded(HTTPConnection):
    """A connection that goes where it was judged to go, and notes when the first byte leaves."""

    allows_local = False
    response_class = staticmethod(_timed_response)  # type: ignore[assignment]

    def _new_conn(self) -> socket.socket:
        if self.allows_local:
            return super()._new_conn()
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
        if not all(is_public_address(each) for each in addresses):
            raise PlatformRefused("address_forbidden")
        sock = self._connect_to_any(addresses)
        # Whatever the system made of the address, what counts is who is at the other end.
        if not is_public_address(str(sock.getpeername()[0])):
            sock.close()
            raise PlatformRefused("address_forbidden")
        return sock

    def _connect_to_any(self, addresses: Sequence[str]) -> socket.socket:
        """Connect to the first address that answers, as the system does with a name's own list."""
        named = self._dns_host
        for number, each in enumerate(addresses, start=1):
            # Only the connection goes by the address: the certificate has to fit the name.
            self._dns_host = each
            try:
                return super()._new_conn()
            except (NewConnectionError, ConnectTimeoutError):
                if number == len(addresses) or time.monotonic() >= call.deadline:
                    raise
            finally:
                self._dns_host = named
        raise NewConnectionError(self, "the name has no address")

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        call.has_sent = True
        super().send(data)


class _LocalHTTP(_Guarded):
    allows_local = True


class _GuardedHTTPS(_Guarded, HTTPSConnection):
    pass


class _LocalHTTPS(_GuardedHTTPS):
    allows_local = True


class _GuardedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _GuardedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPS


class _LocalHTTPPool(HTTPConnectionPool):
    ConnectionCls = _LocalHTTP


class _LocalHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _LocalHTTPS


class GuardedAdapter(HTTPAdapter):
    """An adapter of ``requests`` whose connections are guarded.

    Connections made with leave to go to local addresses are kept apart from those made without.
    """

    def __init__(self, *, allow_local: bool) -> None:
        self._allow_local = allow_local
        self._pools: dict[tuple[str, bool | str], HTTPConnectionPool] = {}
        super().__init__()

    def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: Timeout,
        verify: bool | str,
    ) -> BaseHTTPResponse:
        """Make a call and return its answer unread; give it back with ``release_conn``.

        ``verify`` is a session's own: whether certificates are looked at, or whose are trusted.

        ``requests`` puts a message together, merges a session's settings into it and keeps cookies:
        more work than the call itself, and nothing of it is wanted between two servers. What it
        decides about certificates is asked of it, once for each address.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        place = (origin, verify)
        if place not in self._pools:
            self._pools[place] = self._new_pool(origin, verify=verify)
        target = urlunsplit(("", "", f"/{parts.path.lstrip('/')}", parts.query, ""))
        return self._pools[place].urlopen(
            method,
            target,
            body=body,
            headers=headers,
            timeout=timeout,
            retries=_NO_RETRY,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )

    def _new_pool(self, origin: str, *, verify: bool | str) -> HTTPConnectionPool:
        asked = Request("GET", origin).prepare()
        pool = cast("HTTPConnectionPool", self.get_connection_with_tls_context(asked, verify))
        self.cert_verify(pool, origin, verify, None)  # type: ignore[no-untyped-call]
        return pool

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Give the pools their guarded connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = (
            {"http": _LocalHTTPPool, "https": _LocalHTTPSPool}
            if self._allow_local
            else {"http": _GuardedHTTPPool, "https": _GuardedHTTPSPool}
        )
