"""`alliance doctor`: the machine under the tool, and the way to it from outside."""

import dataclasses
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from flask import Flask
from sqlalchemy.orm import Session

from lti_alliance.cli import doctor_address, doctor_machine
from lti_alliance.cli.findings import Finding
from lti_alliance.errors import PlatformUnavailable
from lti_alliance.lti.http import Answer
from lti_alliance.parts import Parts, parts
from lti_alliance.services import erasure_file
from lti_alliance.services.erasures import Tombstone
from lti_alliance.settings import Settings

KID = "the-key-in-use"
KEYS = Answer(200, {}, b'{"keys": [{"kid": "the-key-in-use"}]}')
CLOSED = Answer(404, {}, b"")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings as on a server."""
    return dataclasses.replace(settings, support_contact="help@school.example")


@pytest.mark.parametrize(("mode", "is_well"), [(0o600, True), (0o640, False), (0o604, False)])
def test_secrets_are_the_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, *, is_well: bool
) -> None:
    """A settings file that others may read gives every secret away."""
    path = tmp_path / "alliance.toml"
    path.touch()
    path.chmod(mode)
    monkeypatch.setenv("ALLIANCE_CONFIG", str(path))
    (finding,) = doctor_machine.settings_file()

    assert finding.is_well is is_well
    assert is_well or f"chmod 600 {path}" in finding.mend


def test_settings_of_the_environment_have_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container there may be none."""
    monkeypatch.delenv("ALLIANCE_CONFIG", raising=False)

    assert list(doctor_machine.settings_file()) == []


@pytest.mark.needs_redis
def test_the_limiter_answers(settings: Settings, redis_url: str) -> None:
    """A Redis that answers is well."""
    found = doctor_machine.limiter(dataclasses.replace(settings, limiter_url=redis_url))

    assert found.is_well


def test_a_limiter_that_is_away(settings: Settings) -> None:
    """Limits still work without it, but each process counts for itself: that is said."""
    found = doctor_machine.limiter(
        dataclasses.replace(settings, limiter_url="redis://127.0.0.1:1/0")
    )

    assert "Start Redis" in found.mend


class TestErasures:
    """Whom somebody has erased must survive the database."""

    def look(self, settings: Settings, **changes: Any) -> Finding:
        """Look with other settings."""
        return doctor_machine.erasures(dataclasses.replace(settings, **changes))

    def test_a_server_keeps_them(self, settings: Settings) -> None:
        """Without a file a restored backup would bring people back; on a desk nobody minds."""
        assert "erasures_file" in self.look(settings, environment="production").mend
        assert self.look(settings).is_well

    def test_a_file(self, settings: Settings, tmp_path: Path) -> None:
        """One that is there is read; one that is not yet there can be made."""
        path = tmp_path / "erasures"
        before = self.look(settings, erasures_file=str(path))
        erasure_file.keep(path, [Tombstone(datetime(2026, 3, 2, tzinfo=UTC), "digest", None)])
        after = self.look(settings, erasures_file=str(path))

        assert before.is_well
        assert after == Finding("erasures file", f"1 in {path}")

    def test_no_such_folder(self, settings: Settings, tmp_path: Path) -> None:
        """The folder that is to be written in is named."""
        found = self.look(settings, erasures_file=str(tmp_path / "missing" / "erasures"))

        assert str(tmp_path / "missing") in found.mend

    def test_another_file(self, settings: Settings, tmp_path: Path) -> None:
        """A file of something else is not taken for one without erasures."""
        path = tmp_path / "erasures"
        path.write_text("something else\n")

        assert not self.look(settings, erasures_file=str(path)).is_well


