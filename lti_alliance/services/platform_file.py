"""Making the registrations agree with a file (``alliance platform load``)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.errors import InvalidInput
from lti_alliance.models import Registration
from lti_alliance.services.platforms import disable, enable, write_registration
from lti_alliance.services.registration_fields import (
    CANVAS_ENVIRONMENTS,
    RegistrationFields,
    canvas_addresses,
    moodle_addresses,
)

_LISTS = ("deployment_ids", "service_hosts", "trusted_audiences")
_SWITCHES = ("accept_deployments", "allow_local", "disabled")
_SHORTCUTS = ("canvas", "canvas_environment", "moodle", "disabled")
_KNOWN = {field.name for field in fields(RegistrationFields)} | set(_SHORTCUTS)
_NEEDED = ("name", "issuer", "client_id", "auth_login_url", "auth_token_url", "jwks_url")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file did, by name; registrations that it does not name stay as they are."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


def load(session: Session, data: Mapping[str, Any], *, at: datetime) -> Loaded:
    """Make the registrations agree with the tables ``[[platform]]`` of a TOML file.

    Doing it twice changes nothing the second time. A table is matched by its name, then by its
    issuer and client id. Raises ``InvalidInput`` naming table and field before anything is changed
    by the table at fault.
    """
    tables = data.get("platform", [])
    if not isinstance(tables, list) or set(data) - {"platform"}:
        raise InvalidInput({"platform": "The file holds tables [[platform]] and nothing else."})
    did: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": []}
    for index, table in enumerate(tables, start=1):
        try:
            name, outcome = _load_one(session, table, at=at)
        except InvalidInput as error:
            told = {f"platform {index}: {field}": why for field, why in error.fields.items()}
            raise InvalidInput(told, code=error.code) from None
        did[outcome].append(name)
    return Loaded(**{outcome: tuple(names) for outcome, names in did.items()})


def _load_one(session: Session, table: object, *, at: datetime) -> tuple[str, str]:
    given = _filled(table)
    is_disabled = given.pop("disabled", False)
    wanted = RegistrationFields(
        **{name: tuple(v) if name in _LISTS else v for name, v in given.items()}
    )
    registration = _find(session, wanted)
    outcome = "changed" if registration else "added"
    before = _snapshot(registration)
    if registration is None or not _agrees(registration, wanted):
        registration = write_registration(
            session, registration or Registration(created_at=at), wanted, at=at
        )
    (disable if is_disabled else enable)(session, registration, at=at)
    return wanted.name, "unchanged" if _snapshot(registration) == before else outcome


def _filled(table: object) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise InvalidInput({"platform": "A table is needed."})
    faults = {name: "This is not a field of a platform." for name in table if name not in _KNOWN}
    for name, value in table.items():
        if name in _SWITCHES:
            is_right = isinstance(value, bool)
        elif name in _LISTS:
            is_right = isinstance(value, list) and all(isinstance(text, str) for text in value)
        else:
            is_right = isinstance(value, str)
        if not is_right:
            faults[name] = "This value has the wrong type."
    if table.get("canvas_environment", "prod") not in CANVAS_ENVIRONMENTS:
        faults["canvas_environment"] = "Possible are prod, beta and test."
    if faults:
        raise InvalidInput(faults, code="platform.invalid")
    filled: dict[str, Any] = {}
    if host := table.get("canvas"):
        filled |= canvas_addresses(host, table.get("canvas_environment"))
    if url := table.get("moodle"):
        filled |= moodle_addresses(url)
    hosts = [*filled.get("service_hosts", []), *table.get("service_hosts", [])]
    shortcuts = ("canvas", "canvas_environment", "moodle")
    filled |= {name: value for name, value in table.items() if name not in shortcuts}
    filled["service_hosts"] = hosts
    if missing := [name for name in _NEEDED if name not in filled]:
        raise InvalidInput(dict.fromkeys(missing, "This is missing."), code="platform.invalid")
    return filled


def _find(session: Session, wanted: RegistrationFields) -> Registration | None:
    by_name = select(Registration).where(Registration.name == wanted.name)
    by_client = select(Registration).where(
        Registration.issuer == wanted.issuer, Registration.client_id == wanted.client_id
    )
    return session.scalar(by_name) or session.scalar(by_client)
