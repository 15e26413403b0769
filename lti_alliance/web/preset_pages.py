"""An instructor's own presets: renamed and deleted."""

from collections.abc import Mapping

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.errors import InvalidInput
from lti_alliance.models import db
from lti_alliance.parts import parts
from lti_alliance.services import deep_linking
from lti_alliance.services import presets as kept
from lti_alliance.web import access, opening, preset_steps, transaction
from lti_alliance.web.rendering import page


@access.configures
def presets() -> Response:
    """List the presets of whoever is asking."""
    return _page()


@access.configures
def rename(preset_id: str) -> BaseResponse:
    """Give a preset another name."""
    key, name = opening.key(preset_id), request.form.get("preset_name", "")
    try:
        with transaction.act() as session:
            kept.rename_preset(
                session, key, owner_id=access.current().user.id, name=name, at=parts().now()
            )
    except InvalidInput as invalid:
        errors = {f"name-{key}": message for message in invalid.fields.values()}
        return _page(errors=errors, typed={str(key): name}, problem=invalid.code)
    return redirect(url_for("instructor.presets", done="renamed"), 303)


@access.configures
def delete(preset_id: str) -> BaseResponse:
    """Delete a preset; what was set up with it stays as it is."""
    with transaction.act() as session:
        kept.delete_preset(session, opening.key(preset_id), owner_id=access.current().user.id)
    return redirect(url_for("instructor.presets", done="deleted"), 303)


def _page(
    *,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    places = deep_linking.find_request(db.session(), access.current().launch) is not None
    return page(
        "instructor/presets.html",
        status=422 if errors else 200,
        presets=preset_steps.own_presets(),
        back_url=url_for("picker.choose" if places else "student.home"),
        errors=errors or {},
        typed=typed or {},
        problem=problem,
        done=request.args.get("done", ""),
    )
