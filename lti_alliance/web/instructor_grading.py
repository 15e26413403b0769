"""An instructor's pages of the reflections: the list, one to read, one to grade."""

from collections.abc import Mapping

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.modules import Grading as GradingMode
from lti_alliance.errors import InvalidInput, NotFound, Stale
from lti_alliance.models import Reflection, db
from lti_alliance.parts import parts
from lti_alliance.services import modules, reflections
from lti_alliance.services.activities import activity_settings
from lti_alliance.web import access, forms, grading_page, opening, transaction, wording
from lti_alliance.web.grading_page import Grading
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import page


@access.teaches
def shelf() -> Response:
    """List the reflections that wait for a grade, and those that are done."""
    activity = activity_of(access.current())
    return page(
        "instructor/shelf.html",
        activity=activity,
        shelf=grading_page.shelf(db.session(), parts().catalogue, activity),
        settings=activity_settings(activity),
        was_saved="saved" in request.args,
        tab="grading",
    )


@access.teaches
def reflection(reflection_id: str) -> Response:
    """Show one reflection: to grade it with its rubric, or to read it."""
    found = _readable(reflection_id)
    assessment = found.assessment
    stands = Grading(
        chosen=assessment.selections if assessment else {},
        comment=reflections.read_comment(parts().sealer, found),
        version=assessment.version if assessment else 0,
    )
    return _reflection_page(found, stands)


@access.teaches
def assess(reflection_id: str) -> BaseResponse:
    """Grade a reflection with its rubric; the grade follows."""
    visit = access.current()
    found = _readable(reflection_id)
    rubric = grading_page.prompt_of(db.session(), parts().catalogue, found).rubric
    comment = request.form.get("comment", "")
    chosen: dict[str, int | None] = {}
    try:
        chosen = forms.selections(request.form, rubric) if rubric else {}
        with transaction.act() as session:
            reflections.assess_reflection(
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
        found = _readable(reflection_id)
        version = found.assessment.version if found.assessment else 0
        kept = Grading(chosen=chosen, comment=comment, version=version)
        return _reflection_page(found, kept, refused=refused)
    return redirect(url_for(".shelf", saved=1), 303)


def _readable(reflection_id: str) -> Reflection:
    visit = access.current()
    session = db.session()
    found = reflections.get_handed_in(session, opening.key(reflection_id), viewer=member_of(visit))
    if not grading_page.may_be_read(session, parts().catalogue, found):
        raise NotFound
    return found


def _reflection_page(
    found: Reflection, stands: Grading, *, refused: InvalidInput | Stale | None = None
) -> Response:
    settings = activity_settings(found.activity)
    with transaction.act() as session:
        text = reflections.read_for_grading(
            session,
            parts().sealer,
            reflection=found,
            reader=member_of(access.current()),
            at=parts().now(),
        )
    prompt = grading_page.prompt_of(db.session(), parts().catalogue, found)
    errors: Mapping[str, str] = refused.fields if isinstance(refused, InvalidInput) else {}
    return page(
        "instructor/reflection.html",
        activity=found.activity,
        status={Stale: 409, InvalidInput: 422}.get(type(refused), 200) if refused else 200,
        reflection=found,
        name=wording.member_name(found.membership),
        module=modules.get_module(db.session(), parts().catalogue, content_hash=found.content_hash),
        prompt=prompt,
        text=text,
        settings=settings,
        rubric=prompt.rubric if settings.reflection_grading is GradingMode.RUBRIC else None,
        stands=stands,
        errors=errors,
        is_stale=isinstance(refused, Stale),
        tab="grading",
    )
