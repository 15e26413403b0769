"""Modules of a course on their pages: rights, forms, conflicts, faults, hostile content."""

import re
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_alliance.content.item_writer import write_item
from lti_alliance.content.parser import parse_source
from lti_alliance.domain.items import ItemKind
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.models import Activity, AuthoredModule, AuthoredVersion, Context, Membership
from lti_alliance.web.item_fields import fields_of
from tests.stage import NOON
from tests.web import visits
from tests.web.course import Course, open_course
from tests.web.visits import Visitor, forms_of, text_of

HOSTILE = """## Seen <b>by</b> all

<script>alert(1)</script> [click](javascript:alert(1)) ![x](https://elsewhere.example/x.png)
"""


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course: Course) -> Activity:
    return course.stage.activity(module_id="taster")


@pytest.fixture
def teacher(course: Course, activity: Activity) -> Visitor:
    return course.visit("instructor", activity)


@pytest.fixture
def own(course: Course, teacher: Visitor) -> AuthoredModule:
    """A copy of a short module."""
    return copy(course, teacher, "taster")


@pytest.fixture
def rich(course: Course, teacher: Visitor) -> AuthoredModule:
    """A copy of a module with every kind of question, and with pools."""
    return copy(course, teacher, "culture-humility")


def copy(course: Course, teacher: Visitor, module_id: str) -> AuthoredModule:
    made = teacher.post("course-modules/", {"act": "copy", "module_id": module_id})
    assert made.status_code == 303
    name = f"{module_id}-copy"
    found = course.fresh().scalar(select(AuthoredModule).where(AuthoredModule.module_id == name))
    assert found
    return found


def at(own: AuthoredModule, path: str = "") -> str:
    return f"course-modules/{own.id}{path}"


def draft(course: Course, own: AuthoredModule) -> Module:
    """Read the module that the draft is now."""
    course.fresh()
    return parse_source(own.draft, name="draft")


def save_source(teacher: Visitor, own: AuthoredModule, **changes: Any) -> TestResponse:
    fields = {"source": own.draft, "saved_version": own.draft_version, "step": "save"} | changes
    return teacher.post(at(own, "/source"), fields)


def form_of(page: TestResponse, number: int = 0) -> dict[str, str]:
    """Return what a browser would send of a form, with what its lists have selected."""
    text = page.get_data(as_text=True)
    found = dict(forms_of(page)[number]["fields"])
    for name, options in re.findall(r'<select id="(\w+)".*?>(.*?)</select>', text, re.DOTALL):
        values = re.findall(r'<option value="([^"]*)"( selected)?', options)
        found[name] = next((value for value, chosen in values if chosen), values[0][0])
    return found


# Who may


@pytest.mark.parametrize(
    ("role", "reads", "changes"),
    [
        (Role.INSTRUCTOR, 200, 303),
        (Role.CONTENT_DEVELOPER, 200, 303),
        (Role.TEACHING_ASSISTANT, 200, 403),
        (Role.LEARNER, 403, 403),
        (Role.OBSERVER, 403, 403),
        (Role.ADMINISTRATOR, 403, 403),
    ],
)
def test_who_may(
    course: Course, own: AuthoredModule, activity: Activity, role: Role, reads: int, changes: int
) -> None:
    """Whoever configures changes, assistants read, nobody else sees a draft."""
    course.stage.join("somebody", role=role)
    visitor = course.visit("somebody", activity)
    paths = ["course-modules/", at(own), at(own, "/source"), at(own, "/file")]
    read = {visitor.get(path).status_code for path in [*paths, "course-modules/shipped/taster"]}
    forms = {visitor.get(at(own, path)).status_code for path in ("/about", "/screens/1", "/items")}
    changed = visitor.post("course-modules/", {"act": "begin"})

    assert read == {reads}
    assert forms <= ({200, 404} if changes == 303 else {403})
    assert changed.status_code == changes
    assert save_source(visitor, own).status_code == changes


