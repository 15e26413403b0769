"""Version numbers: what comes after what."""

from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.versions import Bump, is_higher, is_version, next_versions

numbers = st.integers(0, 99_999)
versions = st.builds("{}.{}.{}".format, numbers, numbers, numbers)


@given(versions)
def test_what_is_proposed_is_higher_and_can_be_written(version: str) -> None:
    """Each is a version, and each comes after the one before."""
    for proposed in next_versions(version).values():
        assert is_version(proposed)
        assert is_higher(proposed, than=version)


@given(versions, versions)
def test_versions_are_compared_as_numbers(one: str, other: str) -> None:
    """Of two different ones exactly one is higher."""
    assert is_higher(one, than=other) + is_higher(other, than=one) == (one != other)


def test_numbers_are_no_texts() -> None:
    """Ten comes after nine; what cannot be written is not proposed; every one comes after none."""
    assert is_higher("1.10.0", than="1.9.0")
    assert is_higher("0.0.1", than="")
    assert list(next_versions("1.2.99999")) == [Bump.MINOR, Bump.MAJOR]
    assert not is_version("1.2")
    assert not is_version("1.2.x")
