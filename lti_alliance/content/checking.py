"""What an author hears about a source: the module if there is one, errors and warnings."""

from dataclasses import dataclass
from functools import lru_cache

from lti_alliance.content.parser import parse_source
from lti_alliance.domain.modules import Module
from lti_alliance.errors import ContentError, Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A source as the parser sees it."""

    module: Module | None
    """Nothing where errors keep the file from being one."""
    errors: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


@lru_cache(maxsize=64)
def check_source(source: str, *, name: str) -> Checked:
    """Read a source, and note what is wrong or doubtful instead of raising it.

    One act looks at the same source several times: it is read once.
    """
    try:
        module = parse_source(source, name=name)
    except ContentError as error:
        return Checked(module=None, errors=error.faults)
    return Checked(module=module, warnings=module.warnings)


def plain_source(text: str) -> str:
    """Return a text with the line ends, and without the mark, that the parser would ignore."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
