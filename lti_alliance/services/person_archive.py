"""An export as one file to take away: the same in JSON for programs and in HTML for people."""

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

JSON_NAME = "data.json"
HTML_NAME = "data.html"


def as_zip(found: Mapping[str, Any], html: str, *, at: datetime) -> bytes:
    """Pack an export; nothing of it is kept anywhere else."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in ((JSON_NAME, as_json(found)), (HTML_NAME, html)):
            archive.writestr(zipfile.ZipInfo(name, at.timetuple()[:6]), text)
    return file.getvalue()


def as_json(found: Mapping[str, Any]) -> str:
    """Write an export as JSON, moments in ISO 8601 and numbers with all their digits as text."""
    return json.dumps(found, default=_plain, ensure_ascii=False, indent=2)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(type(value).__name__)
