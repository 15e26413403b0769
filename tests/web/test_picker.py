"""Placing activities from the LMS's own dialog: one, several, none; and what comes of them."""

from typing import Any

import pytest
from sqlalchemy import select

from lti_alliance.lti.claims import CLAIM
from lti_alliance.lti.deep_linking import DL_CLAIM
from lti_alliance.models import Activity, AuditEvent, ContentItem, DeepLinking
from lti_alliance.services import privacy
from tests.platforms import INSTRUCTOR, LEARNER, MISSING, Platform, World
from tests.web.placing import RETURN, Placing, form_fields, request_claims


def place_taster(placing: Placing, **changes: Any) -> Any:
    fields = placing.fields("modules/taster")
    fields |= {name: [value] for name, value in changes.items()}
    return placing.post("modules/taster", fields)


def test_the_dialog_shows_the_modules(world: World) -> None:
    """What can be placed, with a preview; a course is planned where one is taken at a time."""
    placing = Placing(world)

    assert placing.home.status_code == 303
    assert placing.home.location.endswith("/picker/")
    assert 'data-page="picker"' in placing.page.text
    assert "A two-minute taster" in placing.page.text
    assert "Plan the whole course" in placing.page.text
    assert "Place the whole course" not in placing.page.text
    assert placing.get("modules/taster/preview").status_code == 200


def test_one_activity_is_placed(world: World) -> None:
    """The answer holds all that the LMS needs, signed, and the activity opens as it was set up."""
    placing = Placing(world)
    page = place_taster(placing, title="Week 1:  a taste ", quiz_points="8")
    answer = placing.answer(page)
    (item,) = placing.items(page)
    (kept,) = placing.kept

    assert form_fields(page.text)["JWT"]
    assert f'action="{RETURN}"' in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://lms.test;" in policy
    assert answer[f"{CLAIM}message_type"] == "LtiDeepLinkingResponse"
    assert answer[f"{CLAIM}deployment_id"] == world.platform.deployment_id
    assert f"{DL_CLAIM}data" not in answer
    assert answer["exp"] - answer["iat"] == 300
    assert item["type"] == "ltiResourceLink"
    assert item["title"] == "Week 1: a taste"
    assert item["url"] == f"{world.base_url}/lti/launch"
    assert item["custom"]["activity"] == str(kept.id)
    assert item["custom"]["context_history"] == "$Context.id.history"
    assert item["lineItem"]["resourceId"] == str(kept.id)
    assert item["lineItem"]["tag"] == "lti-alliance"
    assert item["lineItem"]["scoreMaximum"] == 18
    assert "submission" not in item

    opened = world.browser().open(custom={"activity": str(kept.id)}, roles=[LEARNER])
    world.session.rollback()
    activity = world.session.scalars(select(Activity)).one()
    assert 'data-page="activity"' in opened.text
    assert activity.content_item_id == kept.id
    assert activity.settings["quiz_points"] == "8"


def test_the_platforms_data_goes_back(world: World) -> None:
    """Letter for letter where there was any."""
    placing = Placing(world, data="op=321&x=%20")

    assert placing.answer(place_taster(placing))[f"{DL_CLAIM}data"] == "op=321&x=%20"


def test_a_closing_time_goes_along(world: World) -> None:
    """Canvas takes it for the due date where it takes dates at all."""
    placing = Placing(world)
    (item,) = placing.items(place_taster(placing, closes_at="2027-04-01T10:00"))

    assert item["submission"] == {"endDateTime": "2027-04-01T10:00:00Z"}


def test_no_column_where_none_is_taken(world: World) -> None:
    """The instructor is told, and the item asks for none."""
    placing = Placing(world, accept_lineitem=False)
    (item,) = placing.items(place_taster(placing))

    assert "makes no gradebook column" in placing.page.text
    assert "lineItem" not in item


def test_cancelling_sends_nothing(world: World) -> None:
    """The dialog closes and nothing is kept."""
    placing = Placing(world)
    page = placing.post("cancel")

    assert placing.items(page) == []
    assert placing.kept == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 256}, "title"),
        ({"quiz_points": "-1"}, "quiz_points"),
        ({"quiz_points": "NaN"}, "quiz_points"),
        ({"attempts": "many"}, "attempts"),
        ({"closes_at": "soon"}, "closes_at"),
    ],
)
def test_faults_lose_nothing(world: World, changes: dict[str, str], field: str) -> None:
    """The form comes back as it was typed, with the fault named, and can be sent again."""
    placing = Placing(world)
    page = place_taster(placing, **{"title": "My title"} | changes)

    assert page.status_code == 422
    assert f'id="error-{field}"' in page.text
    for value in changes.values():
        assert f'value="{value}"' in page.text
    assert placing.kept == []
    assert place_taster(placing).status_code == 200


def test_an_answer_is_made_once(world: World) -> None:
    """A second one, by the back button or in a second tab, is refused."""
    placing = Placing(world)
    place_taster(placing)
    again = place_taster_again(placing)

    assert again.status_code == 409
    assert 'data-error-code="deeplink.already_returned"' in again.text
    assert len(placing.kept) == 1


def place_taster_again(placing: Placing) -> Any:
    return placing.post("modules/taster", {"title": "Again", "parts": ["quiz"]})


