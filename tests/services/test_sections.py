"""Sections: what a launch tells of them is kept, and nothing else is believed."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from lti_alliance.domain.launch import Launch, LaunchContext, MessageType, Person, Role
from lti_alliance.models import Membership, User
from lti_alliance.services.launches import open_launch
from lti_alliance.services.sections import Scope, parse_sections
from tests.stage import NOON, Stage


def membership_after(stage: Stage, **custom: str) -> Membership:
    """Let Ama launch the course with these custom parameters, and return who she is there."""
    message = Launch(
        message_type=MessageType.RESOURCE_LINK,
        registration_id=stage.registration.id,
        deployment_id="1",
        person=Person("sub-ama"),
        role=Role.LEARNER,
        context=LaunchContext(stage.context.lti_id),
    )
    opened = open_launch(
        stage.session,
        replace(message, custom=custom),
        state_id=uuid4().hex,
        token_digest="digest",
        handle=uuid4().hex,
        cookie_digest="digest",
        frame_ancestors=[],
        session_for=timedelta(hours=1),
        profile_for=timedelta(days=1),
        at=NOON,
    )
    assert opened is not None
    return stage.session.scalars(select(Membership).join(User).where(User.sub == "sub-ama")).one()


@pytest.mark.parametrize(
    ("told", "sections"),
    [
        ('["Monday", "Thursday"]', ["Monday", "Thursday"]),
        ('["Monday", " Monday ", ""]', ["Monday"]),
        ("$com.instructure.User.sectionNames", []),
        ('{"Monday": 1}', []),
        ('["Monday", 5, null]', ["Monday"]),
        ("", []),
        ("[" * 100_000, []),
    ],
)
def test_only_a_list_of_names_tells_sections(told: str, sections: list[str]) -> None:
    """A variable that the platform did not fill in, or anything else, tells none."""
    assert parse_sections(told) == sections


def test_a_launch_keeps_what_it_tells(stage: Stage) -> None:
    """Sections follow the launches; one that does not speak of them changes nothing."""
    first = membership_after(stage, sections='["A"]', section_restricted="true")
    told = (list(first.sections), first.is_section_restricted)
    silent = membership_after(stage)
    kept = (list(silent.sections), silent.is_section_restricted)
    moved = membership_after(stage, sections='["B"]', section_restricted="false")

    assert told == kept == (["A"], True)
    assert (moved.sections, moved.is_section_restricted) == (["B"], False)


def test_whoever_is_limited_and_has_no_section_sees_nobody() -> None:
    """Without a limit everybody is seen; with one, those who share a section."""
    assert Scope().covers([])
    assert not Scope(is_limited=True).covers([])
    assert not Scope(is_limited=True).covers(["A"])
    assert Scope(is_limited=True, own=frozenset({"A"})).covers(["A", "B"])