def test_another_course_finds_nothing(course: Course, own: AuthoredModule) -> None:
    """An instructor of another course of the same LMS gets what nobody is."""
    other = Context(
        deployment_id=course.stage.context.deployment_id, lti_id="other", created_at=NOON
    )
    course.session.add(other)
    course.session.flush()
    member = Membership(
        context_id=other.id,
        user_id=course.stage.people["instructor"].user_id,
        role=Role.INSTRUCTOR,
        number=1,
        first_launch_at=NOON,
        last_launch_at=NOON,
    )
    course.session.add(member)
    course.session.flush()
    stranger = visits.visit(course.app, course.session, member, link=None, at=course.now())
    got = [stranger.get(at(own, path)).status_code for path in ("", "/source", "/file", "/about")]
    sent = [
        stranger.post(at(own, path), {"saved_version": "1", "source": "x"}).status_code
        for path in ("/source", "/about", "/publication", "/deletion", "/items/ta-01")
    ]

    assert set(got + sent) == {404}
    assert own.title not in text_of(stranger.get("course-modules/"))


# From a copy to what students see


def test_a_module_is_copied_published_and_chosen(
    course: Course, teacher: Visitor, own: AuthoredModule
) -> None:
    """What is published stands in the list for an empty link, with its own title."""
    page = teacher.get(at(own))
    form = form_of(page, len(forms_of(page)) - 2)
    assert form["version"] == "1.0.0"
    answer = teacher.post(at(own, "/publication"), form)
    told = teacher.follow(answer)
    course.fresh()
    empty = course.visit("instructor", activity=_Unset(course))
    listed = empty.get("modules")
    chosen = empty.get("modules/taster-copy")
    unset = empty.get(at(own) + "?done=published")

    assert "The version is published to the course." in text_of(told)
    assert own.title in text_of(listed)
    assert chosen.status_code == 200
    assert "Set this link up with it" in text_of(unset)
    versions = course.fresh().scalars(select(AuthoredVersion)).all()
    assert [each.version for each in versions] == ["1.0.0"]


def test_an_older_activity_is_listed_with_its_settings(
    course: Course, teacher: Visitor, own: AuthoredModule
) -> None:
    """After a new version its author sees what still uses the old one."""
    publish(teacher, own, "1.0.0")
    course.fresh()
    older = course.stage.activity("older", module_id=own.module_id)
    course.session.commit()
    assert save_source(teacher, own, source=own.draft + "\n").status_code == 303
    course.fresh()
    publish(teacher, own, "1.0.1")
    page = teacher.get(at(own)).get_data(as_text=True)

    assert f"settings?activity={older.id}" in page
    assert "It cannot be deleted" in page
    assert teacher.post(at(own, "/deletion")).status_code == 409


def publish(teacher: Visitor, own: AuthoredModule, version: str) -> None:
    fields = {"version": version, "saved_version": own.draft_version}
    assert teacher.post(at(own, "/publication"), fields).status_code == 303


class _Unset:
    """A link that nobody has set up."""

    def __init__(self, course: Course) -> None:
        self.resource_link = course.stage.link("empty")


def test_a_publication_with_a_fault_says_so(
    course: Course, teacher: Visitor, own: AuthoredModule
) -> None:
    """The page comes back with the reason; nothing is published."""
    fields = {"version": "0", "saved_version": own.draft_version}
    refused = teacher.post(at(own, "/publication"), fields)
    stale = teacher.post(at(own, "/publication"), fields | {"version": "1.0.0", "saved_version": 9})

    assert refused.status_code == 422
    assert "Write three numbers like 1.2.0." in text_of(refused)
    assert stale.status_code == 409
    assert course.fresh().scalars(select(AuthoredVersion)).all() == []


def test_an_unused_module_is_deleted(course: Course, teacher: Visitor, own: AuthoredModule) -> None:
    """It is gone from the list."""
    told = teacher.follow(teacher.post(at(own, "/deletion")))

    assert "The module is deleted." in text_of(told)
    assert course.fresh().scalars(select(AuthoredModule)).all() == []


# The source


def test_a_source_is_checked_without_being_saved(
    course: Course, teacher: Visitor, own: AuthoredModule
) -> None:
    """Faults come with line and remedy, a whole source as students see it or with its keys."""
    before = own.draft
    broken = before.replace("# Objectives", "# Aims", 1)
    page = save_source(teacher, own, source=broken, step="check")
    line = broken.split("\n").index("# Aims") + 1
    whole = save_source(teacher, own, step="check")
    keys = save_source(teacher, own, step="check", show="key")

    assert page.status_code == 200
    assert f"Line {line}: there is no section `# Aims`" in text_of(page)
    assert "# Aims" in page.get_data(as_text=True)
    assert "Question 1 of" in text_of(whole)
    assert "Question 1 of" not in text_of(keys)
    assert "Not chosen, and right" in text_of(keys) or "Question 1" in text_of(keys)
    course.fresh()
    assert (own.draft, own.draft_version) == (before, 1)


