"""Which objectives and reflections of a course's modules bear on which of its standards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.modules import Module
from lti_alliance.domain.standard_targets import Target, TargetKind, targets
from lti_alliance.domain.standards import UNKNOWN_CODE, read_codes
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Context, Membership, StandardLink
from lti_alliance.services import audit, modules, standards, student_sheets


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedTarget:
    """An objective or a reflection with the codes of its standards."""

    target: Target
    codes: tuple[str, ...]
    is_gone: bool
    """Whether no version that the course uses has it any more."""


@dataclass(frozen=True, slots=True)
class LinkedModule:
    """A module of the course with all that may bear on a standard."""

    module: Module
    targets: tuple[LinkedTarget, ...]


def list_modules(session: Session, catalogue: Catalogue, context: Context) -> list[LinkedModule]:
    """List the modules that the course uses, in the versions that it uses, with their links."""
    used: dict[str, list[Module]] = {}
    for activity in student_sheets.list_activities(session, context.id):
        version = modules.get_module(session, catalogue, content_hash=activity.content_hash)
        used.setdefault(version.id, []).append(version)
    links = standards.links_of(standards.list_standards(session, context))
    found = []
    for module_id, versions in used.items():
        known = {target.field: target for version in versions for target in targets(version)}
        gone = {
            target.field: target
            for (linked_id, kind, key), rows in links.items()
            if linked_id == module_id
            and (target := Target(TargetKind(kind), key, rows[0][1].label)).field not in known
        }
        found.append(
            LinkedModule(
                versions[-1],
                tuple(
                    LinkedTarget(
                        target=target,
                        codes=tuple(
                            row.code
                            for row, _ in links.get((module_id, target.kind, target.key), ())
                        ),
                        is_gone=target.field in gone,
                    )
                    for target in (known | gone).values()
                ),
            )
        )
    return found


def codes_by_objective(session: Session, context: Context, module: Module) -> dict[int, list[str]]:
    """Return the codes of the course's standards that each objective of a module serves, from 1."""
    links = standards.links_of(standards.list_standards(session, context))
    objectives = [each for each in targets(module) if each.kind is TargetKind.OBJECTIVE]
    return {
        number: [row.code for row, _ in links.get((module.id, target.kind, target.key), ())]
        for number, target in enumerate(objectives, start=1)
    }


def set_links(
    session: Session,
    catalogue: Catalogue,
    context: Context,
    *,
    module_id: str,
    typed: Mapping[str, str],
    shown: str,
    actor: Membership,
    at: datetime,
) -> None:
    """Link what of a module is named in ``typed``, field to codes, to just these standards.

    What has no field in ``typed`` keeps its links. Raises ``InvalidInput`` for codes that are not
    in the list, and ``Conflict`` if somebody has changed the list or its links since ``shown``.
    """
    rows = standards.list_standards(session, context)
    standards.check_version(rows, shown)
    module = find_module(list_modules(session, catalogue, context), module_id)
    by_code = {row.code: row for row in rows}
    wanted: dict[Target, tuple[str, ...]] = {}
    faults: dict[str, str] = {}
    for each in module.targets:
        if each.target.field in typed:
            try:
                wanted[each.target] = read_codes(typed[each.target.field], by_code)
            except ValueError:
                faults[each.target.field] = UNKNOWN_CODE
    if faults:
        raise InvalidInput(faults, code="standards.invalid")
    added, removed = 0, 0
    for target, codes in wanted.items():
        for row in rows:
            own = [
                link
                for link in row.links
                if (link.module_id, link.target, link.key) == (module_id, target.kind, target.key)
            ]
            if row.code in codes and not own:
                row.links.append(
                    StandardLink(
                        module_id=module_id,
                        target=target.kind,
                        key=target.key,
                        label=target.label,
                        linked_at=at,
                    )
                )
                added += 1
            elif row.code not in codes and own:
                row.links.remove(own[0])
                removed += 1
    session.flush()
    audit.record(
        session,
        "standards.linked",
        at=at,
        actor=actor,
        object_kind="context",
        object_id=context.id,
        details={"module": module_id, "added": added, "removed": removed},
    )


def find_module(found: list[LinkedModule], module_id: str) -> LinkedModule:
    """Return the module of an id among those of the course."""
    for linked in found:
        if linked.module.id == module_id:
            return linked
    raise NotFound("module.unknown")
