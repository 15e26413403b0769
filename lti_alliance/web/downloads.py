"""Tables to take away, as CSV or as a workbook."""

from flask import Response, make_response

from lti_alliance.errors import NotFound
from lti_alliance.parts import parts
from lti_alliance.services import audit, exports
from lti_alliance.web import access, transaction
from lti_alliance.web.opening import member_of

_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def download(table: exports.Table, name: str, extension: str) -> Response:
    """Answer with a table as a file of this name, on record; another extension names nothing."""
    if extension not in _TYPES:
        raise NotFound
    with transaction.act() as session:
        actor = member_of(access.current())
        audit.record_export(session, f"{name}.{extension}", at=parts().now(), actor=actor)
    made = exports.as_csv(table) if extension == "csv" else exports.as_xlsx(table)
    response = make_response(made)
    response.mimetype = _TYPES[extension]
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{extension}"'
    response.headers["Cache-Control"] = "no-store"
    return response
