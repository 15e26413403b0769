"""How what is kept about a person is put into words: fields of an export, kinds of rows."""

from collections import Counter
from datetime import datetime
from decimal import Decimal

from flask import Blueprint
from flask_babel import gettext, lazy_gettext, ngettext

from lti_alliance.web import wording

FIELDS = {
    "accommodations": lazy_gettext("Accommodations"),
    "act": lazy_gettext("Act"),
    "activities": lazy_gettext("Activities"),
    "activity": lazy_gettext("Activity"),
    "acts": lazy_gettext("What you did, as the record of acts has it"),
    "answer": lazy_gettext("Answer"),
    "asked": lazy_gettext("What was asked about the question"),
    "asked_at": lazy_gettext("Asked"),
    "assessment": lazy_gettext("Grade"),
    "at": lazy_gettext("When"),
    "attempts": lazy_gettext("Attempts"),
    "changed_at": lazy_gettext("Changed"),
    "closes_at": lazy_gettext("Closes"),
    "comment": lazy_gettext("Comment"),
    "comments": lazy_gettext("Comments on passages"),
    "course": lazy_gettext("Course"),
    "courses": lazy_gettext("Courses"),
    "decision": lazy_gettext("Decision of the instructor"),
    "delivered_at": lazy_gettext("Arrived"),
    "drafts": lazy_gettext("Saved drafts"),
    "due_at": lazy_gettext("Due"),
    "email": lazy_gettext("E-mail address"),
    "ends_at": lazy_gettext("Ends"),
    "extra_attempts": lazy_gettext("More attempts"),
    "extra_minutes": lazy_gettext("More minutes"),
    "family_name": lazy_gettext("Family name"),
    "finished_at": lazy_gettext("Finished"),
    "first_opened_at": lazy_gettext("First opened"),
    "first_seen_at": lazy_gettext("First seen"),
    "given_name": lazy_gettext("Given name"),
    "grade": lazy_gettext("Score"),
    "gradebook": lazy_gettext("Way to the gradebook"),
    "handed_in": lazy_gettext("Handed in"),
    "has_note": lazy_gettext("There is a note for instructors; ask them for it"),
    "help_used": lazy_gettext("Help used"),
    "how_sure": lazy_gettext("How sure, from 1 to 3"),
    "issuer": lazy_gettext("Address of the platform"),
    "items": lazy_gettext("Questions and answers"),
    "kind": lazy_gettext("Kind"),
    "language": lazy_gettext("Language"),
    "last_opened_at": lazy_gettext("Last opened"),
    "last_used_at": lazy_gettext("Last used"),
    "launches": lazy_gettext("Launches"),
    "left_at": lazy_gettext("Left"),
    "levels": lazy_gettext("Levels"),
    "listed_at": lazy_gettext("Listed"),
    "lists_of_people": lazy_gettext("Lists of people from the LMS"),
    "lms_dates": lazy_gettext("Dates from the LMS"),
    "lms_id": lazy_gettext("Id in the LMS"),
    "made_at": lazy_gettext("Made"),
    "maximum": lazy_gettext("Of"),
    "minutes": lazy_gettext("Minutes meant for it"),
    "module": lazy_gettext("Module"),
    "name": lazy_gettext("Name"),
    "names_kept_until": lazy_gettext("Name and address are kept until"),
    "note": lazy_gettext("Note"),
    "number": lazy_gettext("Number"),
    "opened": lazy_gettext("What was opened"),
    "opened_at": lazy_gettext("Opened"),
    "opens_at": lazy_gettext("Opens"),
    "own_levels": lazy_gettext("How you saw your own work"),
    "parts": lazy_gettext("Parts"),
    "passage": lazy_gettext("Passage"),
    "person": lazy_gettext("Person"),
    "phrases": lazy_gettext("Own sentences of feedback"),
    "platform": lazy_gettext("Platform"),
    "points": lazy_gettext("Points"),
    "practice_sets": lazy_gettext("Practice"),
    "presets": lazy_gettext("Presets"),
    "question": lazy_gettext("Question"),
    "reason": lazy_gettext("Reason"),
    "reflections": lazy_gettext("Reflections"),
    "released_at": lazy_gettext("Released"),
    "replied_at": lazy_gettext("Replied"),
    "reply": lazy_gettext("Reply"),
    "result": lazy_gettext("Result"),
    "returned_at": lazy_gettext("Returned"),
    "returned_with": lazy_gettext("Returned with"),
    "role": lazy_gettext("Role"),
    "saved_at": lazy_gettext("Saved"),
    "score": lazy_gettext("Score"),
    "sections": lazy_gettext("Sections"),
    "seen_at": lazy_gettext("Seen"),
    "seen_score": lazy_gettext("Score that was seen there"),
    "sent_maximum": lazy_gettext("Of"),
    "sent_score": lazy_gettext("Score that was sent"),
    "settings": lazy_gettext("Settings"),
    "share": lazy_gettext("Share of the points"),
    "started_at": lazy_gettext("Begun"),
    "state": lazy_gettext("State"),
    "submitted_at": lazy_gettext("Handed in"),
    "task": lazy_gettext("Task"),
    "text": lazy_gettext("Text"),
    "time_multiplier": lazy_gettext("Times the time limit"),
    "time_zone": lazy_gettext("Time zone"),
    "told_at": lazy_gettext("Told"),
    "updated_at": lazy_gettext("Changed last"),
    "words": lazy_gettext("Words"),
}
"""The fields of an export, as its readable form names them."""


def register(blueprint: Blueprint) -> None:
    """Make the filters known to the application's templates."""
    blueprint.add_app_template_filter(field_words, "field_words")
    blueprint.add_app_template_filter(value_words, "value_words")
    blueprint.add_app_template_filter(rows_words, "rows_words")


def value_words(value: object) -> str:
    """Write one value of an export for people."""
    match value:
        case bool():
            return str(gettext("yes") if value else gettext("no"))
        case datetime():
            return wording.utc_words(value)
        case Decimal():
            return wording.score_words(value)
        case _:
            return str(value)


def rows_words(rows: Counter[str]) -> list[str]:
    """Say what there is of somebody, in numbers, the most telling first."""
    sealed = rows["drafts"] + rows["submitted_versions"]
    said = [
        (rows["attempts"], _attempts(rows)),
        (rows["responses"], ngettext("%(num)s answer", "%(num)s answers", rows["responses"])),
        (
            rows["reflections"],
            ngettext("%(num)s reflection", "%(num)s reflections", rows["reflections"]),
        ),
        (sealed, ngettext("%(num)s saved text", "%(num)s saved texts", sealed)),
        (
            rows["item_questions"],
            ngettext("%(num)s question", "%(num)s questions", rows["item_questions"]),
        ),
        (
            rows["practice_sets"],
            ngettext("%(num)s set of practice", "%(num)s sets of practice", rows["practice_sets"]),
        ),
        (
            rows["accommodations"],
            ngettext("%(num)s accommodation", "%(num)s accommodations", rows["accommodations"]),
        ),
        (
            rows["launch_sessions"],
            ngettext("%(num)s launch", "%(num)s launches", rows["launch_sessions"]),
        ),
    ]
    return [str(words) for count, words in said if count]


def _attempts(rows: Counter[str]) -> str:
    return str(ngettext("%(num)s attempt", "%(num)s attempts", rows["attempts"]))


def field_words(name: str) -> str:
    """Name a field of an export; one from a module or a form keeps the name it has there."""
    return str(FIELDS[name]) if name in FIELDS else name.replace("_", " ")
