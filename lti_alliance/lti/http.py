"""Calls to platforms: time limits, size limits, an address guard, and one kind of error.

Every byte between the tool and a platform's servers goes through ``PlatformHTTP``. Its rules answer
what a hostile or broken platform may do: name an address of the tool's own network (also by a name
that resolves differently the second time), redirect elsewhere, drip its answer, or send no end.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode, urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from lti_alliance.domain.addresses import address_fault, origin_of
from lti_alliance.errors import (
    PlatformError,
    PlatformRefused,
    PlatformUnavailable,
    PlatformUnclear,
)
from lti_alliance.lti.guarded_connections import GuardedAdapter, call

SessionFactory = Callable[[], requests.Session]
Body = bytes | str | Mapping[str, str] | None

CONNECT_TIMEOUT_S = 3.05
MAX_REDIRECTS = 3
USER_AGENT = "LTI-Alliance"
_HEADERS = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
_FORM = "application/x-www-form-urlencoded"
_CHUNK_BYTES = 65_536
_LOST = (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)
_UNUSABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    LocationValueError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a platform answered, whatever the status; header names are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON; raise ``ValueError`` for anything else."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None


class PlatformHTTP:
    """The tool's HTTP client for platforms, kept for the life of the process.

    Each thread has sessions of its own, kept alive. ``sessions`` makes them; an adapter that such a
    session mounts for an address of its own is used as it is, and everything else is guarded.
    """

    def __init__(self, timeout_s: float, sessions: SessionFactory | None = None) -> None:
        self._timeout_s = timeout_s
        self._sessions = sessions or requests.Session
        self._local = threading.local()

    def request(
        self,
        method: str,
        url: str,
        *,
        allow_local: bool,
        headers: Mapping[str, str] | None = None,
        data: Body = None,
        deadline_s: float = 20.0,
        max_bytes: int = 1_000_000,
    ) -> Answer:
        """Call a platform and return its answer, whatever the status.

        ``allow_local`` lets the call go to plain http and to addresses that are not public. A GET
        follows redirects inside its own origin; nothing else follows any. Raises
        ``PlatformUnavailable`` when nothing was sent, ``PlatformUnclear`` when something was and no
        whole answer came before the deadline, and ``PlatformRefused`` when the call may not be made
        or its answer may not be read.
        """
        deadline = time.monotonic() + deadline_s
        for _ in range(MAX_REDIRECTS + 1):
            if fault := address_fault(url, allow_local=allow_local):
                raise PlatformRefused(fault)
            answer = self._send(
                method,
                url,
                allow_local=allow_local,
                headers=headers,
                data=data,
                deadline=deadline,
                max_bytes=max_bytes,
            )
            location = answer.headers.get("Location")
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                return answer
            target = urljoin(url, location)
            if method != "GET" or origin_of(target) != origin_of(url):
                break
            url = target
        raise PlatformRefused("redirected", status=answer.status)

    def _send(
        self,
        method: str,
        url: str,
        *,
        allow_local: bool,
        headers: Mapping[str, str] | None,
        data: Body,
        deadline: float,
        max_bytes: int,
    ) -> Answer:
        call.deadline, call.has_sent = deadline, False
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise PlatformUnavailable("timeout_connect")
        waits_s = min(CONNECT_TIMEOUT_S, left_s), min(self._timeout_s, left_s)
        session = self._session(allow_local=allow_local)
        try:
            adapter = session.get_adapter(url)
            if isinstance(adapter, GuardedAdapter):
                opened = _open(adapter, method, url, headers, data, waits_s, verify=session.verify)
                return _answered(opened, max_bytes)
            with session.request(
                method,
                url,
                headers=headers,
                data=data,
                timeout=waits_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _joined(response.iter_content, response.status_code, max_bytes)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise _translated(error) from None
        return Answer(response.status_code, response.headers, body)

    def _session(self, *, allow_local: bool) -> requests.Session:
        kept: dict[bool, requests.Session] = self._local.__dict__.setdefault("sessions", {})
        if allow_local not in kept:
            kept[allow_local] = _prepared(self._sessions(), allow_local=allow_local)
        return kept[allow_local]


def _prepared(session: requests.Session, *, allow_local: bool) -> requests.Session:
    # The environment could name a proxy, credentials for a host (.netrc) or other roots of trust.
    session.trust_env = False
    # Schools of one hosted LMS share hosts: a cookie of one must not travel with another's call.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = USER_AGENT
    for scheme in ("https://", "http://"):
        # Exactly the adapter that requests mounts by itself: one that a test mounted stays.
        if type(session.adapters.get(scheme)) is HTTPAdapter:
            session.mount(scheme, GuardedAdapter(allow_local=allow_local))
    return session


def _open(
    adapter: GuardedAdapter,
    method: str,
    url: str,
    headers: Mapping[str, str] | None,
    data: Body,
    waits_s: tuple[float, float],
    *,
    verify: bool | str | None,
) -> BaseHTTPResponse:
    told = {**_HEADERS, **(headers or {})}
    if isinstance(data, Mapping):
        data = urlencode(data)
        told["Content-Type"] = _FORM
    return adapter.open(
        method,
        url,
        headers=told,
        body=data.encode() if isinstance(data, str) else data,
        timeout=Timeout(connect=waits_s[0], read=waits_s[1]),
        verify=True if verify is None else verify,
    )


def _answered(response: BaseHTTPResponse, max_bytes: int) -> Answer:
    try:
        content = _joined(response.stream, response.status, max_bytes)
    except BaseException:
        # What was not read to its end would be taken for the next answer.
        response.close()
        raise
    finally:
        response.release_conn()
    return Answer(response.status, response.headers, content)


def _joined(chunks: Callable[[int], Iterator[bytes]], status: int, max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in chunks(min(_CHUNK_BYTES, max_bytes + 1)):
        # Counted after decompression: a small answer may unpack to a large one.
        body += chunk
        if len(body) > max_bytes:
            raise PlatformRefused("answer_too_large", status=status)
    return bytes(body)


def _translated(error: Exception) -> PlatformError:
    # Where a session speaks, it wraps what its connections raise; elsewhere that comes by itself.
    kinds = (error, error.args[0] if error.args else None)
    is_late = _is_any(kinds, requests.ReadTimeout, ReadTimeoutError)
    if call.has_sent or is_late or isinstance(error, _LOST) or _is_any(kinds, ProtocolError):
        return PlatformUnclear("timeout" if is_late else "connection_lost")
    # urllib3 counts what could not be connected to among the timeouts.
    is_refused = isinstance(error, NewConnectionError)
    if isinstance(error, requests.ConnectTimeout | ConnectTimeoutError) and not is_refused:
        return PlatformUnavailable("timeout_connect")
    if isinstance(error, requests.exceptions.SSLError | SSLError):
        return PlatformUnavailable("tls_failed")
    if isinstance(error, _UNUSABLE):
        return PlatformRefused("address_invalid")
    return PlatformUnavailable("connect_failed")


def _is_any(found: Iterable[object], *kinds: type[Exception]) -> bool:
    return any(isinstance(each, kinds) for each in found)
