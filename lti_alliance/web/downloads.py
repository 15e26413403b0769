"""Tables to take away, as CSV or as a workbook."""

from collections.abc import Iterator
from itertools import chain, islice

from flask import Response, stream_with_context

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
    """Answer with a table as a file of this name, on record; another extension names nothing.

    CSV leaves while the table is still being made.
    """
    if extension not in _TYPES:
        raise NotFound
    with transaction.act() as session:
        actor = member_of(access.current())
        audit.record_export(session, f"{name}.{extension}", at=parts().now(), actor=actor)
    made = _stream(table) if extension == "csv" else exports.as_xlsx(table)
    response = Response(made, mimetype=_TYPES[extension])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{extension}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _stream(table: exports.Table) -> bytes | Iterator[bytes]:
    """Begin to write a table, so that what fails at once is told by a page, and go on later.

    A table of one piece is answered whole: it needs nothing of the request any more.
    """
    pieces = exports.as_csv(table)
    begun = list(islice(pieces, 2))
    if len(begun) < 2:
        return b"".join(begun)
    return stream_with_context(chain(begun, pieces))
