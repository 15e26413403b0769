"""Reading a file of platforms (``config/platforms.example.toml``): what registrations it wants."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from lti_alliance.errors import InvalidInput
from lti_alliance.services.registration_fields import (
    CANVAS_ENVIRONMENTS,
    RegistrationFields,
    canvas_addresses,
    moodle_addresses,
)

_FIELDS = frozenset(field.name for field in fields(RegistrationFields))
_SHORTCUTS = frozenset({"canvas", "canvas_environment", "moodle"})
_LISTS = frozenset({"deployment_ids", "service_hosts", "trusted_audiences"})
_SWITCHES = frozenset({"accept_deployments", "allow_local", "disabled"})
_NEEDED = ("name", "issuer", "client_id", "auth_login_url", "auth_token_url", "jwks_url")


@dataclass(frozen=True, slots=True)
class WantedRegistration:
    """One table of the file."""

    fields: RegistrationFields
    is_disabled: bool


def read_tables(data: Mapping[str, Any]) -> list[WantedRegistration]:
    """Read the tables ``[[platform]]``; raise ``InvalidInput`` naming every field at fault.

    ``canvas = "host"`` and ``moodle = "address"`` fill the addresses in; what the table says itself
    comes before them.
    """
    tables = data.get("platform", [])
    if set(data) - {"platform"} or not isinstance(tables, list):
        raise InvalidInput({"platform": "The file may hold tables [[platform]] and nothing else."})
    wanted: list[WantedRegistration] = []
    faults: dict[str, str] = {}
    for number, table in enumerate(tables, start=1):
        found = _type_faults(table)
        if not found:
            filled = _filled(table)
            found = dict.fromkeys((n for n in _NEEDED if n not in filled), "This is missing.")
        if not found:
            wanted.append(_wanted(filled))
            found = wanted[-1].fields.faults()
        faults |= {f"platform {number}: {name}": why for name, why in found.items()}
    if faults:
        raise InvalidInput(faults, code="platform.invalid")
    return wanted


def _type_faults(table: object) -> dict[str, str]:
    if not isinstance(table, dict):
        return {"table": "A table is needed."}
    faults = {}
    for name, value in table.items():
        if name not in _FIELDS | _SHORTCUTS | {"disabled"}:
            faults[name] = "This is not a field of a platform."
        elif not _has_right_type(name, value):
            faults[name] = "This value has the wrong type."
    if table.get("canvas_environment", "prod") not in CANVAS_ENVIRONMENTS:
        faults["canvas_environment"] = "Possible are prod, beta and test."
    return faults


def _has_right_type(name: str, value: object) -> bool:
    if name in _SWITCHES:
        return isinstance(value, bool)
    if name in _LISTS:
        return isinstance(value, list) and all(isinstance(text, str) for text in value)
    return isinstance(value, str)


def _filled(table: dict[str, Any]) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    if host := table.get("canvas"):
        filled |= canvas_addresses(host, table.get("canvas_environment"))
    if url := table.get("moodle"):
        filled |= moodle_addresses(url)
    hosts = [*filled.get("service_hosts", []), *table.get("service_hosts", [])]
    own = {name: value for name, value in table.items() if name not in _SHORTCUTS}
    return filled | own | {"service_hosts": hosts}


def _wanted(filled: dict[str, Any]) -> WantedRegistration:
    values: dict[str, Any] = {
        name: tuple(value) if name in _LISTS else value
        for name, value in filled.items()
        if name != "disabled"
    }
    return WantedRegistration(RegistrationFields(**values), filled.get("disabled", False))
