"""A programme's own standards in a course: loading, linking and reporting, for its teachers."""

from collections.abc import Sequence

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.domain.standards import MAX_BYTES, Standard, read_standards, write_standards
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Context, CourseStandard, db
from lti_alliance.parts import parts
from lti_alliance.services import standard_links, standard_reports, standards
from lti_alliance.web import access, forms, standard_words, transaction
from lti_alliance.web.downloads import download
from lti_alliance.web.opening import member_of
from lti_alliance.web.profile_pages import course_of
from lti_alliance.web.rendering import leave_handle_to_addresses, page

blueprint = Blueprint("standards", __name__, url_prefix="/launches/<handle>/course/standards")
leave_handle_to_addresses(blueprint)
standard_words.register(blueprint)

_instructor = access.role(Role.INSTRUCTOR)


@blueprint.get("")
@access.teaches
def overview() -> Response:
    """Show the list that was loaded, and what can be done with it."""
    return _overview()


@blueprint.post("/preview")
@_instructor
def preview() -> Response:
    """Read a file, and show what loading it would do."""
    file = request.files.get("file")
    try:
        found = read_standards(file.stream.read(MAX_BYTES + 1) if file else b"")
    except InvalidInput as invalid:
        return _overview(refused=invalid)
    return _preview(found)


@blueprint.post("")
@_instructor
def load() -> BaseResponse:
    """Load the list that was shown; an empty one deletes everything."""
    forms.check_fields(request.form, {"list", "shown"})
    written = request.form.get("list", "")
    try:
        after = read_standards(written.encode()) if written else ()
    except InvalidInput as invalid:
        return _overview(refused=invalid)
    visit = access.current()
    with transaction.act() as session:
        standards.load(
            session,
            course_of(visit),
            after,
            shown=request.form.get("shown", ""),
            actor=member_of(visit),
            at=parts().now(),
        )
    return redirect(url_for(".overview", done="loaded" if after else "deleted"), 303)


@blueprint.get("/deletion")
@_instructor
def deletion() -> Response:
    """Show what deleting the list would do."""
    return _preview(())


@blueprint.get("/links/<module_id>")
@access.teaches
def links(module_id: str) -> Response:
    """Show what of a module bears on which standards."""
    return _links(module_id)


@blueprint.post("/links/<module_id>")
@_instructor
def set_links(module_id: str) -> BaseResponse:
    """Link the objectives and reflections of a module to the standards that were typed."""
    visit = access.current()
    typed = {name: values[0] for name, values in forms.other_fields(request.form).items()}
    try:
        with transaction.act() as session:
            standard_links.set_links(
                session,
                parts().catalogue,
                course_of(visit),
                module_id=module_id,
                shown=typed.pop("shown", ""),
                typed=typed,
                actor=member_of(visit),
                at=parts().now(),
            )
    except InvalidInput as invalid:
        return _links(module_id, refused=invalid)
    return redirect(url_for(".links", module_id=module_id, saved=1), 303)


@blueprint.get("/report")
@access.teaches
def report() -> Response:
    """Show what bears on each standard, and how students did with it."""
    return page(
        "desk/standards_report.html",
        course=course_of(access.current()),
        reports=_reports(),
        bands=standard_words.band_words(),
    )


@blueprint.get("/report.<extension>")
@access.teaches
def export(extension: str) -> Response:
    """Give the report away as a table."""
    return download(standard_words.report_table(_reports()), "standards-report", extension)


@blueprint.get("/list.<extension>")
@access.teaches
def export_list(extension: str) -> Response:
    """Give the list away with what is linked to it."""
    return download(standard_words.list_table(_rows()), "standards", extension)


def _rows() -> Sequence[CourseStandard]:
    return standards.list_standards(db.session(), course_of(access.current()))


def _reports() -> list[standard_reports.StandardReport]:
    visit = access.current()
    return standard_reports.report(
        db.session(), parts().catalogue, course_of(visit), viewer=member_of(visit)
    )


def _modules(context: Context) -> list[standard_links.LinkedModule]:
    return standard_links.list_modules(db.session(), parts().catalogue, context)


def _overview(*, refused: InvalidInput | None = None) -> Response:
    context = course_of(access.current())
    return page(
        "desk/standards.html",
        status=422 if refused else 200,
        course=context,
        rows=_rows(),
        modules=_modules(context),
        errors=refused.fields if refused else {},
        problem=refused.code if refused else "",
        places=standard_words.places(refused.fields if refused else {}),
        done=request.args.get("done", ""),
    )


def _preview(after: Sequence[Standard]) -> Response:
    context = course_of(access.current())
    rows = _rows()
    if not rows and not after:
        raise NotFound
    return page(
        "desk/standards_preview.html",
        course=context,
        after=after,
        written=write_standards(after) if after else "",
        forecast=standards.foresee(db.session(), context, after),
        shown=standards.version_of(rows),
        has_list=bool(rows),
    )


def _links(module_id: str, *, refused: InvalidInput | None = None) -> Response:
    context = course_of(access.current())
    linked = standard_links.find_module(_modules(context), module_id)
    rows = _rows()
    return page(
        "desk/standards_links.html",
        status=422 if refused else 200,
        course=context,
        linked=linked,
        rows=rows,
        shown=request.form.get("shown", "") if refused else standards.version_of(rows),
        typed=request.form if refused else {},
        errors=refused.fields if refused else {},
        problem=refused.code if refused else "",
        was_saved="saved" in request.args,
    )
