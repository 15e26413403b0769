"""Drafts, returns, comments, flags and the guard, on the pages of teacher and writer."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from lti_alliance.domain.launch import Role
from lti_alliance.models import AuditEvent, Draft, Reflection, SubmittedVersion
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.test_instructor_grading import levels
from tests.web.visits import forms_of, text_of

TEXT = "I stayed with one moment, and then I fell silent."
PAGE = "reflections/tc-r1"


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course):
    return course.stage.activity(**RUBRIC_PARTS)


@pytest.fixture
def handed_in(course, activity) -> str:
    return course.hand_in_reflection("ada", activity, "tc-r1", TEXT)


@pytest.fixture
def teacher(course, activity):
    return course.visit("instructor", activity)


@pytest.fixture
def ada(course, activity):
    return course.visit("ada", activity)


def test_drafts_are_released_together(course, activity, handed_in, teacher, ada):
    """Save and next leads on; the student sees nothing until all are released."""
    course.now.move(minutes=1)
    other = course.hand_in_reflection("ben", activity, "tc-r1", TEXT)
    page = teacher.get(f"grading/{handed_in}")
    form = forms_of(page)[0]
    draft = next(url for url in form["buttons"] if "then=next" in url)
    first = teacher.post(draft, dict(form["fields"]) | levels(course, 3) | {"comment": "Good."})
    before = text_of(ada.get(PAGE))
    listed = teacher.get("grading")
    release = next(form for form in forms_of(listed) if form["action"].endswith("release"))
    done = teacher.follow(teacher.post(release["action"], dict(release["fields"])))

    assert "1 of 2 waiting" in text_of(page)
    assert first.location.endswith(other)
    assert "It waits for your instructor." in before
    assert "Good." not in before
    assert "Draft, not released" in text_of(listed)
    assert "1 grade is released." in text_of(done)
    assert "Good." in text_of(ada.get(PAGE))


def test_names_are_hidden_until_the_grade_is_released(course):
    """Neither list nor page names the writer, and a number stands there instead."""
    activity = course.stage.activity("link-2", **RUBRIC_PARTS, anonymous=True)
    made = course.hand_in_reflection("ada", activity, "tc-r1", TEXT)
    teacher = course.visit("instructor", activity)
    hidden = text_of(teacher.get("grading")) + text_of(teacher.get(f"grading/{made}"))
    teacher.post(f"grading/{made}", {"saved_version": "0", **levels(course)})

    assert "Ada" not in hidden
    assert "Writer " in hidden
    assert "Ada" in text_of(teacher.get("grading"))


def test_a_return_and_its_revision(course, handed_in, teacher, ada):
    """The writer reads the feedback, changes the text, and the teacher sees the difference."""
    teacher.post(
        f"grading/{handed_in}/comments",
        {"version": "1", "passage": "fell silent", "passage_comment": "How long?"},
    )
    unseen = text_of(ada.get(PAGE))
    back = teacher.follow(
        teacher.post(f"grading/{handed_in}/return", {"feedback": "Say more.", "until": ""})
    )
    writing = ada.get(PAGE)
    fields = dict(forms_of(writing)[0]["fields"])
    ada.post(
        f"{PAGE}/submission",
        {"saved_version": fields["saved_version"], "text": TEXT + " It was long."},
    )
    page = teacher.get(f"grading/{handed_in}")
    older = teacher.get(f"grading/{handed_in}?version=1")

    assert "How long?" not in unseen
    assert "Returned for revision" in text_of(back)
    assert "Say more." in text_of(writing)
    assert "How long?" in text_of(writing)
    assert fields["text"] == TEXT
    assert "<ins>" in page.text
    assert "It was long." in text_of(page)
    assert "It was long." not in text_of(older)
    assert "<mark>fell silent</mark>" in older.text


@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        ("comments", {"version": "1", "passage": "not there", "passage_comment": "x"}, "passage"),
        ("comments", {"version": "1", "passage": "one moment"}, "passage_comment"),
        ("return", {"feedback": " "}, "feedback"),
        ("return", {"feedback": "Go on.", "until": "soon"}, "until"),
        ("return", {"feedback": "Go on.", "until": "2020-01-01T10:00"}, "until"),
    ],
)
def test_what_is_missing_is_named(handed_in, teacher, path, fields, field):
    """A form that cannot be carried out names the field and keeps what was typed."""
    answer = teacher.post(f"grading/{handed_in}/{path}", fields)

    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text


def test_only_its_author_changes_a_comment(course, activity, handed_in, teacher):
    """Another teacher sees it without a form; its author changes and deletes it."""
    teacher.post(
        f"grading/{handed_in}/comments",
        {"version": "1", "passage": "fell silent", "passage_comment": "How long?"},
    )
    form = next(
        f for f in forms_of(teacher.get(f"grading/{handed_in}")) if "/comments/" in f["action"]
    )
    course.stage.join("second", role=course.stage.people["instructor"].role)
    course.session.commit()
    second = course.visit("second", activity)
    fields = dict(form["fields"]) | {"passage_comment": "Changed."}
    address = form["action"].partition("/grading/")[2]
    refused = second.post(
        f"grading/{address}", {"version": "1", "passage_comment": "Changed by another."}
    )
    teacher.post(form["action"], fields)
    changed = text_of(teacher.get(f"grading/{handed_in}"))
    teacher.post(form["action"], fields | {"act": "delete"})

    assert refused.status_code == 404
    assert "Changed." in changed
    assert "Changed." not in text_of(teacher.get(f"grading/{handed_in}"))


def test_phrases_are_kept_and_added_below_the_comment(course, activity, handed_in, teacher, ada):
    """A ticked phrase ends the comment; another teacher's phrases are not shown."""
    teacher.post(f"grading/{handed_in}/phrases", {"phrase": "Stay with the moment."})
    form = forms_of(teacher.get(f"grading/{handed_in}"))[0]
    phrase_id = teacher.get(f"grading/{handed_in}").text.split('name="forget" value="')[1][:36]
    teacher.post(
        form["action"],
        dict(form["fields"]) | levels(course) | {"comment": "Good.", "phrase": phrase_id},
    )

    assert "Good.\n\nStay with the moment." in ada.get(PAGE).text


