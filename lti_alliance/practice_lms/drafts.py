"""What the tool's picker chose and a teacher has not saved yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from lti_alliance.practice_lms.remembered import Remembered


@dataclass(slots=True)
class Chosen(Remembered):
    """One content item, as far as the platform honours it."""

    title: str
    kind: str = "assignment"
    url: str = ""
    text: str = ""
    custom: dict[str, str] = field(default_factory=dict)
    points: float | None = None
    resource_id: str | None = None
    tag: str | None = None
    new_tab: bool = False
    width: int | None = None
    height: int | None = None
    icon: str = ""
    unlock_at: str | None = None
    lock_at: str | None = None
    due_at: str | None = None
    module: str = ""
    published: bool = True
    review_url: str = ""
    review_custom: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Draft(Remembered):
    """A form that waits to be saved; several items are saved in turn."""

    items: list[Chosen]
    placement: str = ""
