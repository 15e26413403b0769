"""Version numbers of modules: which is higher, and what may come next."""

import re
from collections.abc import Mapping
from enum import StrEnum

_VERSION = re.compile(r"\d{1,5}\.\d{1,5}\.\d{1,5}", re.ASCII)
_HIGHEST = 99_999


class Bump(StrEnum):
    """How much a new version changes."""

    PATCH = "patch"
    """Wording and small corrections."""
    MINOR = "minor"
    """Something was added."""
    MAJOR = "major"
    """Much is different."""


def is_version(text: str) -> bool:
    """Say whether a text is a version number."""
    return _VERSION.fullmatch(text) is not None


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are compared by."""
    return tuple(int(number) for number in version.split("."))


def is_higher(version: str, than: str) -> bool:
    """Say whether a version comes after another; every one comes after none at all."""
    return not than or version_key(version) > version_key(than)


def next_versions(version: str) -> Mapping[Bump, str]:
    """Return what may come after a version, without the numbers that cannot be written."""
    major, minor, patch = version_key(version)
    following = {
        Bump.PATCH: (major, minor, patch + 1),
        Bump.MINOR: (major, minor + 1, 0),
        Bump.MAJOR: (major + 1, 0, 0),
    }
    return {
        bump: ".".join(map(str, numbers))
        for bump, numbers in following.items()
        if max(numbers) <= _HIGHEST
    }
