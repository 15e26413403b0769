"""Which members of a content item Canvas honours.

Deep Linking 2.0, section 4: https://www.imsglobal.org/spec/lti-dl/v2p0/
"""

from __future__ import annotations

from typing import Any

from lti_alliance.practice_lms.drafts import Chosen
from lti_alliance.practice_lms.scopes import CANVAS_OWN
from lti_alliance.practice_lms.services import parse_moment

PRESERVE = CANVAS_OWN + "preserveExistingAssignmentName"


def chosen(content: dict[str, Any], *, existing_title: str = "") -> Chosen:
    """Return what Canvas takes from an `ltiResourceLink`."""
    line_item = _object(content, "lineItem")
    is_graded = isinstance(content.get("lineItem"), dict)
    title = str((line_item.get("label") if is_graded else "") or content.get("title") or "Untitled")
    if existing_title and content.get(PRESERVE) is True:
        title = existing_title
    available, frame = _object(content, "available"), _object(content, "iframe")
    return Chosen(
        title,
        "assignment" if is_graded else "module_item",
        url=str(content.get("url") or ""),
        text=str(content.get("text") or ""),
        custom=_flat(content.get("custom")),
        points=maximum(line_item),
        resource_id=_text(line_item.get("resourceId")),
        tag=_text(line_item.get("tag")),
        new_tab=_object(content, "window").get("targetName") == "_blank",
        width=_whole(frame.get("width")),
        height=_whole(frame.get("height")),
        icon=_address(content.get("icon")),
        unlock_at=_moment(available.get("startDateTime")),
        lock_at=_moment(available.get("endDateTime")),
        due_at=_moment(_object(content, "submission").get("endDateTime")),
    )


def maximum(line_item: dict[str, Any]) -> float | None:
    """Return the points of a line item, if it says any that make sense."""
    value = line_item.get("scoreMaximum")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        return None
    return float(value)


def _object(content: dict[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name)
    return value if isinstance(value, dict) else {}


def _flat(custom: object) -> dict[str, str]:
    """Return scalars as texts; nested values are dropped."""
    return {
        str(name): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in (custom if isinstance(custom, dict) else {}).items()
        if isinstance(value, (str, int, float, bool))
    }


def _text(value: object) -> str | None:
    return None if value in (None, "") else str(value)


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _address(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("url")
    return value if isinstance(value, str) else ""


def _moment(value: object) -> str | None:
    return str(value) if parse_moment(value) else None
