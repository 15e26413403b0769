"""A small course on the table: a registration, a link, an instructor, students, an activity."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.domain.launch import Role
from lti_alliance.models import (
    Activity,
    Context,
    Deployment,
    DeploymentState,
    LineItem,
    Membership,
    Registration,
    ResourceLink,
    User,
)
from lti_alliance.services import activities

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOST = "lms.example"


@dataclass
class Stage:
    """One course and who is in it."""

    session: Session
    catalogue: Catalogue
    registration: Registration
    context: Context
    people: dict[str, Membership] = field(default_factory=dict)

    def join(self, name: str, *, role: Role = Role.LEARNER, **changes: object) -> Membership:
        """Let somebody into the course."""
        user = User(registration_id=self.registration.id, sub=f"sub-{name}", created_at=NOON)
        self.session.add(user)
        self.session.flush()
        values = {"number": len(self.people) + 1, **changes}
        membership = Membership(
            context_id=self.context.id,
            user_id=user.id,
            role=role,
            first_launch_at=NOON,
            last_launch_at=NOON,
            **values,
        )
        self.session.add(membership)
        self.session.flush()
        self.people[name] = membership
        return membership

    def link(self, lti_id: str, *, has_column: bool = True) -> ResourceLink:
        """Put a link into the course, with a column of the gradebook unless it has none."""
        link = ResourceLink(
            context_id=self.context.id, lti_id=lti_id, title=lti_id, created_at=NOON
        )
        self.session.add(link)
        self.session.flush()
        url = f"https://{HOST}/api/lti/courses/1/line_items"
        self.session.add(
            LineItem(
                resource_link_id=link.id,
                url=f"{url}/{lti_id}" if has_column else "",
                container_url=url,
                scopes=["https://purl.imsglobal.org/spec/lti-ags/scope/score"],
                seen_at=NOON,
            )
        )
        self.session.flush()
        return link

    def activity(
        self, lti_id: str = "link-1", *, module_id: str = "foundations", **settings: object
    ) -> Activity:
        """Set an activity up on a new link: the quiz alone unless the settings say otherwise."""
        chosen = ActivitySettings(**{"parts": frozenset({Part.QUIZ}), **settings})
        return activities.set_up_activity(
            self.session,
            self.catalogue,
            link=self.link(lti_id),
            module_id=module_id,
            settings=chosen,
            actor=self.people["instructor"],
            at=NOON,
        )


def build(session: Session, catalogue: Catalogue, *, name: str = "Northfield") -> Stage:
    """Put a course with its instructor on the table."""
    registration = Registration(
        name=name,
        issuer=f"https://{HOST}",
        client_id=f"client-{name}",
        family="canvas",
        auth_login_url=f"https://{HOST}/auth",
        auth_token_url=f"https://{HOST}/token",
        jwks_url=f"https://{HOST}/jwks",
        service_hosts=[HOST],
        created_at=NOON,
    )
    session.add(registration)
    session.flush()
    deployment = Deployment(
        registration_id=registration.id,
        deployment_id="1",
        state=DeploymentState.APPROVED,
        first_seen_at=NOON,
    )
    session.add(deployment)
    session.flush()
    context = Context(
        deployment_id=deployment.id, lti_id="course-1", title="Skills", created_at=NOON
    )
    session.add(context)
    session.flush()
    stage = Stage(session, catalogue, registration, context)
    stage.join("instructor", role=Role.INSTRUCTOR)
    return stage


def get(session: Session, activity_id: UUID, membership_id: UUID) -> tuple[Activity, Membership]:
    """Load an activity and a membership in another session."""
    return session.get_one(Activity, activity_id), session.get_one(Membership, membership_id)