def test_a_script_gets_the_preview_alone(teacher: Visitor, own: AuthoredModule) -> None:
    """Without the form, which somebody is typing in."""
    fields = {"source": own.draft, "saved_version": 1, "step": "check"}
    answer = teacher.post(at(own, "/source"), fields, headers={"X-Fragment": "looks"})

    assert "<textarea" not in answer.get_data(as_text=True)
    assert "Preview" in text_of(answer)


def test_a_broken_draft_can_be_saved(course: Course, teacher: Visitor, own: AuthoredModule) -> None:
    """It is not published, and its parts have no forms until it is repaired."""
    saved = save_source(teacher, own, source="# Only this\r\n")
    course.fresh()
    page = teacher.get(at(own))

    assert saved.status_code == 303
    assert own.draft == "# Only this\n"
    assert "Repair the faults first." in text_of(page)
    assert teacher.get(at(own, "/about")).status_code == 409


def test_an_older_form_overwrites_nothing(
    course: Course, teacher: Visitor, own: AuthoredModule
) -> None:
    """Both texts are on the page, and the older can be saved after a look at the newer."""
    mine, theirs = own.draft + "\nmine\n", own.draft + "\ntheirs\n"
    save_source(teacher, own, source=theirs)
    conflict = save_source(teacher, own, source=mine, saved_version=1)
    (form,) = forms_of(conflict)

    assert conflict.status_code == 409
    assert "mine" in text_of(conflict)
    assert "theirs" in text_of(conflict)
    course.fresh()
    assert own.draft == theirs
    again = teacher.post(form["action"], dict(form["fields"]) | {"step": "save"})
    assert again.status_code == 303
    course.fresh()
    assert own.draft == mine


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("  \n ", "There is nothing in it."),
        ("a\0b", "It holds characters that cannot be kept."),
        ("x" * 150_001, "This is longer than a module may be"),
    ],
)
@pytest.mark.parametrize("step", ["save", "check"])
def test_what_cannot_be_kept_comes_back(
    course: Course, teacher: Visitor, own: AuthoredModule, source: str, said: str, step: str
) -> None:
    """With the reason, and with what was typed."""
    page = save_source(teacher, own, source=source, step=step)

    assert page.status_code == 422
    assert said in text_of(page)
    course.fresh()
    assert own.draft_version == 1


def test_hostile_content_does_nothing(
    course: Course, teacher: Visitor, own: AuthoredModule
) -> None:
    """Markup of the author's is shown as text or refused, never carried out."""
    source = own.draft.replace("# Quiz\n", HOSTILE + "\n# Quiz\n", 1)
    source = source.replace('title: "', 'title: "<img src=x onerror=alert(1)>', 1)
    page = save_source(teacher, own, source=source, step="check").get_data(as_text=True)
    save_source(teacher, own, source=source)
    course.fresh()
    shown = teacher.get(at(own)).get_data(as_text=True)
    listed = teacher.get("course-modules/").get_data(as_text=True)

    for text in (page, shown, listed):
        assert "<script>alert" not in text
        assert "<img" not in text
        assert 'href="javascript' not in text
    assert "raw HTML is not allowed" in page


# Files


def upload(teacher: Visitor, content: bytes) -> TestResponse:
    return teacher.post(
        "course-modules/",
        {"act": "upload", "file": (BytesIO(content), "mine.md")},
        content_type="multipart/form-data",
    )


def test_a_file_goes_out_and_comes_in(
    course: Course, teacher: Visitor, own: AuthoredModule
) -> None:
    """What was downloaded is uploaded again under a free id; nothing else of it changes."""
    file = teacher.get(at(own, "/file"))
    made = upload(teacher, file.data)
    again = course.fresh().scalar(
        select(AuthoredModule).where(AuthoredModule.module_id == "taster-copy-copy")
    )

    assert file.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert 'filename="taster-copy.md"' in file.headers["Content-Disposition"]
    assert made.status_code == 303
    assert again
    assert again.draft.replace("-copy-copy", "-copy") == own.draft


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "There is nothing in it."),
        (b"\x89PNG\r\n\x1a\n\x00", "It holds characters that cannot be kept."),
        (b"x" * 150_001, "This is longer than a module may be"),
    ],
)
def test_a_bad_file_is_refused(course: Course, teacher: Visitor, content: bytes, said: str) -> None:
    """The list comes back with the reason."""
    page = upload(teacher, content)

    assert page.status_code == 422
    assert said in text_of(page)
    assert course.fresh().scalars(select(AuthoredModule)).all() == []