def test_identifying_words_are_held_and_taken_out(course, activity, handed_in, teacher, ada):
    """Held: hidden. Taken out: gone from every page, and the writer may hand in again."""
    teacher.post(f"grading/{handed_in}/flag", {})
    held = text_of(ada.get(PAGE))
    course.stage.join("second", role=Role.TEACHING_ASSISTANT)
    course.session.commit()
    refused = course.visit("second", activity).get(f"grading/{handed_in}")
    teacher.post(f"grading/{handed_in}/purge", {"quotes": "fell silent", "purge_until": ""})
    after = ada.get(PAGE)

    assert "fell silent" not in held
    assert "Held" in held
    assert refused.status_code == 409
    assert "fell silent" not in after.text
    assert "[removed]" in dict(forms_of(after)[0]["fields"])["text"]


def test_another_instructor_decides(course, activity, handed_in, ada):
    """The page says who flagged it and takes the decision of any instructor, on record."""
    course.join("tia", role=Role.TEACHING_ASSISTANT)
    course.session.commit()
    course.visit("tia", activity).post(f"grading/{handed_in}/flag", {})
    teacher = course.visit("instructor", activity)
    page = teacher.get(f"grading/{handed_in}")
    own = course.visit("tia", activity).get(f"grading/{handed_in}")
    lifted = teacher.post(f"grading/{handed_in}/flag/cleared", {})

    assert "Tia flagged this text." in text_of(page)
    assert "You flagged this text." in text_of(own)
    assert lifted.status_code == 303
    assert "fell silent" in ada.get(PAGE).text
    trail = course.fresh().execute(select(AuditEvent.action, AuditEvent.actor_id)).all()
    done_by = {each.action: each.actor_id for each in trail}
    assert done_by["reflection.flagged"] == course.stage.people["tia"].user_id
    assert done_by["reflection.flag_cleared"] == course.stage.people["instructor"].user_id


def test_what_is_held_is_held_in_the_gradebooks_view(course, activity, handed_in, teacher):
    """The page that SpeedGrader opens hides it from all but those who decide."""
    teacher.post(f"grading/{handed_in}/flag", {})
    course.join("tia", role=Role.TEACHING_ASSISTANT)
    course.join("second", role=Role.INSTRUCTOR)
    course.session.commit()
    pages = {
        who: visitor.follow(visitor.get())
        for who in ("tia", "second", "instructor")
        for visitor in [course.visit(who, activity, for_user="sub-ada")]
    }

    assert "fell silent" not in pages["tia"].text
    assert "This text is held and hidden" in text_of(pages["tia"])
    assert all("fell silent" in pages[who].text for who in ("second", "instructor"))


def test_a_worry_is_nowhere_on_record(course, handed_in, teacher, caplog):
    """The page gives advice and leaves neither an event nor a line in the log."""
    course.stage.context.deployment.registration.help_text = "Centre: room 5"
    course.session.commit()
    before = course.fresh().scalar(select(func.count()).select_from(AuditEvent))
    caplog.clear()
    page = teacher.get("grading/worry")

    assert "Centre: room 5" in text_of(page)
    assert "worry" not in caplog.text
    assert course.fresh().scalar(select(func.count()).select_from(AuditEvent)) == before


def test_readings_are_shown_to_both(handed_in, teacher, ada):
    """The teacher sees who read it, the writer when it was first read."""
    before = text_of(ada.get(PAGE))
    page = text_of(teacher.get(f"grading/{handed_in}"))

    assert "Read by your instructor" not in before
    assert "Read by" in page
    assert "Read by your instructor on Mar 1, 2027" in text_of(ada.get(PAGE))


