"""Calls to platforms: what is refused, what is bounded, and what each failure is called."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from requests.adapters import BaseAdapter

from lti_alliance.errors import PlatformRefused, PlatformUnavailable, PlatformUnclear
from lti_alliance.lti.http import Answer, PlatformHTTP
from tests.platforms import Network, rsa_key

Script = Callable[[socket.socket, bytes], None]


class Server:
    """A server on this machine that does to each request what a script says."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.tls = tls
        self.requests: list[bytes] = []
        self.peers: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.peers.append(peer)
            thread = threading.Thread(target=self._serve, args=[peer], daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            peer.settimeout(5)
            try:
                if self.tls:
                    peer = self.tls.wrap_socket(peer, server_side=True)
                with peer:
                    while request := self._read(peer):
                        self.requests.append(request)
                        self.script(peer, request)
            except (OSError, ssl.SSLError):
                return

    @staticmethod
    def _read(peer: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = peer.recv(65536)
            if not piece:
                return b""
            data += piece
        return data

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.peers:
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(6)


def answer(body: bytes = b"{}", *, status: str = "200 OK", headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


@contextmanager
def serving(script: Script | bytes, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(
        script if callable(script) else lambda peer, _request: peer.sendall(script), tls
    )
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def http() -> PlatformHTTP:
    return PlatformHTTP(timeout_s=1.0)


def call(http: PlatformHTTP, url: str, method: str = "GET", **options: object) -> Answer:
    return http.request(method, url, **{"allow_local": True, **options})


def test_any_status_is_an_answer(http: PlatformHTTP) -> None:
    """What a status means is for the caller to say."""
    with serving(answer(b'{"a": 1}', status="503 Busy", headers="Retry-After: 7\r\n")) as server:
        got = call(http, f"{server.url}/x")

    assert (got.status, got.json(), got.headers["retry-after"]) == (503, {"a": 1}, "7")


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000, b"\xff\xfe"])
def test_a_body_that_is_no_json_is_a_value_error(body: bytes) -> None:
    """Nothing a platform sends as JSON raises anything but ValueError."""
    with pytest.raises(ValueError):
        Answer(200, {}, body).json()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://lms.example/x", "https_required"),
        ("ftp://lms.example/x", "address_invalid"),
        ("file:///etc/passwd", "address_invalid"),
        ("https://user@lms.example/x", "address_invalid"),
        ("https://user:pw@lms.example/x", "address_invalid"),
        ("https://lms.example\\@evil.example/", "address_invalid"),
        ("https://lms.example/a b", "address_invalid"),
        ("https://lms.example/\r\nX: y", "address_invalid"),
        ("https://lms.example:99999/", "address_invalid"),
        ("https://[::1/", "address_invalid"),
        ("https:///x", "address_invalid"),
        ("", "address_invalid"),
        ("https://127.0.0.1/", "address_forbidden"),
        ("https://localhost/", "address_forbidden"),
        ("https://lms.localhost/", "address_forbidden"),
        ("https://db/", "address_forbidden"),
        ("https://10.1.2.3/", "address_forbidden"),
        ("https://169.254.169.254/latest", "address_forbidden"),
        ("https://[::1]/", "address_forbidden"),
        ("https://[fe80::1%25eth0]/", "address_forbidden"),
        ("https://[::ffff:127.0.0.1]/", "address_forbidden"),
        ("https://[64:ff9b::a00:1]/", "address_forbidden"),
        ("https://[2002:7f00:1::]/", "address_forbidden"),
        ("https://2130706433/", "address_forbidden"),
        ("https://0x7f.1/", "address_forbidden"),
        ("https://127.1/", "address_forbidden"),
        ("https://metadata.google.internal/", "address_forbidden"),
    ],
)
def test_a_forbidden_address_is_never_called(url: str, code: str) -> None:
    """Addresses of this network, and addresses that parsers disagree on, are refused unseen."""
    network = Network()
    with pytest.raises(PlatformRefused) as refused:
        call(PlatformHTTP(timeout_s=1, sessions=network.session), url, allow_local=False)

    assert (refused.value.code, network.calls) == (code, [])


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1"], ["0.0.0.0"], ["100.64.0.1"]]
)
def test_a_name_of_a_private_address_is_not_connected_to(
    http: PlatformHTTP, monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    """One private address among those of a name is enough to refuse it."""
    monkeypatch.setattr(socket, "getaddrinfo", resolving(found))
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it connected"))
    with pytest.raises(PlatformRefused) as refused:
        call(http, "https://lms.example/", allow_local=False)

    assert refused.value.code == "address_forbidden"


def test_a_name_that_changes_its_mind_is_not_asked_again(
    http: PlatformHTTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was judged is what is connected to: the local address that comes next is never met."""
    connected: list[str] = []

    def connect(_socket: socket.socket, address: tuple[str, int]) -> None:
        connected.append(address[0])
        raise OSError("nobody there")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", resolving_names(["93.184.216.34"], ["127.0.0.1"]))
    with pytest.raises(PlatformUnavailable):
        call(http, "https://lms.example/", allow_local=False)

    assert connected == ["93.184.216.34"]


def test_the_next_address_of_a_name_is_tried(
    http: PlatformHTTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name with several addresses is reached by the first that answers."""
    connected: list[str] = []

    def connect(_socket: socket.socket, address: tuple[str, int]) -> None:
        connected.append(address[0])
        raise OSError("nobody there")

    monkeypatch.setattr(socket.socket, "connect", connect)
    found = ["93.184.216.34", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]
    monkeypatch.setattr(socket, "getaddrinfo", resolving_names(found))
    with pytest.raises(PlatformUnavailable) as unavailable:
        call(http, "https://lms.example/", allow_local=False)

    assert connected == found
    assert unavailable.value.code == "connect_failed"


def test_who_answers_is_looked_at_before_a_byte_is_sent(
    http: PlatformHTTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that ends up at a local address after all, however it got there, is closed."""
    with serving(answer()) as server:
        connect = socket.socket.connect
        monkeypatch.setattr(socket, "getaddrinfo", resolving_names(["93.184.216.34"]))
        monkeypatch.setattr(
            socket.socket, "connect", lambda own, _: connect(own, ("127.0.0.1", server.port))
        )
        with pytest.raises(PlatformRefused) as refused:
            call(http, "https://lms.example/", allow_local=False)

    assert refused.value.code == "address_forbidden"
    assert server.requests == []


def resolving_names(*answers: list[str]) -> Callable[..., list[object]]:
    """Answer for names one after the other; an address stands for itself."""
    names = resolving(*answers)

    def getaddrinfo(host: str, port: int, *args: object, **options: object) -> list[object]:
        is_name = any(letter.isalpha() for letter in host) and ":" not in host
        return names(host, port) if is_name else resolving([host])(host, port, *args, **options)

    return getaddrinfo


def resolving(*answers: list[str]) -> Callable[..., list[object]]:
    left = list(answers)

    def getaddrinfo(_host: str, port: int, *_args: object, **_options: object) -> list[object]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in found
        ]

    return getaddrinfo


def test_a_connection_with_leave_is_not_used_without(http: PlatformHTTP) -> None:
    """A kept connection to a local address serves only calls that may go there."""
    with serving(answer()) as server:
        call(http, f"{server.url}/x")
        with pytest.raises(PlatformRefused):
            call(http, f"{server.url}/x", allow_local=False)

    assert len(server.requests) == 1


def test_connections_are_kept(http: PlatformHTTP) -> None:
    """Calls one after the other share a connection."""
    with serving(answer()) as server:
        for _ in range(3):
            call(http, f"{server.url}/x")

    assert (len(server.requests), len(server.peers)) == (3, 1)


def test_a_get_follows_redirects_inside_its_origin(http: PlatformHTTP) -> None:
    """Platforms move their own pages about."""

    def script(peer: socket.socket, request: bytes) -> None:
        moved = answer(status="302 Found", headers="Location: /there\r\n")
        peer.sendall(answer(b'"here"') if b"/there" in request else moved)

    with serving(script) as server:
        got = call(http, f"{server.url}/x")

    assert got.json() == "here"


@pytest.mark.parametrize(
    ("method", "location"),
    [
        ("GET", "http://169.254.169.254/"),
        ("GET", "https://elsewhere.example/"),
        ("GET", "//elsewhere.example/"),
        ("GET", "http://localhost:1/"),
        ("GET", "javascript:alert(1)"),
        ("POST", "/there"),
        ("PUT", "/there"),
    ],
)
def test_other_redirects_are_refused(http: PlatformHTTP, method: str, location: str) -> None:
    """Nothing follows a platform to another host, and nothing but a GET follows it at all."""
    moved = answer(status="307 Moved", headers=f"Location: {location}\r\n")
    with serving(moved) as server, pytest.raises(PlatformRefused) as refused:
        call(http, f"{server.url}/x", method, data=b"" if method != "GET" else None)

    assert (refused.value.code, refused.value.status) == ("redirected", 307)
    assert len(server.requests) == 1


def test_a_circle_of_redirects_ends(http: PlatformHTTP) -> None:
    """A platform that redirects for ever is left."""
    moved = answer(status="302 Found", headers="Location: /x\r\n")
    with serving(moved) as server, pytest.raises(PlatformRefused) as refused:
        call(http, f"{server.url}/x")

    assert refused.value.code == "redirected"
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "body",
    [
        answer(b"x" * 20_000),
        answer(
            gzip.compress(b"\0" * 50_000_000),
            headers="Content-Encoding: gzip\r\n",
        ),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 20_000,
    ],
    ids=["long", "unpacks to much", "says no length"],
)
def test_a_large_answer_is_refused(http: PlatformHTTP, body: bytes) -> None:
    """The size is counted in unpacked bytes, and reading stops there."""
    with serving(body) as server, pytest.raises(PlatformRefused) as refused:
        call(http, f"{server.url}/x", max_bytes=10_000)

    assert (refused.value.code, refused.value.status) == ("answer_too_large", 200)


def test_a_packed_answer_is_unpacked(http: PlatformHTTP) -> None:
    """Platforms may compress."""
    packed = answer(gzip.compress(b'"text"'), headers="Content-Encoding: gzip\r\n")
    with serving(packed) as server:
        got = call(http, f"{server.url}/x")

    assert got.json() == "text"


def dripping(start: bytes) -> Script:
    def script(peer: socket.socket, _request: bytes) -> None:
        peer.sendall(start)
        for _ in range(40):
            peer.sendall(b"x")
            time.sleep(0.1)

    return script


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "],
    ids=["body", "headers"],
)
def test_a_dripping_answer_meets_the_deadline(http: PlatformHTTP, start: bytes) -> None:
    """However often a byte arrives, the whole call ends in time."""
    with serving(dripping(start)) as server:
        began = time.monotonic()
        with pytest.raises(PlatformUnclear) as unclear:
            call(http, f"{server.url}/x", deadline_s=0.6)
        took = time.monotonic() - began

    assert unclear.value.code == "timeout"
    assert 0.5 < took < 1.5


def test_silence_is_unclear(http: PlatformHTTP) -> None:
    """A request that was sent and not answered may have been carried out."""

    def script(peer: socket.socket, _request: bytes) -> None:
        while peer.recv(65536):
            pass

    with serving(script) as server, pytest.raises(PlatformUnclear) as unclear:
        call(http, f"{server.url}/x", "POST", data=b"score")

    assert unclear.value.code == "timeout"


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", b"HTTP/1.1 20"]
)
def test_a_connection_cut_after_the_request_is_unclear(http: PlatformHTTP, sent: bytes) -> None:
    """So may one whose connection broke before the whole answer came."""

    def script(peer: socket.socket, _request: bytes) -> None:
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_RDWR)

    with serving(script) as server, pytest.raises(PlatformUnclear) as unclear:
        call(http, f"{server.url}/x", "POST", data=b"score")

    assert unclear.value.code == "connection_lost"


def test_no_connection_is_no_question(http: PlatformHTTP) -> None:
    """Where nothing was sent, nothing was carried out."""
    with serving(answer()) as server:
        url = server.url
    with pytest.raises(PlatformUnavailable) as unavailable:
        call(http, url, "POST", data=b"score")

    assert unavailable.value.code == "connect_failed"
    assert not isinstance(unavailable.value, PlatformUnclear)


def test_a_name_that_does_not_resolve_is_unavailable(
    http: PlatformHTTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that fails is a reason to come back."""

    def fails(*_args: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(PlatformUnavailable) as unavailable:
        call(http, "https://lms.example/", allow_local=False)

    assert unavailable.value.code == "connect_failed"


def test_a_slow_connect_is_told_from_a_slow_answer(
    http: PlatformHTTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent when the connection itself did not come about."""

    def late(_self: socket.socket, _address: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket.socket, "connect", late)
    with pytest.raises(PlatformUnavailable) as unavailable:
        call(http, "http://127.0.0.1:9/")

    assert unavailable.value.code == "timeout_connect"
    assert not isinstance(unavailable.value, PlatformUnclear)


@pytest.fixture(scope="session")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody vouches for."""
    key, name = rsa_key("tls"), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begins = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    path: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(
    http: PlatformHTTP, self_signed: ssl.SSLContext
) -> None:
    """Certificates are always checked, also where local addresses are allowed."""
    with serving(answer(), self_signed) as server, pytest.raises(PlatformUnavailable) as refused:
        call(http, f"https://localhost:{server.port}/", "POST", data=b"score")

    assert refused.value.code == "tls_failed"
    assert not isinstance(refused.value, PlatformUnclear)
    assert server.requests == []


def test_cookies_are_not_kept(http: PlatformHTTP) -> None:
    """Schools that share a host do not share a session."""
    with serving(answer(headers="Set-Cookie: a=b; Path=/\r\n")) as server:
        for _ in range(2):
            call(http, f"{server.url}/x")

    assert not any(b"cookie" in request.lower() for request in server.requests)


def test_the_environment_has_no_say(http: PlatformHTTP, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment would see every score."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(answer(b'"direct"')) as server:
        got = call(http, f"{server.url}/x")

    assert got.json() == "direct"


def test_threads_have_sessions_of_their_own() -> None:
    """Sessions are not made for several threads at once."""
    made: list[requests.Session] = []

    def factory() -> requests.Session:
        made.append(Network().session())
        return made[-1]

    http = PlatformHTTP(timeout_s=1, sessions=factory)

    def use() -> None:
        for _ in range(2):
            with pytest.raises(PlatformUnavailable):
                call(http, "https://lms.test/", allow_local=False)

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 2


def test_an_adapter_of_the_sessions_own_is_used_and_the_rest_is_guarded() -> None:
    """A mounted address stays inside the process; every other address of that session is judged."""
    network = Network()
    network.serve_json("https://practice.test/keys", lambda: ["in process"])

    def factory() -> requests.Session:
        session = requests.Session()
        session.mount("https://practice.test/", network)
        return session

    http = PlatformHTTP(timeout_s=1, sessions=factory)

    assert call(http, "https://practice.test/keys", allow_local=False).json() == ["in process"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolving(["10.0.0.1"]))
        with pytest.raises(PlatformRefused):
            call(http, "https://lms.example/", allow_local=False)


class Failing(BaseAdapter):
    """An adapter that fails in one way."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def send(self, *_args: object, **_options: object) -> requests.Response:
        raise self.error

    def close(self) -> None:
        """Hold nothing open."""


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (requests.ReadTimeout(), PlatformUnclear, "timeout"),
        (requests.exceptions.ChunkedEncodingError(), PlatformUnclear, "connection_lost"),
        (requests.ConnectTimeout(), PlatformUnavailable, "timeout_connect"),
        (requests.exceptions.SSLError(), PlatformUnavailable, "tls_failed"),
        (requests.ConnectionError(), PlatformUnavailable, "connect_failed"),
        (requests.exceptions.InvalidURL(), PlatformRefused, "address_invalid"),
    ],
)
def test_each_failure_has_its_name(error: Exception, kind: type[Exception], code: str) -> None:
    """Every error of the HTTP library becomes one of ours."""

    def factory() -> requests.Session:
        session = requests.Session()
        session.mount("https://", Failing(error))
        return session

    with pytest.raises(kind) as raised:
        call(PlatformHTTP(timeout_s=1, sessions=factory), "https://lms.example/x")

    assert type(raised.value) is kind
    assert raised.value.code == code


def test_a_call_that_comes_too_late_is_not_made() -> None:
    """A deadline that has passed leaves nothing to try."""
    network = Network()
    with pytest.raises(PlatformUnavailable):
        call(PlatformHTTP(timeout_s=1, sessions=network.session), "https://lms.test/", deadline_s=0)

    assert network.calls == []
