"""The list of activities for a whole course: how its page fills it in and how its form is read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from lti_alliance.domain.activities import ActivitySettings, parse_settings, propose
from lti_alliance.domain.course_plans import put_in_order
from lti_alliance.domain.local_times import local_text
from lti_alliance.domain.modules import Module
from lti_alliance.domain.presets import fit
from lti_alliance.errors import InvalidInput
from lti_alliance.services.deep_linking import Choice, check_title
from lti_alliance.web import forms
from lti_alliance.web.forms import Form
from lti_alliance.web.local_times import NO_ZONE, read_moment, read_zone
from lti_alliance.web.rhythms import DEFAULT_RHYTHM, read_rhythm

NOTHING_CHOSEN = "Choose at least one module."
ORDER_INVALID = "Write a whole number."
_EDITED = ("quiz_points", "reflection_points", "attempts")
"""The settings that have a field of their own in the list; all others come with the preset."""

Presets = Mapping[str, ActivitySettings]
"""The settings of the person's presets by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One activity of the list as its page shows it."""

    module: Module
    settings: ActivitySettings
    """What the preset, or the module, proposes."""
    is_chosen: bool
    preset: str
    """The id of the preset that the fields below were filled in from; empty for none."""
    fields: Mapping[str, str]
    """`title`, `order`, `closes_at` in local time, and the settings that can be edited."""
    dated: str
    """The closing time that was filled in, to know it from one that was typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The list as its page shows it, with what its dates were made from."""

    rows: tuple[Row, ...]
    zone: str
    list_zone: str
    """The zone of the closing times in the list."""
    first: str
    every: str
    off: str
    errors: dict[str, str]
    """What is wrong with the rhythm or the order; no new dates are filled in then."""


def propose_plan(
    form: Form,
    modules: Sequence[Module],
    *,
    presets: Presets,
    planned: Collection[str],
    zone: ZoneInfo = NO_ZONE,
) -> Plan:
    """Propose a list: the modules that are named, or all but those planned already.

    Where the form names no time zone, its times are in ``zone``.
    """
    named = set(form.getlist("module")) or {
        module.id for module in modules if module.id not in planned
    }
    chosen = MultiDict([("module", name) for name in named])
    chosen.update({name: form[name] for name in form if name != "module"})
    return fill_plan(chosen, modules, presets=presets, proposed=zone)


def fill_plan(
    form: Form, modules: Sequence[Module], *, presets: Presets, proposed: ZoneInfo = NO_ZONE
) -> Plan:
    """Fill in order, presets and dates; what was typed stays as it was typed.

    A closing time that was typed stays as well: only empty ones, and those that were filled in
    before, follow the rhythm.
    """
    errors: dict[str, str] = {}
    rhythm = read_rhythm(form, errors, proposed=proposed)
    zone = rhythm.zone
    rows = _ordered(form, modules, presets, errors)
    moments = iter(() if errors else rhythm.dates(sum(row.is_chosen for row in rows)))
    return _plan(
        form,
        [_dated(row, next(moments, None), zone) if row.is_chosen else row for row in rows],
        zone=str(form.get("zone") or zone.key),
        list_zone=zone.key,
        errors=errors,
    )


def typed_plan(form: Form, modules: Sequence[Module], *, presets: Presets) -> Plan:
    """Return the list exactly as it was sent, to be shown again with its faults."""
    rows = [_row(form, module, presets, number) for number, module in _numbered(form, modules)]
    zone = form.get("zone", "")
    return _plan(form, rows, zone=zone, list_zone=form.get("list_zone", "") or zone, errors={})


def has_unfilled_presets(form: Form) -> bool:
    """Whether a preset was chosen whose settings have not been shown yet."""
    return any(
        form.get(f"preset.{name}", "") != form.get(f"filled.{name}", "")
        for name in form.getlist("module")
    )