def test_a_file_beyond_every_form_is_refused(teacher: Visitor) -> None:
    """It is not even read."""
    answer = teacher.client.post(
        f"{teacher.home}course-modules/",
        data=b"x" * 1_100_000,
        content_type="multipart/form-data; boundary=x",
        base_url="http://localhost:8000",
    )

    assert answer.status_code == 413


def test_no_file_at_all_is_refused(teacher: Visitor) -> None:
    """A form without its file says so."""
    assert teacher.post("course-modules/", {"act": "upload"}).status_code == 422


# Forms


def test_what_it_is_called(course: Course, teacher: Visitor, own: AuthoredModule) -> None:
    """Title and minutes change, every other line stays."""
    before = own.draft.split("\n")
    form = form_of(teacher.get(at(own, "/about")))
    saved = teacher.post(at(own, "/about"), form | {"title": 'Ours: "new" #1', "minutes": "20"})
    refused = teacher.post(
        at(own, "/about"), form | {"title": " ", "minutes": "x", "saved_version": "2"}
    )
    stale = teacher.post(at(own, "/about"), form)

    assert saved.status_code == 303
    assert draft(course, own).title == own.title == 'Ours: "new" #1'
    assert draft(course, own).minutes == 20
    changed = [n for n, line in enumerate(own.draft.split("\n")) if line != before[n]]
    assert len(changed) == 2
    assert refused.status_code == 422
    assert stale.status_code == 409


def test_a_screen_is_changed_added_moved_deleted(
    course: Course, teacher: Visitor, rich: AuthoredModule
) -> None:
    """One at a time; the quiz never changes."""
    original = draft(course, rich)

    def send(number: str, **fields: str) -> int:
        course.fresh()
        form = {"saved_version": rich.draft_version, "title": "T", "text": "Text.", **fields}
        return teacher.post(at(rich, f"/screens/{number}"), form).status_code

    assert teacher.get(at(rich, "/screens/1")).status_code == 200
    assert teacher.get(at(rich, "/screens/new")).status_code == 200
    assert teacher.get(at(rich, "/screens/99")).status_code == 404
    assert send("1", title="First of ours", text="Some text.\n\n### Inside\n\nMore.") == 303
    assert send("new", title="Last") == 303
    last = str(len(draft(course, rich).reading))
    assert send(last, step="up") == 303
    titles = [section.title for section in draft(course, rich).reading]
    assert titles[0] == "First of ours"
    assert titles[-2] == "Last"
    assert send(str(int(last) - 1), step="delete") == 303
    assert "Last" not in [section.title for section in draft(course, rich).reading]
    assert send("1", text="# Quiz") == 422
    assert send("1", text=" ") == 422
    assert send("1", text="<b>x</b>") == 422
    assert send("1", saved_version="1") == 409
    now = draft(course, rich)
    assert [i.id for i in now.quiz.items] == [i.id for i in original.quiz.items]


def test_every_form_says_what_the_file_says(
    course: Course, teacher: Visitor, rich: AuthoredModule
) -> None:
    """A form that is sent as it came changes nothing of what the question is."""
    module = draft(course, rich)
    kinds = {}
    for item in sorted(module.quiz.items, key=lambda each: each.aspect is None):
        kinds.setdefault(item.kind, item)
    told: set[str] = set()
    for kind, item in kinds.items():
        page = teacher.get(at(rich, f"/items/{item.id}"))
        assert page.status_code == 200
        if kind is ItemKind.BRANCH:
            continue
        saved = teacher.post(at(rich, f"/items/{item.id}"), form_of(page) | {"step": "save"})
        assert saved.status_code == 303, text_of(saved)
        now = draft(course, rich)
        assert write_item(now.quiz.get_item(item.id)) == write_item(item)
        told |= {name for name in ("aspect", "frame", "objective") if getattr(item, name)}
    assert kinds.keys() == set(ItemKind)
    assert told == {"aspect", "frame", "objective"}
    assert [i.id for i in draft(course, rich).quiz.items] == [i.id for i in module.quiz.items]


