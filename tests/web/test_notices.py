"""Notices: taken once, verified like a launch, and what a told copy is good for."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from lti_alliance.delivering import Deliverer
from lti_alliance.domain.notices import NOTICE_SCOPE, NoticeType
from lti_alliance.lti import keys
from lti_alliance.lti.notices import MAX_NOTICES
from lti_alliance.models import Activity, CourseCopy, Notice
from lti_alliance.parts import EXTENSION
from tests.platforms import INSTRUCTOR, LEARNER, World
from tests.web.noticing import notice_token, send_notices
from tests.web.placing import Placing
from tests.web.test_picker import place_taster


def placed(world: World) -> str:
    """Place an activity in course-1 and return the id that the platform carries along."""
    placing = Placing(world)
    place_taster(placing)
    return str(placing.kept[0].id)


def opened_copy(world: World, activity: str, *, course: str = "course-2", **custom: str) -> Any:
    """Open the copied link as a student of the copied course."""
    return world.browser().open(
        context={"id": course},
        resource_link={"id": f"link-of-{course}"},
        custom={"activity": activity, **custom},
        roles=[LEARNER],
    )


def activities(world: World) -> list[Activity]:
    world.session.rollback()
    return list(world.session.scalars(select(Activity)))


def test_a_told_copy_opens_by_itself(world: World) -> None:
    """Where the launch carries no history, a verified notice proves the copy; never before it."""
    activity = placed(world)
    before = opened_copy(world, activity)
    answer = send_notices(world, notice_token(world))
    after = opened_copy(world, activity)

    assert answer.json == {"taken": 1}
    assert 'data-page="not-set-up"' in before.text
    assert 'data-page="activity"' in after.text
    (made,) = activities(world)
    assert made.content_item_id == UUID(activity)
    assert made.settings["closes_at"] is None


def test_the_launch_stays_the_source_of_truth(world: World) -> None:
    """A launch that tells a history is believed, whatever a notice said."""
    activity = placed(world)
    send_notices(world, notice_token(world))

    assert 'data-page="not-set-up"' in opened_copy(world, activity, context_history="course-9").text


def test_a_copy_of_a_copy(world: World) -> None:
    """Told copies are followed over several terms, and a ring of them ends."""
    activity = placed(world)
    for context, origin in (("course-2", "course-1"), ("course-3", "course-2")):
        send_notices(world, notice_token(world, context=context, origins=[origin]))
    send_notices(world, notice_token(world, context="course-8", origins=["course-9"]))
    send_notices(world, notice_token(world, context="course-9", origins=["course-8"]))

    assert 'data-page="activity"' in opened_copy(world, activity, course="course-3").text
    assert 'data-page="not-set-up"' in opened_copy(world, activity, course="course-9").text


def test_a_notice_counts_once(world: World) -> None:
    """The same notice again, in one batch or in two, is answered well and changes nothing."""
    token = notice_token(world, notice_id="n-1")
    other = notice_token(world, notice_id="n-1", context="course-7")
    answers = [send_notices(world, token, token), send_notices(world, other)]

    assert [answer.json for answer in answers] == [{"taken": 1}, {"taken": 0}]
    world.session.rollback()
    assert world.session.scalar(select(func.count()).select_from(Notice)) == 1
    assert world.session.scalars(select(CourseCopy.context_lti_id)).all() == ["course-2"]
    assert 'kind="repeated"' in world.browser().get("/metrics").text


def test_a_greeting_is_answered(world: World) -> None:
    """The notice that a platform sends to see whether anybody listens is taken."""
    answer = send_notices(world, notice_token(world, kind="LtiHelloWorldNotice"))

    assert answer.json == {"taken": 1}


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"notices": []},
        {"notices": "x"},
        {"notices": [1]},
        {"notices": [{"jwt": 5}]},
        {"notices": [{"jwt": "a.b.c"}] * (MAX_NOTICES + 1)},
    ],
)
def test_what_is_no_notice(world: World, body: Any) -> None:
    """Another shape is refused before anything is verified."""
    answer = world.browser().post("/lti/notices", json=body)

    assert answer.status_code == 400
    assert 'data-error-code="notice.malformed"' in answer.text
    assert world.network.calls == []


def test_a_notice_says_what_it_is(world: World) -> None:
    """A signed message that is none, such as a launch's token, is not taken for one."""
    launch = world.token(world.browser().begin(), roles=[INSTRUCTOR])
    nameless = notice_token(world, notice={"type": "LtiContextCopyNotice"})
    other_version = notice_token(world, version="1.1")
    answers = [send_notices(world, token) for token in (launch, nameless, other_version)]

    assert [answer.status_code for answer in answers] == [400] * 3


def test_keys_out_of_reach(world: World) -> None:
    """A platform whose keys cannot be fetched is asked to try again, not called a liar."""
    world.network.pages.clear()
    answer = send_notices(world, notice_token(world))

    assert answer.status_code == 503


PNS = {
    "service_versions": ["1.0"],
    "platform_notification_service_url": "https://lms.test/notice-handlers/318",
    "scope": [NOTICE_SCOPE],
    "notice_types_supported": [*NoticeType, "LtiAssetProcessorSubmissionNotice"],
}


def test_the_worker_asks_where_a_launch_says(world: World) -> None:
    """A launch tells the address; the worker has the notices sent to the tool's own."""
    keys.ensure_keys(world.session, world.app.extensions[EXTENSION].sealer, at=world.now())
    world.session.commit()
    token = {"access_token": "t", "expires_in": 3600, "token_type": "bearer"}
    world.network.serve_json("https://lms.test/token", lambda: token)
    world.network.serve_json(PNS["platform_notification_service_url"], dict)
    deliverer = Deliverer(world.app)
    assert deliverer.claim_subscription() is None
    world.browser().launch(platformnotificationservice=PNS)
    step = deliverer.claim_subscription()
    assert step is not None
    deliverer.subscribe(step)

    bodies = [json.loads(each.body) for each in world.network.requests if each.method == "PUT"]
    address = f"{world.base_url}/lti/notices"
    assert bodies == [{"notice_type": kind, "handler": address} for kind in NoticeType]
    assert deliverer.claim_subscription() is None


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": []},
        {"notice_types_supported": ["LtiHelloWorldNotice"]},
        {"notice_types_supported": None},
        {"platform_notification_service_url": "https://10.0.0.1/x"},
        {"platform_notification_service_url": "https://elsewhere.test/x"},
    ],
)
def test_nothing_is_asked_for_elsewhere(world: World, changes: dict[str, Any]) -> None:
    """Without the permission, the kinds, or an address of the platform's own nobody is asked."""
    answer = world.browser().launch(platformnotificationservice=PNS | changes)

    assert answer.status_code == 303
    assert Deliverer(world.app).claim_subscription() is None
