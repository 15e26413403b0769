"""The modules at hand, by id and by content version."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Self

from lti_alliance.content.parser import parse_bytes
from lti_alliance.domain.modules import Module
from lti_alliance.domain.versions import is_higher
from lti_alliance.errors import ContentError, Fault, NotFound


class Catalogue:
    """A fixed set of modules; of each id the newest version is the one offered."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._by_hash: dict[str, Module] = {}
        self._by_id: dict[str, Module] = {}
        for module in modules:
            self._by_hash[module.content_hash] = module
            offered = self._by_id.get(module.id)
            if offered is None or is_higher(module.version, than=offered.version):
                self._by_id[module.id] = module

    @classmethod
    def load(cls, paths: Iterable[Path | Traversable] | None = None) -> Self:
        """Read modules from files, by default the shipped ones.

        Raises one ``ContentError`` with the faults of all files, and when two files claim the
        same version of a module with different content.
        """
        modules: list[Module] = []
        faults: list[Fault] = []
        seen: dict[tuple[str, str], tuple[str, str]] = {}
        for path in shipped_modules() if paths is None else paths:
            try:
                module = _parse(path.read_bytes(), path.name)
            except ContentError as error:
                faults += [_in_file(error.name, fault) for fault in error.faults]
                continue
            other, its_hash = seen.setdefault(
                (module.id, module.version), (path.name, module.content_hash)
            )
            if its_hash != module.content_hash:
                problem = f"{module.id} {module.version} is also in {other}, and differs"
                remedy = "Give the newer one a higher version."
                faults.append(_in_file(path.name, Fault(1, problem, remedy)))
            modules.append(module)
        if faults:
            raise ContentError("modules", faults)
        return cls(modules)

    def get(self, module_id: str) -> Module:
        """Return the newest version of a module."""
        try:
            return self._by_id[module_id]
        except KeyError:
            raise NotFound("module.unknown") from None

    def get_version(self, content_hash: str) -> Module:
        """Return exactly this content version."""
        try:
            return self._by_hash[content_hash]
        except KeyError:
            raise NotFound("module.unknown") from None

    def list(self) -> Sequence[Module]:
        """List the newest version of each module: first what others build on, then by title."""
        return sorted(
            self._by_id.values(), key=lambda module: (self._depth(module), module.title, module.id)
        )

    def _depth(self, module: Module, above: frozenset[str] = frozenset()) -> int:
        """Count the modules on the longest way down; a circle ends where it closes."""
        below = above | {module.id}
        known = (self._by_id[name] for name in module.requires if name in self._by_id)
        return max(
            (self._depth(other, below) + 1 for other in known if other.id not in below), default=0
        )


def shipped_modules() -> Sequence[Traversable]:
    """List the module files that come with the program."""
    folder = files("lti_alliance.content") / "modules"
    return sorted(
        (path for path in folder.iterdir() if path.name.endswith(".md")), key=lambda path: path.name
    )


@lru_cache(maxsize=64)
def _parse(content: bytes, name: str) -> Module:
    """Read a module once: a process that makes several applications reads the same files."""
    return parse_bytes(content, name=name)


def _in_file(name: str, fault: Fault) -> Fault:
    return Fault(fault.line, f"{name}: {fault.problem}", fault.remedy)
