"""A proxy that ends TLS in front of a server and writes down what browsers sent through it.

What a browser says that it keeps is one thing, what a server receives another: only the second
decides whether a launch was without cookies.
"""

import http.client
import ssl
import threading
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

# Connections end with each answer, so nothing of one test waits in another.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
UPSTREAM_WAIT_S = 60
SILENT_BROWSER_S = 20
SCRIPT = "/inserted-by-the-proxy.js"


@dataclass(frozen=True)
class Sent:
    """A request as it arrived."""

    method: str
    path: str
    headers: Message
    body: bytes = field(repr=False)

    @property
    def cookie(self) -> str:
        """The Cookie header; empty where none came."""
        return self.headers.get("Cookie", "")

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the form that it carries."""
        return dict(parse_qsl(self.body.decode()))


class Proxy(ThreadingHTTPServer):
    """Speaks TLS on a port of its own, plain HTTP to a server, and remembers every request."""

    daemon_threads = True
    # One page opens dozens of connections at once.
    request_queue_size = 128

    def __init__(self, *, upstream: int, tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = upstream
        self.script = ""
        """What runs first in every page."""
        self.kept_back: set[tuple[str, str]] = set()
        """Method and path of what arrives here and goes no further."""
        self.sent: list[Sent] = []
        self._tls = tls
        self._arrived = threading.Condition()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread: a browser may open one and wait."""
        request.settimeout(SILENT_BROWSER_S)
        with self._tls.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: browsers drop connections as they like, and a test misses what it misses."""

    def forget(self) -> None:
        """Forget what came, and let everything pass as it is."""
        self.script = ""
        self.kept_back.clear()
        with self._arrived:
            self.sent.clear()

    def record(self, sent: Sent) -> None:
        """Remember a request and tell whoever waits for it."""
        with self._arrived:
            self.sent.append(sent)
            self._arrived.notify_all()

    def to(self, path: str) -> list[Sent]:
        """List the requests to a path."""
        with self._arrived:
            return [each for each in self.sent if each.path == path]

    def wait_for(self, path: str, *, within_s: float = 30) -> Sent:
        """Wait until something comes to a path, and return the first."""
        with self._arrived:
            came = self._arrived.wait_for(
                lambda: any(each.path == path for each in self.sent), within_s
            )
            assert came, f"nothing came to {path}"
        return self.to(path)[0]


class Handler(BaseHTTPRequestHandler):
    """Passes one request on."""

    server: Proxy

    def _pass_on(self) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sent = Sent(self.command, address.path, self.headers, body)
        self.server.record(sent)
        if address.path == SCRIPT:
            self._answer(HTTPStatus.OK, [("Content-Type", "text/javascript")], self._script())
        elif (sent.method, sent.path) in self.server.kept_back:
            self._answer(HTTPStatus.NO_CONTENT, [], b"")
        else:
            self._answer(*self._ask(sent))

    do_GET = do_POST = _pass_on  # noqa: N815 - the names that the base class looks for

    def _ask(self, sent: Sent) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {n: v for n, v in sent.headers.items() if n.lower() not in HOP_BY_HOP}
        # Compressed pages could not be added to.
        headers.pop("Accept-Encoding", None)
        headers |= {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"}
        server = http.client.HTTPConnection(
            "127.0.0.1", self.server.upstream, timeout=UPSTREAM_WAIT_S
        )
        try:
            server.request(sent.method, self.path, sent.body or None, headers)
            answer = server.getresponse()
            page = answer.read()
        finally:
            server.close()
        if self.server.script and answer.headers.get_content_type() == "text/html":
            page = page.replace(b"<head>", f'<head><script src="{SCRIPT}"></script>'.encode(), 1)
        return answer.status, answer.getheaders(), page

    def _script(self) -> bytes:
        return self.server.script.encode()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet; the servers have logs of their own."""
