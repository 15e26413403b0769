"""Sealing: authenticated encryption of what must not be readable in the database.

AES-256-GCM (NIST SP 800-38D) with a fresh 96-bit nonce. A sealed value is bound to a purpose, a
text such as ``reflection:<id>:<owner>``, and opens for no other: a value copied to another row
does not open there. It carries the id of its key, so that several keys can be in use while one
takes over from another.
"""

import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lti_alliance.errors import AllianceError

KEY_BYTES = 32
PREFIX_BYTES = 9
"""Of a sealed value: a version and the id of its key."""

_UNNAMED = b"\x01"
"""The version of values from before keys had ids; they hold a nonce and what is encrypted."""
_NAMED = b"\x02"
_NONCE_BYTES = 12
_TAG_BYTES = 16


class SealBroken(AllianceError):
    """A sealed value does not open: wrong key, other purpose, or changed bytes."""


class KeyMissing(SealBroken):
    """A sealed value names a key that is not among those at hand; ``key_id`` says which."""

    def __init__(self, what: str, key_id: str) -> None:
        super().__init__(what)
        self.key_id = key_id


class Sealer:
    """Seals with one key, and opens with that one and some others."""

    def __init__(self, key: bytes, *others: bytes) -> None:
        self._ciphers = {key_id(each): AESGCM(each) for each in (key, *others)}
        self._newest = key_id(key)

    @property
    def prefix(self) -> bytes:
        """How every value begins that is sealed from now on."""
        return _NAMED + self._newest

    def is_newest(self, sealed: bytes) -> bool:
        """Whether a value is sealed with the key that seals now."""
        return sealed.startswith(self.prefix)

    def has_key_of(self, sealed: bytes) -> bool:
        """Whether the key that a value names is at hand; one that names none is taken on trust."""
        return sealed[:1] == _UNNAMED or sealed[1:PREFIX_BYTES] in self._ciphers

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return ``plain`` encrypted and bound to ``purpose``."""
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self._newest]
        return self.prefix + nonce + cipher.encrypt(nonce, plain, purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return the plain bytes.

        Raises ``SealBroken`` if they are not for ``purpose``, and ``KeyMissing`` if their key is
        not at hand.
        """
        what = purpose.partition(":")[0]
        start = PREFIX_BYTES if sealed[:1] == _NAMED else len(_UNNAMED)
        nonce, body = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
        if sealed[:1] not in (_UNNAMED, _NAMED) or len(body) < _TAG_BYTES:
            raise SealBroken(what)
        for cipher in self._ciphers_for(sealed, what):
            try:
                return cipher.decrypt(nonce, body, purpose.encode())
            except InvalidTag:
                continue
        raise SealBroken(what)

    def seal_text(self, text: str, *, purpose: str) -> bytes:
        """Seal a text as UTF-8."""
        return self.seal(text.encode(), purpose=purpose)

    def open_text(self, sealed: bytes, *, purpose: str) -> str:
        """Open a text sealed by ``seal_text``."""
        return self.open(sealed, purpose=purpose).decode()

    def _ciphers_for(self, sealed: bytes, what: str) -> list[AESGCM]:
        if sealed[:1] == _UNNAMED:
            return list(self._ciphers.values())
        named = sealed[1:PREFIX_BYTES]
        if named not in self._ciphers:
            raise KeyMissing(what, named.hex())
        return [self._ciphers[named]]


def key_id(key: bytes) -> bytes:
    """Return the id of a key: the beginning of a digest, which tells nothing of the key."""
    return sha256(b"lti-alliance key\x00" + key).digest()[: PREFIX_BYTES - 1]