def test_an_adopted_key_keeps_its_panel(
    course: Course, teacher: Visitor, rich: AuthoredModule
) -> None:
    """Who has agreed on a key is in the form, and without three of them it is not adopted."""
    module = draft(course, rich)
    item = next(each for each in module.quiz.items if each.kind is ItemKind.RATE)
    address = at(rich, f"/items/{item.id}")
    form = form_of(teacher.get(address)) | {"step": "save", "key": "adopted"}

    alone = teacher.post(address, form | {"panel": "Ana Ruiz"})
    three = teacher.post(address, form | {"panel": "Ana Ruiz; a supervisor; B. Osei"})
    course.fresh()
    again = form_of(teacher.get(address))

    assert alone.status_code == 422
    assert "1 of 3 experts" in text_of(alone)
    assert three.status_code == 303
    assert draft(course, rich).quiz.get_item(item.id).panel == (
        "Ana Ruiz",
        "a supervisor",
        "B. Osei",
    )
    assert again["panel"] == "Ana Ruiz; a supervisor; B. Osei"


def test_a_question_is_changed_by_its_form(
    course: Course, teacher: Visitor, own: AuthoredModule
) -> None:
    """The change is in the file, the others are as they were; a fault keeps it out."""
    module = draft(course, own)
    item = next(i for i in module.quiz.items if i.kind is ItemKind.SINGLE)
    address = at(own, f"/items/{item.id}")
    form = form_of(teacher.get(address))
    looked = teacher.post(address, form | {"stem": "What is new?", "step": "check"})
    more = teacher.post(address, form | {"stem": "What is new?", "step": "more"})
    saved = teacher.post(address, form | {"stem": "What is new?", "step": "save"})
    now = draft(course, own)
    form["saved_version"] = str(own.draft_version)
    none_right = teacher.post(
        address, {name: text for name, text in form.items() if not name.endswith(".right")}
    )
    points = teacher.post(address, form | {"points": "a lot"})

    assert looked.status_code == 200
    assert "What is new?" in text_of(looked)
    assert len(form_of(more)) > len(form)
    assert saved.status_code == 303
    assert now.quiz.get_item(item.id).stem == "What is new?"
    assert [i.id for i in now.quiz.items] == [i.id for i in module.quiz.items]
    for refused in (none_right, points):
        assert refused.status_code == 422
    assert "needs exactly one [x]" in text_of(none_right)
    course.fresh()
    assert own.draft_version == 2


def test_an_older_form_of_a_question_loses_nothing(
    course: Course, teacher: Visitor, own: AuthoredModule
) -> None:
    """What it said is on the page as the file would have it, also if the question is gone."""
    item = draft(course, own).quiz.items[0]
    address = at(own, f"/items/{item.id}")
    form = form_of(teacher.get(address)) | {"stem": "Mine?", "step": "save"}
    assert teacher.post(address, {"saved_version": "1", "step": "delete"}).status_code == 303
    conflict = teacher.post(address, form)

    assert conflict.status_code == 409
    assert f"## {item.kind}: {item.id}" in text_of(conflict)
    assert "Mine?" in text_of(conflict)


NEW: dict[str, dict[str, str]] = {
    "single": {
        "line.0.text": "Yes",
        "line.0.right": "on",
        "line.2.text": "No",
        "line.2.feedback": "Why?\n\nBecause.",
    },
    "multiple": {
        "line.0.text": "A",
        "line.0.right": "on",
        "line.1.text": "B",
        "scoring": "exact",
    },
    "matching": {
        "line.0.text": "one | two",
        "line.0.target": "X",
        "line.1.text": "three",
        "line.1.target": "Y",
        "line.2.target": "Z",
    },
    "ordering": {
        "line.0.text": "first",
        "line.1.text": "then",
        "line.2.text": "last",
        "also": "2 1 3\n1 3 2",
    },
    "short": {"line.0.text": "bond | the bond", "line.1.text": "tie", "line.1.share": "50"},
    "numeric": {"line.0.text": "8 ± 0.5", "line.1.text": "28", "line.1.share": "0"},
    "rate": {
        "scale": "3 now\n1 never",
        "line.0.text": "Say so",
        "line.0.value": "3",
        "line.0.feedback": "It helps.",
        "line.1.text": "Wait",
        "line.1.value": "1",
        "line.1.feedback": "It is late.",
    },
}


