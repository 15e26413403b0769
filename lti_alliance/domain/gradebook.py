"""What is said to a gradebook and heard from it, as plain values.

Assignment and Grade Services 2.0, https://www.imsglobal.org/spec/lti-ags/v2p0: line item
(section 3.2), result (3.3), score (3.4).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class GradeScope(StrEnum):
    """The scopes of the service (AGS 2.0 section 3.1)."""

    SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
    RESULT = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
    LINE_ITEM = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
    LINE_ITEM_READ = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"


class Family(StrEnum):
    """The dialects that platforms speak; any other platform is taken at the standard's word."""

    CANVAS = "canvas"
    MOODLE = "moodle"


class ActivityProgress(StrEnum):
    """How far the learner is (AGS 2.0 section 3.4.7)."""

    INITIALIZED = "Initialized"
    STARTED = "Started"
    IN_PROGRESS = "InProgress"
    SUBMITTED = "Submitted"
    COMPLETED = "Completed"


class GradingProgress(StrEnum):
    """How final the score is (AGS 2.0 section 3.4.8)."""

    FULLY_GRADED = "FullyGraded"
    PENDING = "Pending"
    PENDING_MANUAL = "PendingManual"
    FAILED = "Failed"
    NOT_READY = "NotReady"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineItemRef:
    """A link's line item as far as it is known; ``url`` is empty until it has been found."""

    registration_id: UUID
    deployment_id: str
    resource_link_id: str
    family: str = ""
    url: str = ""
    container_url: str = ""
    scopes: frozenset[str] = frozenset()
    may_create: bool = False

    @property
    def is_writable(self) -> bool:
        """Whether the platform granted the sending of scores."""
        return GradeScope.SCORE in self.scopes

    @property
    def is_readable(self) -> bool:
        """Whether results can be read back."""
        return GradeScope.RESULT in self.scopes

    @property
    def is_findable(self) -> bool:
        """Whether the course's line items can be listed."""
        listing = {GradeScope.LINE_ITEM, GradeScope.LINE_ITEM_READ}
        return bool(self.container_url) and not listing.isdisjoint(self.scopes)

    @property
    def is_creatable(self) -> bool:
        """Whether a link without a line item may be given one.

        On Canvas a line item of ours is a new assignment, so an instructor has to ask for it. In
        Moodle it is the gradebook column of the very link, which was placed to be graded.
        """
        wanted = self.may_create or self.family == Family.MOODLE
        return wanted and bool(self.container_url) and GradeScope.LINE_ITEM in self.scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One score message (AGS 2.0 section 3.4).

    ``timestamp`` is the moment of sending; the learner's own times travel in ``started_at`` and
    ``submitted_at``. ``comment_is_new`` and ``new_submission`` say what the platform has not been
    told yet, for platforms that count each telling.
    """

    user_id: str
    timestamp: datetime
    score_given: Decimal | None = None
    score_maximum: Decimal | None = None
    activity_progress: ActivityProgress = ActivityProgress.COMPLETED
    grading_progress: GradingProgress = GradingProgress.FULLY_GRADED
    started_at: datetime | None = None
    submitted_at: datetime | None = None
    comment: str = ""
    comment_is_new: bool = True
    new_submission: bool = False
    review_url: str = ""

    def __post_init__(self) -> None:
        """Refuse what no gradebook may be told."""
        if self.timestamp.tzinfo is None:
            raise ValueError("a score's timestamp needs a time zone")
        if self.score_given is None:
            return
        if not self.score_given.is_finite() or self.score_given < 0:
            raise ValueError("a score must be a finite number from 0 up")
        if not (self.score_maximum and self.score_maximum.is_finite() and self.score_maximum > 0):
            raise ValueError("a score needs a finite maximum above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the gradebook shows for one person (AGS 2.0 section 3.3); no score is no grade."""

    score: Decimal | None = None
    maximum: Decimal | None = None
    timestamp: datetime | None = None
    """When the platform stored it, where the platform says so (Moodle does)."""
    comment: str = ""
    """The comment that stands beside it, where the platform says so (Moodle does)."""
