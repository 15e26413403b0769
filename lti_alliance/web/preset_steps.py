"""The two buttons of a settings form that are about presets: fill it in, keep it as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request
from flask_babel import gettext

from lti_alliance.domain.activities import CHOICE_INVALID, parse_settings
from lti_alliance.domain.modules import Module
from lti_alliance.domain.presets import fit
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Preset, db
from lti_alliance.parts import parts
from lti_alliance.services import presets
from lti_alliance.web import access, forms, opening, transaction
from lti_alliance.web.forms import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What such a step leads to: the same form again, with its values and what is to be said."""

    values: dict[str, Any]
    said: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def for_page(self) -> dict[str, Any]:
        """The arguments of a settings page."""
        return {
            "values": self.values,
            "said": self.said,
            "errors": self.errors,
            "problem": self.problem,
            "status": 422 if self.errors else 200,
        }


def own_presets() -> Sequence[Preset]:
    """List the presets of whoever is asking."""
    return presets.list_presets(db.session(), access.current().user.id)


def take(module: Module) -> Taken | None:
    """Carry out the step about presets that a settings form asks for; nothing if it asks none."""
    step, typed = forms.step(request.form), forms.typed_settings(request.form)
    if step not in (Step.FILL, Step.KEEP):
        return None
    try:
        if step is Step.FILL:
            return _fill(module, typed)
        return _keep(module, typed)
    except InvalidInput as invalid:
        return Taken(values=typed, errors=invalid.fields, problem=invalid.code)


def _fill(module: Module, typed: dict[str, Any]) -> Taken:
    try:
        preset = presets.get_preset(
            db.session(), opening.key(request.form.get("preset", "")), access.current().user.id
        )
    except NotFound:
        raise InvalidInput({"preset": CHOICE_INVALID}, code="preset.invalid") from None
    values = forms.settings_values(fit(presets.settings_of(preset), module))
    # A preset has no dates: what was typed stays, in the zone in which it was typed.
    values |= {name: typed.get(name, "") for name in ("closes_at", "zone")}
    said = gettext("Filled in from “%(name)s”. Nothing is saved yet.", name=preset.name)
    return Taken(values=typed | values, said=said)


def _keep(module: Module, typed: dict[str, Any]) -> Taken:
    settings = parse_settings(forms.activity_fields(request.form), module)
    name = request.form.get("preset_name", "")
    with transaction.act() as session:
        presets.keep_preset(
            session,
            owner_id=access.current().user.id,
            name=name,
            settings=settings,
            at=parts().now(),
        )
    said = gettext(
        "Kept as the preset “%(name)s”. The activity itself is not saved yet.", name=name
    )
    return Taken(values=typed | {"preset_name": ""}, said=said)
