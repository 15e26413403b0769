"""Notices as plain values: what a platform told by itself, and where it is asked to.

Platform Notification Service 1.0, https://www.imsglobal.org/spec/lti/v1p3/pns.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

NOTICE_SCOPE = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"


class NoticeType(StrEnum):
    """Notices that this tool understands; it asks for no others."""

    HELLO = "LtiHelloWorldNotice"
    COPY = "LtiContextCopyNotice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A verified notice: only ever made by ``lti/notices.py``."""

    registration_id: UUID
    deployment_id: str
    id: str
    kind: str
    """A ``NoticeType``, or one that this tool does not know."""
    context: str = ""
    """The new course of a copy."""
    origins: tuple[str, ...] = ()
    """The courses that it was copied from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeHandlersRef:
    """Where a deployment's notices are asked for."""

    registration_id: UUID
    deployment_id: str
    url: str