@pytest.mark.needs_postgres
def test_connections_are_counted(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those in use are told beside those there are, and few left means something has to be done."""
    connections, encoding = doctor_machine.room(session)
    monkeypatch.setattr(doctor_machine, "MOST_CONNECTIONS", 0.0)
    crowded, _ = doctor_machine.room(session)

    assert connections.is_well
    assert "max_connections" in crowded.mend
    assert encoding == Finding("encoding", "UTF8")


def test_room_beside_the_file(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite refuses to write on a full disk; that is told before."""
    (well,) = doctor_machine.room(session)
    monkeypatch.setattr(doctor_machine, "SMALLEST_FREE_SPACE", 10**18)
    (ill,) = doctor_machine.room(session)

    assert well.is_well
    assert "Make room" in ill.mend


class Outside:
    """Answers as the way from outside would."""

    def __init__(self, keys: Answer | Exception, metrics: Answer | Exception = CLOSED) -> None:
        self._answers = {"jwks.json": keys, "metrics": metrics}

    def request(self, _method: str, url: str, **_options: Any) -> Answer:
        """Answer, or fail as the client fails."""
        answer = self._answers[url.rpartition("/")[2]]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def tool(app: Flask) -> Iterator[Parts]:
    """The parts of the application, to be changed."""
    with app.app_context():
        yield parts()


def look(tool: Parts, outside: Outside, **changes: Any) -> dict[str, Finding]:
    """Look at the address."""
    settings = dataclasses.replace(tool.settings, **changes)
    changed = dataclasses.replace(tool, http=outside, settings=settings)  # type: ignore[arg-type]
    return {found.what: found for found in doctor_address.examine(changed, KID)}


def test_the_address_leads_here(tool: Parts) -> None:
    """The key that is in use is published at the address that platforms were told."""
    assert list(look(tool, Outside(KEYS))) == ["address"]
    assert look(tool, Outside(KEYS))["address"].is_well


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (PlatformUnavailable("connect_failed"), "Start the web server"),
        (Answer(200, {}, b'{"keys": [{"kid": "another"}]}'), "Another server"),
        (Answer(200, {}, b"<html>"), "Another server"),
        (Answer(200, {}, b'{"keys": 3}'), "Another server"),
        (Answer(502, {}, b""), "Another server"),
    ],
)
def test_an_address_that_leads_elsewhere(
    tool: Parts, answer: Answer | Exception, says: str
) -> None:
    """Whatever answers there, it is not taken for the tool."""
    assert says in look(tool, Outside(answer))["address"].mend


@pytest.mark.parametrize(
    ("metrics", "is_well"),
    [(CLOSED, True), (PlatformUnavailable("timeout"), True), (Answer(200, {}, b"#"), False)],
)
def test_numbers_stay_inside(tool: Parts, metrics: Answer | Exception, *, is_well: bool) -> None:
    """On a server the proxy keeps /metrics to the machine."""
    found = look(tool, Outside(KEYS, metrics), environment="production")

    assert found["numbers"].is_well is is_well


@contextmanager
def served(authority: trustme.CA, *, ends: datetime) -> Iterator[int]:
    """Serve TLS with a certificate that ends at a moment; return the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    begins = min(ends, datetime.now(UTC)) - timedelta(days=30)
    authority.issue_cert("localhost", not_after=ends, not_before=begins).configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("days", "says"),
    [(60, ""), (10, "see why nobody"), (-1, "Renew the certificate")],
)
def test_the_certificate_has_time_left(
    tool: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, says: str
) -> None:
    """Before a certificate ends somebody hears of it, and after it has ended anyhow."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    now = datetime.now(UTC)
    here = dataclasses.replace(tool, now=lambda: now)
    with served(authority, ends=now + timedelta(days=days, hours=1)) as port:
        found = look(here, Outside(KEYS), base_url=f"https://localhost:{port}")["certificate"]

    assert found.mend.find(says) >= 0
    assert found.is_well is (not says)
    assert days < 0 or found.says == f"good for {days} more days"


def test_a_certificate_of_somebody_else(tool: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that browsers would refuse is refused."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with served(trustme.CA(), ends=datetime.now(UTC) + timedelta(days=60)) as port:
        found = look(tool, Outside(KEYS), base_url=f"https://localhost:{port}")["certificate"]

    assert "browsers would accept" in found.says
    assert not found.is_well