def test_a_whole_course_is_placed(world: World) -> None:
    """Modules, a first date, a rhythm and weeks off make one list, and one answer."""
    placing = Placing(world, accept_multiple=True)
    query = "first=2027-03-08T09:00&every=7&off=2027-03-17&zone=Europe/Berlin"
    page = placing.get(f"course?module=foundations&module=taster&{query}")
    fields = form_fields(page.text)
    sent = {
        name: values
        for name, values in fields.items()
        if name.partition(".")[0] in ("module", "title", "closes_at", "zone")
    }
    sent["module"] = list(dict.fromkeys(sent["module"]))
    items = placing.items(placing.post("course", sent))

    assert "picker/course" in placing.page.text
    closes = [item["submission"]["endDateTime"] for item in items]
    assert closes == ["2027-03-08T08:00:00Z", "2027-03-22T08:00:00Z"]
    assert len({item["custom"]["activity"] for item in items}) == 2
    assert all(item["lineItem"]["scoreMaximum"] > 0 for item in items)


def test_faults_of_the_list_lose_nothing(world: World) -> None:
    """Every field that cannot be used is named, and the rest stays as it was typed."""
    placing = Placing(world, accept_multiple=True)
    form = {
        "module": ["taster"],
        "title.taster": "",
        "closes_at.taster": "soon",
        "zone": "Mars/Olympus",
    }
    page = placing.post("course", form)

    assert page.status_code == 422
    for field in ("title.taster", "zone"):
        assert f"error-{field}" in page.text or f'href="#{field}"' in page.text
    assert 'value="soon"' in page.text
    assert placing.post("course", {"module": [], "zone": "UTC"}).status_code == 422
    assert placing.kept == []


def test_other_launches_have_no_picker(world: World) -> None:
    """The dialog belongs to a request; an ordinary launch finds nothing there."""
    browser = world.browser()
    handle = browser.open(roles=[INSTRUCTOR]).request.path.split("/")[2]

    assert browser.get(f"/launches/{handle}/picker/").status_code == 404


# What comes of a placed activity


def kept_item(world: World) -> ContentItem:
    placing = Placing(world)
    place_taster(placing, closes_at="2027-04-01T10:00")
    return placing.kept[0]


def activities(world: World) -> list[Activity]:
    world.session.rollback()
    return list(world.session.scalars(select(Activity).order_by(Activity.created_at)))


def test_a_second_link_in_the_course_gets_its_own_activity(world: World) -> None:
    """Duplicated in the LMS, it starts with the same settings and no work."""
    item = kept_item(world)
    for link in ("link-1", "link-2"):
        world.browser().open(
            custom={"activity": str(item.id)}, resource_link={"id": link, "title": "A"}
        )

    first, second = activities(world)
    assert first.settings == second.settings
    assert second.copied_from_id == first.id


def test_a_copied_course_opens_by_itself_where_its_history_proves_it(world: World) -> None:
    """A student may come first; the date of last term does not come along."""
    item = kept_item(world)
    world.browser().open(custom={"activity": str(item.id)})
    history = f"another,{item.context.lti_id}"
    page = world.browser().open(
        custom={"activity": str(item.id), "context_history": history},
        context={"id": "copied-course", "title": "Next term"},
        resource_link={"id": "copied-link", "title": "A"},
        roles=[LEARNER],
    )

    assert 'data-page="activity"' in page.text
    first, copied = activities(world)
    assert copied.copied_from_id == first.id
    assert first.settings["closes_at"] is not None
    assert copied.settings == first.settings | {"closes_at": None}
    actions = list(world.session.scalars(select(AuditEvent.action)))
    assert actions.count("activity.copied") == 1


@pytest.mark.parametrize("history", [MISSING, "", "another", "$Context.id.history"])
def test_without_history_an_instructor_confirms(world: World, history: Any) -> None:
    """An id alone proves nothing: a student waits, an instructor is offered the settings."""
    item = kept_item(world)
    world.browser().open(custom={"activity": str(item.id)})
    custom = {"activity": str(item.id)}
    if history is not MISSING:
        custom["context_history"] = history
    claims: dict[str, Any] = {
        "custom": custom,
        "context": {"id": "other-course", "title": "Other"},
        "resource_link": {"id": "other-link", "title": "A"},
    }
    student = world.browser().open(**claims, roles=[LEARNER])
    browser = world.browser()
    teacher = browser.open(**claims, roles=[INSTRUCTOR])
    assert teacher.status_code == 303
    page = browser.get(teacher.location)

    assert 'data-page="activity"' not in student.text
    assert len(activities(world)) == 1
    assert "This link was copied from another course" in page.text


def test_another_schools_id_opens_nothing(world: World) -> None:
    """What was placed through one registration is unknown to every other."""
    item = kept_item(world)
    other = world.add(
        Platform(issuer="https://other.test", client_id="other", name="Other"),
    )
    world.browser().open(other, custom={"activity": str(item.id)})

    assert activities(world) == []


def test_requests_are_forgotten_with_their_launch(world: World) -> None:
    """The return address and the platform's data live no longer than the session."""
    placing = Placing(world, data="secret-state")
    world.now.move(seconds=3 * 86_400)
    privacy.retain(world.session, at=world.now())
    world.session.commit()

    assert world.session.scalars(select(DeepLinking)).all() == []
    assert placing.get("").status_code in (401, 404)


def test_the_message_is_judged_like_any_other(world: World) -> None:
    """A learner may not place; nor does a request without a course."""
    learner = world.browser().launch(**request_claims() | {f"{CLAIM}roles": [LEARNER]})
    nowhere = world.browser().launch(**request_claims() | {f"{CLAIM}context": MISSING})

    assert 'data-error-code="deeplink.not_allowed"' in learner.text
    assert nowhere.status_code == 422
