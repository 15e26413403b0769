"""Modules of a course: found, copied, uploaded, published, downloaded and deleted."""

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.errors import Conflict, InvalidInput, NotFound, Stale
from lti_alliance.models import AuthoredModule, db
from lti_alliance.parts import parts
from lti_alliance.services import authored_modules as authoring
from lti_alliance.services import deep_linking, modules, publications
from lti_alliance.web import (
    access,
    authored_exchange,
    authored_items,
    authored_parts,
    authored_sources,
    forms,
    opening,
    quiz_keys,
    transaction,
)
from lti_alliance.web.authored_items import quiz_outline
from lti_alliance.web.authored_pages import authored_of, context_of, readers
from lti_alliance.web.item_forms import FORM_KINDS
from lti_alliance.web.opening import member_of
from lti_alliance.web.rendering import leave_handle_to_addresses, page

blueprint = Blueprint("authored", __name__, url_prefix="/launches/<handle>/course-modules")
leave_handle_to_addresses(blueprint)


@blueprint.get("/")
@readers
def list_all() -> Response:
    """List what the course is offered: the shipped modules and its own."""
    return _list_page()


@blueprint.post("/")
@access.configures
def make() -> BaseResponse:
    """Begin a module, copy one or upload one; it becomes a draft of the course."""
    actor, at = member_of(access.current()), parts().now()
    act, catalogue = request.form.get("act", ""), parts().catalogue
    try:
        with transaction.act() as session:
            if act == "copy":
                module_id = request.form.get("module_id", "")
                module = modules.get_offered(session, catalogue, actor.context_id, module_id)
                made = authoring.copy_module(session, catalogue, module, actor=actor, at=at)
            elif act == "upload":
                content = request.files["file"].read() if "file" in request.files else b""
                made = authoring.upload_module(session, catalogue, content, actor=actor, at=at)
            elif act == "paste":
                content = request.form.get("source", "").encode(errors="replace")
                made = authoring.upload_module(session, catalogue, content, actor=actor, at=at)
            else:
                made = authoring.begin_module(session, catalogue, actor=actor, at=at)
            key = made.id
    except InvalidInput as invalid:
        return _list_page(errors=invalid.fields, problem=invalid.code)
    return redirect(url_for(".show", authored_id=key, done=act or "begin"), 303)


@blueprint.get("/shipped/<module_id>")
@readers
def shipped(module_id: str) -> Response:
    """Show a shipped module as its students see it, with its keys."""
    module = parts().catalogue.get(module_id)
    return page(
        "authored/shipped.html",
        module=module,
        items=quiz_keys.key_items(module),
        may_change=access.current().role.configures,
    )


@blueprint.get("/shipped/<module_id>/source")
@readers
def download_shipped(module_id: str) -> Response:
    """Give a shipped module's file away."""
    module = parts().catalogue.get(module_id)
    return _file(module.source, f"{module.id}-{module.version}.md")


@blueprint.get("/<authored_id>")
@readers
def show(authored_id: str) -> Response:
    """Show one of the course's modules: what is in it, what is wrong, what was published."""
    return _module_page(authored_of(authored_id))


@blueprint.get("/<authored_id>/file")
@readers
def download(authored_id: str) -> Response:
    """Give the draft's file away, or that of a version that was published."""
    authored, version = authored_of(authored_id), request.args.get("version", "")
    if not version:
        return _file(authored.draft, f"{authored.module_id}.md")
    source = publications.get_version_source(db.session(), authored, version)
    return _file(source, f"{authored.module_id}-{version}.md")


@blueprint.post("/<authored_id>/publication")
@access.configures
def publish(authored_id: str) -> BaseResponse:
    """Publish the draft to the course."""
    authored = authored_of(authored_id)
    try:
        base = forms.saved_version(request.form)
        with transaction.act() as session:
            publications.publish(
                session,
                parts().catalogue,
                authored,
                version=request.form.get("version", ""),
                base_version=base,
                actor=member_of(access.current()),
                at=parts().now(),
            )
    except InvalidInput as invalid:
        return _module_page(
            authored_of(authored_id), errors=invalid.fields, problem=invalid.code, status=422
        )
    except Stale as stale:
        return _module_page(authored_of(authored_id), problem=stale.reason, status=409)
    return redirect(url_for(".show", authored_id=authored_id, done="published"), 303)


