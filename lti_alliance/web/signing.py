"""Values that this tool signs for itself, each bound to the one purpose it was made for."""

import hashlib
import hmac
import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime, timedelta

from lti_alliance.parts import parts

_MAX_CHARS = 8_000
_MAX_BYTES = 32_000


def mac(purpose: str, *values: str) -> str:
    """Return a keyed digest of ``values`` that means something for ``purpose`` only."""
    key = hmac.digest(parts().settings.secret_key.encode(), purpose.encode(), "sha256")
    return hmac.new(key, "\0".join(values).encode(), "sha256").hexdigest()


def is_same(known: str, offered: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(known.encode(), offered.encode())


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret, which is all that is kept of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def pack(values: Mapping[str, str], *, purpose: str, at: datetime) -> str:
    """Return ``values`` and the moment as one signed text that fits an address."""
    plain = json.dumps({"at": int(at.timestamp()), "values": dict(values)}, separators=(",", ":"))
    body = urlsafe_b64encode(zlib.compress(plain.encode(), 9)).decode().rstrip("=")
    return f"{body}.{mac(purpose, body)}"


def unpack(
    text: str, *, purpose: str, at: datetime, lifetime: timedelta
) -> Mapping[str, str] | None:
    """Return the values of a packed text, or nothing if it is not ours or too old."""
    body, _, signature = text.rpartition(".")
    if len(text) > _MAX_CHARS or not is_same(mac(purpose, body), signature):
        return None
    try:
        packed = urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except NotBase64:
        return None
    message = json.loads(zlib.decompressobj().decompress(packed, _MAX_BYTES))
    age = timedelta(seconds=at.timestamp() - message["at"])
    values: Mapping[str, str] = message["values"]
    return values if timedelta() <= age + timedelta(seconds=1) and age <= lifetime else None
