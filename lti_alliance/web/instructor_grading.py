"""An instructor's pages of the reflections: the list, one to read, one to grade."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.modules import Grading
from lti_alliance.errors import InvalidInput, Stale
from lti_alliance.models import Reflection, db
from lti_alliance.parts import parts
from lti_alliance.services import assessing
from lti_alliance.services.activities import activity_settings
from lti_alliance.services.assessing import OpenedReflection
from lti_alliance.web import access, forms, opening, transaction, wording
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import page


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledRubric:
    """What stands in the grading form."""

    chosen: Mapping[str, int | None] = field(default_factory=dict)
    comment: str = ""
    version: int = 0


@access.teaches
def shelf() -> Response:
    """List the reflections that wait for a grade, and those that are done."""
    activity = activity_of(access.current())
    return page(
        "instructor/shelf.html",
        activity=activity,
        shelf=assessing.get_shelf(db.session(), parts().catalogue, activity),
        settings=activity_settings(activity),
        was_saved="saved" in request.args,
        tab="grading",
    )


@access.teaches
def reflection(reflection_id: str) -> Response:
    """Show one reflection: to grade it with its rubric, or to read it."""
    return _reflection_page(_handed_in(reflection_id))


@access.teaches
def assess(reflection_id: str) -> BaseResponse:
    """Grade a reflection with its rubric; the grade follows."""
    visit = access.current()
    found = _handed_in(reflection_id)
    rubric = assessing.prompt_of(db.session(), parts().catalogue, found).rubric
    comment = request.form.get("comment", "")
    chosen: dict[str, int | None] = {}
    try:
        chosen = forms.selections(request.form, rubric) if rubric else {}
        with transaction.act() as session:
            assessing.assess_reflection(
                session,
                parts().catalogue,
                parts().sealer,
                reflection=found,
                selections=chosen,
                comment=comment,
                base_version=forms.saved_version(request.form),
                assessor=member_of(visit),
                at=parts().now(),
            )
    except (InvalidInput, Stale) as refused:
        found = _handed_in(reflection_id)
        version = found.assessment.version if found.assessment else 0
        kept = FilledRubric(chosen=chosen, comment=comment, version=version)
        return _reflection_page(found, kept, refused=refused)
    return redirect(url_for(".shelf", saved=1), 303)


def _handed_in(reflection_id: str) -> Reflection:
    return assessing.get_handed_in(
        db.session(),
        parts().catalogue,
        opening.key(reflection_id),
        viewer=member_of(access.current()),
    )


def _reflection_page(
    found: Reflection,
    kept: FilledRubric | None = None,
    *,
    refused: InvalidInput | Stale | None = None,
) -> Response:
    settings = activity_settings(found.activity)
    with transaction.act() as session:
        opened = assessing.read_for_grading(
            session,
            parts().catalogue,
            parts().sealer,
            reflection=found,
            reader=member_of(access.current()),
            at=parts().now(),
        )
    is_by_rubric = settings.reflection_grading is Grading.RUBRIC
    errors: Mapping[str, str] = refused.fields if isinstance(refused, InvalidInput) else {}
    return page(
        "instructor/reflection.html",
        activity=found.activity,
        status={Stale: 409, InvalidInput: 422}.get(type(refused), 200) if refused else 200,
        reflection=found,
        name=wording.member_name(found.membership),
        module=opened.module,
        prompt=opened.prompt,
        text=opened.text,
        settings=settings,
        rubric=opened.prompt.rubric if is_by_rubric else None,
        stands=kept or _as_saved(opened),
        errors=errors,
        is_stale=isinstance(refused, Stale),
        tab="grading",
    )


def _as_saved(opened: OpenedReflection) -> FilledRubric:
    assessment = opened.reflection.assessment
    return FilledRubric(
        chosen=assessment.selections if assessment else {},
        comment=opened.comment,
        version=assessment.version if assessment else 0,
    )
