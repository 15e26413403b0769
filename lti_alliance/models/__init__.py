"""Tables, with no behaviour beyond their invariants."""

from lti_alliance.models.accommodations import Accommodation, LMSDates
from lti_alliance.models.adjustments import ScoreAdjustment
from lti_alliance.models.attempts import AcceptedWording, Attempt, Response
from lti_alliance.models.audit import AuditBatch, AuditEvent, AuditSeal
from lti_alliance.models.authored_modules import AuthoredModule, AuthoredVersion
from lti_alliance.models.base import (
    Base,
    begin_read,
    begin_write,
    begins_write,
    db,
    may_turn_to_write,
)
from lti_alliance.models.content_items import ContentItem, DeepLinking
from lti_alliance.models.course_keys import CourseKey
from lti_alliance.models.course_plans import PlannedActivity
from lti_alliance.models.courses import Activity, Context, Grade, LineItem, ResourceLink
from lti_alliance.models.erasures import Erasure
from lti_alliance.models.invitations import Invitation
from lti_alliance.models.item_keys import AdoptedKey, KeyVote
from lti_alliance.models.item_questions import ItemQuestion
from lti_alliance.models.launches import LaunchSession
from lti_alliance.models.modules import ModuleVersion
from lti_alliance.models.notices import CourseCopy, Notice, NoticeSubscription
from lti_alliance.models.people import Membership, Profile, User
from lti_alliance.models.platforms import (
    AccessToken,
    Deployment,
    DeploymentState,
    PlatformCircuit,
    PlatformKeySet,
    Registration,
    RegistrationState,
    ToolKey,
    ToolKeyState,
)
from lti_alliance.models.practice import PracticeSet
from lti_alliance.models.presets import Preset
from lti_alliance.models.reflections import (
    Draft,
    DraftAssessment,
    MarkerPlan,
    Marking,
    PassageComment,
    Phrase,
    Reflection,
    RubricAssessment,
    SubmittedVersion,
)
from lti_alliance.models.regrades import ItemRegrade
from lti_alliance.models.rosters import RosterEntry, RosterReading
from lti_alliance.models.score_deliveries import DeliveryTry, GradebookCheck, ScoreDelivery
from lti_alliance.models.standards import CourseStandard, StandardLink
from lti_alliance.models.timetable import TimetableEntry, WorkerBeat

__all__ = [
    "AcceptedWording",
    "AccessToken",
    "Accommodation",
    "Activity",
    "AdoptedKey",
    "Attempt",
    "AuditBatch",
    "AuditEvent",
    "AuditSeal",
    "AuthoredModule",
    "AuthoredVersion",
    "Base",
    "ContentItem",
    "Context",
    "CourseCopy",
    "CourseKey",
    "CourseStandard",
    "DeepLinking",
    "DeliveryTry",
    "Deployment",
    "DeploymentState",
    "Draft",
    "DraftAssessment",
    "Erasure",
    "Grade",
    "GradebookCheck",
    "Invitation",
    "ItemQuestion",
    "ItemRegrade",
    "KeyVote",
    "LMSDates",
    "LaunchSession",
    "LineItem",
    "MarkerPlan",
    "Marking",
    "Membership",
    "ModuleVersion",
    "Notice",
    "NoticeSubscription",
    "PassageComment",
    "Phrase",
    "PlannedActivity",
    "PlatformCircuit",
    "PlatformKeySet",
    "PracticeSet",
    "Preset",
    "Profile",
    "Reflection",
    "Registration",
    "RegistrationState",
    "ResourceLink",
    "Response",
    "RosterEntry",
    "RosterReading",
    "RubricAssessment",
    "ScoreAdjustment",
    "ScoreDelivery",
    "StandardLink",
    "SubmittedVersion",
    "TimetableEntry",
    "ToolKey",
    "ToolKeyState",
    "User",
    "WorkerBeat",
    "begin_read",
    "begin_write",
    "begins_write",
    "db",
    "may_turn_to_write",
]