def read_plan(form: Form, modules: Sequence[Module], *, presets: Presets) -> list[Choice]:
    """Read the checked list; raise ``InvalidInput`` naming every field that cannot be used."""
    faults: dict[str, str] = {}
    zone = read_zone(form, faults, name="list_zone" if form.get("list_zone") else "zone")
    choices = [
        choice
        for row in _ordered(form, modules, presets, faults)
        if row.is_chosen and (choice := _choice(row, zone, faults)) is not None
    ]
    if not choices and not faults:
        faults["module"] = NOTHING_CHOSEN
    if faults:
        raise InvalidInput(faults, code="deeplink.item_invalid")
    return choices


def _plan(
    form: Form, rows: Sequence[Row], *, zone: str, list_zone: str, errors: dict[str, str]
) -> Plan:
    return Plan(
        rows=tuple(rows),
        zone=zone,
        list_zone=list_zone,
        first=form.get("first", ""),
        every=form.get("every", str(DEFAULT_RHYTHM)),
        off=form.get("off", ""),
        errors=errors,
    )


def _ordered(
    form: Form, modules: Sequence[Module], presets: Presets, errors: dict[str, str]
) -> list[Row]:
    """Return the rows in the order that was asked for, numbered anew where that is possible."""
    rows = [_row(form, module, presets, number) for number, module in _numbered(form, modules)]
    faulty = {
        f"order.{row.module.id}": ORDER_INVALID
        for row in rows
        if _number(row.fields["order"]) is None
    }
    errors |= faulty
    if faulty:
        return rows
    ordered = put_in_order(rows, [_number(row.fields["order"]) or 0 for row in rows])
    return [
        replace(row, fields={**row.fields, "order": str(number)})
        for number, row in enumerate(ordered, start=1)
    ]


def _numbered(form: Form, modules: Sequence[Module]) -> list[tuple[int, Module]]:
    """Return the modules in the order in which the page showed them."""
    numbered = list(enumerate(modules, start=1))
    shown = {module_id: place for place, module_id in enumerate(form.getlist("listed"))}
    return sorted(numbered, key=lambda each: shown.get(each[1].id, len(shown)))


def _row(form: Form, module: Module, presets: Presets, number: int) -> Row:
    preset = form.get(f"preset.{module.id}", "")
    preset = preset if preset in presets else ""
    settings = fit(presets[preset], module) if preset else propose(module)
    values = forms.settings_values(settings)
    fields = {name: str(values[name]) for name in _EDITED}
    if preset == form.get(f"filled.{module.id}", ""):
        fields = {name: form.get(f"{name}.{module.id}", fields[name]) for name in _EDITED}
    return Row(
        module=module,
        settings=settings,
        is_chosen=module.id in form.getlist("module"),
        preset=preset,
        fields={
            **fields,
            "title": form.get(f"title.{module.id}", module.title),
            "order": form.get(f"order.{module.id}", str(number)),
            "closes_at": form.get(f"closes_at.{module.id}", ""),
        },
        dated=form.get(f"dated.{module.id}", ""),
    )


def _dated(row: Row, moment: datetime | None, zone: ZoneInfo) -> Row:
    typed = row.fields["closes_at"]
    if moment is None or (typed and typed != row.dated):
        return row
    text = local_text(moment, zone)
    return replace(row, fields={**row.fields, "closes_at": text}, dated=text)


def _choice(row: Row, zone: ZoneInfo, faults: dict[str, str]) -> Choice | None:
    found: dict[str, str] = {}
    title, settings = "", None
    try:
        title = check_title(row.fields["title"])
    except InvalidInput as invalid:
        found |= invalid.fields
    closes_at = read_moment(row.fields, "closes_at", zone=zone, errors=found)
    values: dict[str, Any] = forms.settings_values(row.settings)
    values |= {name: row.fields[name] for name in _EDITED}
    try:
        settings = parse_settings(values | {"closes_at": closes_at}, row.module)
    except InvalidInput as invalid:
        for name, message in invalid.fields.items():
            # What has no field here comes from the preset, but for the close that feedback needs.
            shown = name if name in _EDITED else "closes_at" if name == "feedback" else "preset"
            found.setdefault(shown, message)
    faults |= {f"{name}.{row.module.id}": message for name, message in found.items()}
    if found or settings is None:
        return None
    return Choice(module_id=row.module.id, title=title, settings=settings)


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) < 4 else None
