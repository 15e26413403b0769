"""Stylesheets and scripts, at addresses that change with their content."""

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, send_from_directory

from lti_alliance.web import access

STATIC = Path(__file__).resolve().parent / "static"
_VERSION = "ALLIANCE_STATIC_VERSION"
_FOREVER_S = 31_536_000


def register(app: Flask) -> None:
    """Serve ``web/static`` as the endpoint ``static``.

    The version stands in the path, not the query, so that modules which import each other by
    relative addresses get it too.
    """
    app.config[_VERSION] = tree_version(STATIC)
    app.add_url_rule("/static/<version>/<path:filename>", "static", serve)
    app.url_defaults(_add_version)


def tree_version(folder: Path) -> str:
    """Return a digest of every file below ``folder``."""
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0")
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:12]


@access.open_
def serve(version: str, filename: str) -> Response:
    """Send a file; only at its current address may it be kept for long."""
    response = send_from_directory(STATIC, filename)
    if version == current_app.config[_VERSION]:
        response.headers["Cache-Control"] = f"public, max-age={_FOREVER_S}, immutable"
    return response


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static":
        values.setdefault("version", current_app.config[_VERSION])