@blueprint.post("/<authored_id>/deletion")
@access.configures
def delete(authored_id: str) -> BaseResponse:
    """Delete a module that nothing uses."""
    try:
        with transaction.act() as session:
            authoring.delete_authored(
                session,
                authored_of(authored_id),
                actor=member_of(access.current()),
                at=parts().now(),
            )
    except Conflict as conflict:
        return _module_page(authored_of(authored_id), problem=conflict.reason, status=409)
    return redirect(url_for(".list_all", done="deleted"), 303)


blueprint.add_url_rule("/imports", view_func=authored_exchange.bring_in, methods=["POST"])
_ONE = "/<authored_id>"
_SHOWN: tuple[tuple[str, Callable[..., Response]], ...] = (
    ("/source", authored_sources.edit_source),
    ("/about", authored_parts.edit_about),
    ("/screens/<number>", authored_parts.edit_screen),
    ("/exports", authored_exchange.show_exports),
    ("/exports/<name>", authored_exchange.export),
    ("/items", authored_items.new_item),
    ("/items/<item_id>", authored_items.edit_item),
)
for _address, _shown in _SHOWN:
    blueprint.add_url_rule(f"{_ONE}{_address}", view_func=_shown)
_POSTED: tuple[tuple[str, Callable[..., BaseResponse]], ...] = (
    ("/source", authored_sources.save_source),
    ("/about", authored_parts.save_about),
    ("/screens/<number>", authored_parts.save_screen),
    ("/items", authored_items.add_item),
    ("/items/<item_id>", authored_items.save_item),
)
for _address, _view in _POSTED:
    blueprint.add_url_rule(f"{_ONE}{_address}", view_func=_view, methods=["POST"])


def _list_page(*, errors: Mapping[str, str] | None = None, problem: str = "") -> Response:
    visit, context = access.current(), context_of()
    return page(
        "authored/list.html",
        status=422 if errors else 200,
        course=context,
        shipped=parts().catalogue.list(),
        own=authoring.list_authored(db.session(), context.id),
        may_change=visit.role.configures,
        is_placing=deep_linking.find_request(db.session(), visit.launch) is not None,
        teaches=visit.role.teaches,
        errors=errors or {},
        problem=problem,
        done=request.args.get("done", ""),
    )


def _module_page(
    authored: AuthoredModule,
    *,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    visit, session = access.current(), db.session()
    checked = authoring.check_draft(session, parts().catalogue, authored, authored.draft)
    is_changed = authored.published is None or authored.published.source != authored.draft
    return page(
        "authored/module.html",
        status=status,
        authored=authored,
        checked=checked,
        quiz=quiz_outline(checked.module, authored.draft),
        kinds=FORM_KINDS,
        is_changed=is_changed,
        versions=publications.list_versions(session, authored),
        proposed=publications.propose_versions(session, authored),
        behind=publications.list_behind(session, authored) if authored.published_hash else (),
        is_used=authoring.is_used(session, authored),
        may_change=visit.role.configures,
        may_place=visit.role is not Role.TEACHING_ASSISTANT,
        is_placing=deep_linking.find_request(session, visit.launch) is not None,
        is_unset=_is_unset(visit),
        errors=errors or {},
        problem=problem,
        done=request.args.get("done", ""),
    )


def _is_unset(visit: access.Visit) -> bool:
    """Say whether the launch's link opens nothing yet, so that a module can be set up there."""
    if visit.resource_link is None or not visit.role.configures:
        return False
    try:
        return opening.opening_of(visit).activity is None
    except NotFound:
        return False


def _file(source: str, name: str) -> Response:
    answer = make_response(source)
    answer.headers["Content-Type"] = "text/markdown; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
