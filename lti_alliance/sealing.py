"""Sealing: authenticated encryption of what must not be readable in the database.

AES-256-GCM (NIST SP 800-38D) with a fresh 96-bit nonce. A sealed value is bound to a purpose, a
text such as ``reflection:<id>:<owner>``, and opens for no other: a value copied to another row
does not open there.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lti_alliance.errors import AllianceError

_VERSION = b"\x01"
_NONCE_BYTES = 12


class SealBroken(AllianceError):
    """A sealed value does not open: wrong key, other purpose, or changed bytes."""


class Sealer:
    """Seals and opens bytes with one data key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return ``plain`` encrypted and bound to ``purpose``."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return the plain bytes; raise ``SealBroken`` if they are not for ``purpose``."""
        version, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if version != _VERSION:
            raise SealBroken(purpose.partition(":")[0])
        try:
            return self._cipher.decrypt(nonce, body, purpose.encode())
        except (InvalidTag, ValueError):
            # A value cut so short that no tag is left is refused before it is tried.
            raise SealBroken(purpose.partition(":")[0]) from None

    def seal_text(self, text: str, *, purpose: str) -> bytes:
        """Seal a text as UTF-8."""
        return self.seal(text.encode(), purpose=purpose)

    def open_text(self, sealed: bytes, *, purpose: str) -> str:
        """Open a text sealed by ``seal_text``."""
        return self.open(sealed, purpose=purpose).decode()
