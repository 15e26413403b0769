"""The PyLTI1p3 loop as a sender: its key, its process, its signs."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pylti1p3.registration import Registration

from bench.cpu import tree_seconds
from bench.lms import MAXIMUM, Column, GradedClass, Scores
from bench.rows import GRANTED
from bench.senders import SenderFailed, Sending
from lti_alliance.demo.processes import python
from lti_alliance.demo.run import ROOT

NAME = "PyLTI1p3 loop"
_KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class Loop:
    """The loop, known to one practice LMS by a key of its own."""

    lms: GradedClass
    folder: Path
    private_key: str
    public_key: str
    name: str = NAME

    @contextmanager
    def ready(self, column: Column, scores: Scores) -> Iterator[Sending]:
        """Start the process and wait until it has loaded its key."""
        task = self.folder / f"{column.activity_id}.json"
        task.touch(mode=0o600)
        task.write_text(json.dumps(self._task(column, scores)), encoding="utf-8")
        with task.with_suffix(".log").open("w") as log:
            process = subprocess.Popen(
                python("-m", "bench.pylti_loop", str(task)),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        try:
            _expect(process, "ready")
            yield Sending(
                go=lambda: _go(process),
                look=lambda: _look(process),
                settle=lambda: _expect(process, "done"),
                cpu_s=lambda: tree_seconds(process.pid),
            )
        finally:
            process.kill()
            process.communicate()

    def _task(self, column: Column, scores: Scores) -> dict[str, object]:
        told = self.lms.registration()
        return {
            "issuer": told["issuer"],
            "client_id": told["client_id"],
            "auth_token_url": told["auth_token_url"],
            "private_key": self.private_key,
            "public_key": self.public_key,
            "scopes": sorted(GRANTED),
            "line_item": column.url,
            "scores": [(sub, float(score), float(MAXIMUM)) for sub, score in scores.items()],
        }


def prepare(lms: GradedClass, folder: Path) -> Loop:
    """Make a key for the loop and let the practice LMS know it."""
    key = generate_private_key(65537, _KEY_BITS)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    lms.trust({"keys": [Registration.get_jwk(public.decode())]})
    return Loop(lms=lms, folder=folder, private_key=_pem(key), public_key=public.decode())


def _pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _go(process: subprocess.Popen[str]) -> float:
    assert process.stdin is not None
    began = time.monotonic()
    process.stdin.write("go\n")
    process.stdin.flush()
    return began


def _look(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        raise SenderFailed(f"the loop ended with {process.returncode}")


def _expect(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    if process.stdout.readline().strip() != word:
        raise SenderFailed(f"the loop never said {word!r}")