@pytest.mark.parametrize("kind", NEW)
def test_a_question_of_each_kind_is_added(
    course: Course, teacher: Visitor, rich: AuthoredModule, kind: str
) -> None:
    """It stands in the quiz and not in a pool, and its form says what was sent."""
    page = teacher.get(at(rich, f"/items?kind={kind}"))
    fields = form_of(page) | {"stem": "New?", "id": "brand-new"} | NEW[kind]
    if kind not in ("single", "multiple"):
        fields.pop("line.0.right", None)
    saved = teacher.post(at(rich, "/items"), fields)
    assert saved.status_code == 303, text_of(saved)
    module = draft(course, rich)
    item = module.quiz.get_item("brand-new")
    again = teacher.post(at(rich, "/items"), fields | {"saved_version": rich.draft_version})

    assert item.kind == kind
    assert fields_of(item)["stem"] == "New?"
    assert not any("brand-new" in pool.item_ids for pool in module.quiz.pools)
    assert again.status_code == 422
    assert "has this id" in text_of(again)


@pytest.mark.parametrize(
    ("kind", "fields", "name"),
    [
        ("short", {"line.0.text": "a", "line.0.share": "101"}, "line.0.share"),
        ("numeric", {"line.1.text": "eight"}, "line.0.text"),
        ("rate", {"scale": "now", "line.0.text": "a", "line.0.value": "x"}, "scale"),
        ("ordering", {"line.0.text": "a", "also": "1 2"}, "also"),
        ("multiple", {"line.0.text": "a", "scoring": "per row"}, "scoring"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(
    course: Course, teacher: Visitor, own: AuthoredModule, kind: str, fields: Any, name: str
) -> None:
    """The form comes back with what was typed, and the fault at its field."""
    sent = {"stem": "New?", "id": "brand-new", "saved_version": "1", "kind": kind} | fields
    page = teacher.post(at(own, "/items"), sent)
    text = page.get_data(as_text=True)

    assert page.status_code == 422
    assert f'id="error-{name}"' in text
    assert f'id="{name}"' in text
    assert "New?" in text


def test_a_question_is_moved(course: Course, teacher: Visitor, own: AuthoredModule) -> None:
    """Down and up again is where it was; the file is the same to the letter."""
    before = own.draft
    first, second = (item.id for item in draft(course, own).quiz.items[:2])
    down = teacher.post(at(own, f"/items/{first}"), {"saved_version": "1", "step": "down"})
    moved = [item.id for item in draft(course, own).quiz.items[:2]]
    up = teacher.post(at(own, f"/items/{first}"), {"saved_version": "2", "step": "up"})

    assert (down.status_code, up.status_code) == (303, 303)
    assert moved == [second, first]
    course.fresh()
    assert own.draft == before


def test_a_conversation_is_changed_as_it_is_written(
    course: Course, teacher: Visitor, rich: AuthoredModule
) -> None:
    """It has no form yet; its own lines can be edited and nothing else."""
    item = next(i for i in draft(course, rich).quiz.items if i.kind is ItemKind.BRANCH)
    address = at(rich, f"/items/{item.id}")
    form = form_of(teacher.get(address))
    refused = teacher.post(address, form | {"text": f"## branch: {item.id}\n\nnothing"})
    saved = teacher.post(address, form | {"text": form["text"] + "\n"})

    assert refused.status_code == 422
    assert saved.status_code == 303
    assert draft(course, rich).quiz.get_item(item.id).kind is ItemKind.BRANCH


def test_a_form_for_no_kind_is_not_found(teacher: Visitor, own: AuthoredModule) -> None:
    """What is in an address may be anything."""
    assert teacher.get(at(own, "/items?kind=essay")).status_code == 404
    assert teacher.get(at(own, "/items/none")).status_code == 404
    assert teacher.get("course-modules/not-a-key").status_code == 404
    assert teacher.get("course-modules/shipped/none").status_code == 404
    assert teacher.get(at(own, "/file?version=9.9.9")).status_code == 404