class TestGuard:
    """What looks identifying is shown to the writer, who decides."""

    RISKY = "Then Ms. Alvarez called 555-123-4567."

    def test_it_marks_and_lets_pass_what_was_looked_at(self, course, ada, caplog):
        """Marked before handing in, refused unseen, handed in with a tick, kept nowhere."""
        ada.post(f"{PAGE}/draft", {"saved_version": "0", "text": self.RISKY})
        review = ada.get(f"{PAGE}/review")
        form = dict(forms_of(review)[0]["fields"])
        form.pop("seen_details", None)
        unseen = ada.post(f"{PAGE}/submission", form)
        states = course.fresh().scalars(select(Reflection.state)).all()
        seen = ada.post(f"{PAGE}/submission", form | {"seen_details": "yes"})
        trail = [str(event.details) for event in course.fresh().scalars(select(AuditEvent))]

        assert "<mark>Ms. Alvarez</mark>" in review.text
        assert "Is this a real person's detail?" in text_of(review)
        assert unseen.status_code == 422
        assert 'data-error-code="reflection.unconfirmed"' in unseen.text
        assert states == ["draft"]
        assert seen.status_code == 303
        assert "Alvarez" not in caplog.text + str(trail)

    def test_a_text_without_any_is_not_asked_about(self, ada):
        """No tick is asked for where nothing was found; what it cannot see is said."""
        ada.post(f"{PAGE}/draft", {"saved_version": "0", "text": "A calm word."})
        review = ada.get(f"{PAGE}/review")

        assert "seen_details" not in review.text
        assert "a story so rare" in text_of(review)


def test_help_and_own_levels_reach_the_teacher(course, activity, ada, teacher):
    """What writers say of help used is sealed; their own levels stand beside the rubric."""
    name = next(iter(levels(course))).replace("criterion.", "self.")
    ada.post(
        f"{PAGE}/submission",
        {
            "saved_version": "0",
            "text": TEXT,
            "help_used": "A friend.",
            name: "2",
            "seen_details": "",
        },
    )
    version = course.fresh().scalars(select(SubmittedVersion)).one()
    page = text_of(teacher.get(f"grading/{version.reflection_id}"))

    assert b"A friend" not in (version.sealed_help or b"")
    assert "A friend." in page
    assert "The writer chose: 2" in page
    assert "How you saw your work" in text_of(ada.get(PAGE))


def test_the_rule_on_ai_is_shown(course):
    """Where the activity states one, writers read it before and when they hand in."""
    activity = course.stage.activity("link-2", **RUBRIC_PARTS, ai_help="not allowed")
    ada = course.visit("ada", activity)
    ada.post(f"{PAGE}/draft", {"saved_version": "0", "text": TEXT})

    assert "not allowed here" in text_of(ada.get(PAGE))
    assert "not allowed here" in text_of(ada.get(f"{PAGE}/review"))


def test_a_returned_text_keeps_to_its_own_date(course):
    """After the close the date of the return holds, and the page says it."""
    activity = course.stage.activity(
        "link-2", **RUBRIC_PARTS, closes_at=course.now() + timedelta(hours=1)
    )
    made = course.hand_in_reflection("ada", activity, "tc-r1", TEXT)
    course.now.move(hours=2)
    teacher = course.visit("instructor", activity)
    refused = teacher.post(f"grading/{made}/return", {"feedback": "More."})
    teacher.post(f"grading/{made}/return", {"feedback": "More.", "until": "2027-03-02T12:00"})
    ada = course.visit("ada", activity)
    page = ada.get(PAGE)

    assert refused.status_code == 422
    assert "may be handed in until Mar 2, 2027, 12:00 UTC" in text_of(page)
    saved = ada.post(f"{PAGE}/draft", {"saved_version": "1", "text": "More words."})
    assert saved.status_code == 303
    assert len(course.fresh().scalars(select(Draft)).all()) >= 1


def test_marked_examples_are_shown_where_the_instructor_lets_them(course):
    """Before writing, with their levels and why; elsewhere students never see them."""
    shown = course.stage.activity("link-2", **RUBRIC_PARTS, exemplars=True)
    hidden = course.stage.activity("link-3", **RUBRIC_PARTS)
    examples = course.catalogue.get("trust-credibility-expertise").teacher.exemplars
    mine = next(each for each in examples if each.reflection == "tc-r1")
    with_them, without = (
        text_of(course.visit("ada", activity).get(PAGE)) for activity in (shown, hidden)
    )
    settings = course.visit("instructor", shown).get("settings")

    assert "Example 1, marked" in with_them
    assert mine.text[:60] in with_them
    assert mine.text[:60] not in without
    assert 'name="exemplars"' in settings.get_data(as_text=True)
