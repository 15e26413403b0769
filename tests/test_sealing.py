"""Sealing: what is sealed opens for its purpose, unchanged, and for nothing else."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import example, given
from hypothesis import strategies as st

from lti_alliance.sealing import KeyMissing, SealBroken, Sealer, key_id

SEALER = Sealer(bytes(range(32)))


@given(st.binary(max_size=2000), st.text(max_size=60))
def test_what_is_sealed_opens(plain: bytes, purpose: str) -> None:
    """Opening with the same purpose gives back the same bytes."""
    assert SEALER.open(SEALER.seal(plain, purpose=purpose), purpose=purpose) == plain


# Hypothesis also draws what stands in the program, such as the code of an error, and the watch over
# the logs would take that for a student's text: with its mark in front, no log holds it.
@given(st.text(max_size=500).filter(lambda text: text.isprintable()).map("\u00b6{}".format))
@example("")
def test_texts_survive(text: str) -> None:
    """Any text comes back as it was."""
    sealed = SEALER.seal_text(text, purpose="reflection:1:2")

    assert SEALER.open_text(sealed, purpose="reflection:1:2") == text


def test_the_plain_text_is_not_in_what_is_stored() -> None:
    """The sealed bytes do not hold the text, and two seals of one text differ."""
    first = SEALER.seal_text("I felt out of my depth", purpose="reflection:1:2")
    second = SEALER.seal_text("I felt out of my depth", purpose="reflection:1:2")

    assert b"depth" not in first
    assert first != second


def test_another_purpose_does_not_open() -> None:
    """A value copied to another row or another owner stays closed."""
    sealed = SEALER.seal(b"x", purpose="reflection:1:ann")
    with pytest.raises(SealBroken) as caught:
        SEALER.open(sealed, purpose="reflection:1:bob")

    assert str(caught.value) == "reflection"


def test_another_key_does_not_open() -> None:
    """The database alone is not enough."""
    sealed = SEALER.seal(b"x", purpose="p")
    with pytest.raises(SealBroken):
        Sealer(bytes(32)).open(sealed, purpose="p")


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(position: int, flip: int) -> None:
    """One changed byte anywhere keeps the whole closed."""
    sealed = bytearray(SEALER.seal(b"a secret of some length", purpose="p"))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises(SealBroken):
        SEALER.open(bytes(sealed), purpose="p")


@pytest.mark.parametrize("length", range(30))
def test_a_cut_value_is_noticed(length: int) -> None:
    """A truncated value is broken, not an unexpected exception."""
    sealed = SEALER.seal(b"x", purpose="p")
    with pytest.raises(SealBroken):
        SEALER.open(sealed[:length], purpose="p")


def test_a_key_that_took_over_seals_and_the_one_before_opens() -> None:
    """With both at hand everything opens, and what is new is sealed with the first."""
    old, new = bytes(range(32)), bytes(range(32, 64))
    before = Sealer(old).seal(b"x", purpose="p")
    both = Sealer(new, old)
    after = both.seal(b"y", purpose="p")

    assert both.open(before, purpose="p") == b"x"
    assert (both.is_newest(before), both.is_newest(after)) == (False, True)
    assert Sealer(new).open(after, purpose="p") == b"y"


def test_a_missing_key_is_named() -> None:
    """Whoever has lost a key learns which, by an id that tells nothing of the key."""
    key = bytes(range(32, 64))
    sealed = Sealer(key).seal(b"x", purpose="draft:1:2")
    with pytest.raises(KeyMissing) as caught:
        SEALER.open(sealed, purpose="draft:1:2")

    assert caught.value.key_id == key_id(key).hex()
    assert not SEALER.has_key_of(sealed)
    assert caught.value.key_id not in key.hex()


def test_values_from_before_keys_had_ids_open() -> None:
    """What an earlier release sealed opens with a key at hand that fits, for its purpose alone."""
    old = bytes(range(32, 64))
    nonce = bytes(12)
    sealed = b"\x01" + nonce + AESGCM(old).encrypt(nonce, b"x", b"p")
    both = Sealer(bytes(range(32)), old)

    assert both.open(sealed, purpose="p") == b"x"
    assert not both.is_newest(sealed)
    with pytest.raises(SealBroken):
        both.open(sealed, purpose="q")
