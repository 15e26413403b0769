"""Questions from other systems made into a draft, and a module's questions carried out to them."""

from flask import Response, make_response, request

from lti_alliance.content.interchange.exporting import EXPORTS
from lti_alliance.content.interchange.importing import as_module, import_items
from lti_alliance.errors import ContentError, NotFound
from lti_alliance.web import access
from lti_alliance.web.authored_pages import authored_of, module_of, readers
from lti_alliance.web.rendering import page

_ENDINGS = {
    "gift": ("gift", "text/plain; charset=utf-8"),
    "moodle-xml": ("xml", "application/xml"),
    "qti21": ("zip", "application/zip"),
}


@access.configures
def bring_in() -> Response:
    """Show what a file of another system would come to, and what is lost; nothing is kept."""
    sent = request.files.get("file")
    name = sent.filename or "file" if sent else "file"
    try:
        found = import_items(sent.read() if sent else b"", name)
    except ContentError as error:
        return page("authored/imported.html", status=422, faults=error.faults, found=None)
    return page(
        "authored/imported.html",
        found=found,
        source=as_module(found, id="brought-in", title="Brought in") if found.items else "",
        faults=(),
    )


@readers
def show_exports(authored_id: str) -> Response:
    """Show the formats in which the questions can be taken along, and what each cannot hold."""
    authored = authored_of(authored_id)
    module = module_of(authored)
    return page(
        "authored/exports.html",
        authored=authored,
        formats={name: write(module).losses for name, write in EXPORTS.items()},
    )


@readers
def export(authored_id: str, name: str) -> Response:
    """Give the questions of a draft away in another format."""
    authored = authored_of(authored_id)
    if name not in EXPORTS:
        raise NotFound
    ending, kind = _ENDINGS[name]
    answer = make_response(EXPORTS[name](module_of(authored)).content)
    answer.headers["Content-Type"] = kind
    file = f"{authored.module_id}.{ending}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer
