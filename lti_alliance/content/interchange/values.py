"""What an import or an export comes to."""

from dataclasses import dataclass

from lti_alliance.domain.items import Item
from lti_alliance.domain.modules import Case
from lti_alliance.errors import ContentError, Fault


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that did not come through, or not as it was."""

    where: str
    """The item, as far as it has a name."""
    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The items that a file held."""

    items: tuple[Item, ...]
    cases: tuple[Case, ...] = ()
    losses: tuple[Loss, ...] = ()
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A file in another format."""

    content: bytes
    losses: tuple[Loss, ...] = ()


def unreadable(name: str, problem: str, remedy: str, *, line: int = 1) -> ContentError:
    """Return the refusal of a whole file."""
    return ContentError(name, [Fault(line, problem, remedy)])
