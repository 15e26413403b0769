"""Texts that nobody can read any more, where everything else of a person still can be."""

from collections.abc import Callable
from typing import TypeVar

from lti_alliance.services.course_keys import KeyDestroyed

Read = TypeVar("Read")
Otherwise = TypeVar("Otherwise")


def if_readable(read: Callable[[], Read], otherwise: Otherwise) -> Read | Otherwise:
    """Return what is read, or something else where the key of the course was destroyed."""
    try:
        return read()
    except KeyDestroyed:
        return otherwise
