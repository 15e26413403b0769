"""A course copied in the practice LMS, whose notice reaches the tool."""

import requests
from sqlalchemy import select

from lti_alliance.models import CourseCopy, Notice
from lti_alliance.practice_lms.app import create_practice_lms
from lti_alliance.practice_lms.settings import PracticeSettings
from tests.fakes import InProcess
from tests.platforms import World
from tests.web.test_practice_launch import School


def test_a_copy_is_told_and_kept(world: World) -> None:
    """The platform signs with its own keys and posts by itself; told twice, it is kept once."""
    http = requests.Session()
    http.mount(world.base_url, InProcess(world.app))
    app = create_practice_lms(
        PracticeSettings(
            tool_url=world.base_url,
            now=lambda: world.now().timestamp(),
            http=http,
            later=lambda act: act(),
        )
    )
    school = School(world, app, "canvas")
    school.register()
    handlers = school.platform.state.tool.notice_handlers
    handlers["LtiContextCopyNotice"] = f"{world.base_url}/lti/notices"
    school.platform.state.switches.notice_times = 2
    client = app.test_client()
    client.post("/canvas/login_as", json={"person": "instructor"})
    source = next(iter(school.platform.state.courses.values()))
    copied = client.post(f"/canvas/courses/{source.id}/copy", data={"code": "NEW 1"})

    assert copied.status_code == 303
    world.session.rollback()
    copy = world.session.scalars(select(CourseCopy)).one()
    assert copy.origin_lti_id == source.context_id
    assert copy.context_lti_id != source.context_id
    assert world.session.scalars(select(Notice.kind)).all() == ["LtiContextCopyNotice"]
    messages = client.get("/_practice/messages").json
    assert [m["status"] for m in messages if m["kind"].startswith("Notice")] == [200, 200]
