"""What first attempts say about the questions, for those who teach."""

from flask import Blueprint, Response
from flask_babel import gettext
from markupsafe import Markup

from lti_alliance.content import markup
from lti_alliance.domain.item_analysis import MIN_SHEETS, Flag
from lti_alliance.domain.items import Frame, Item, OrderingItem, RateItem
from lti_alliance.models import db
from lti_alliance.parts import parts
from lti_alliance.services import analysis, item_questions
from lti_alliance.web import access
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import page


def register(blueprint: Blueprint) -> None:
    """Make the filters known to the application's templates."""
    blueprint.add_app_template_filter(flag_words, "flag_words")
    blueprint.add_app_template_filter(frame_words, "frame_words")


@access.teaches
def show() -> Response:
    """Show how hard the questions are, whether they tell apart, and what distracts."""
    visit = access.current()
    activity = activity_of(visit)
    found = analysis.analyse(db.session(), parts().catalogue, activity, viewer=member_of(visit))
    return page(
        "instructor/analysis.html",
        activity=activity,
        module=found.module,
        analysis=found,
        stems={report.item.id: markup.render_inline(_lead(report)) for report in found.items},
        lines={report.item.id: _lines(report.item) for report in found.items},
        min_sheets=MIN_SHEETS,
        asked=item_questions.count_open(db.session(), activity, viewer=member_of(visit)),
        tab="analysis",
    )


def flag_words(flag: Flag) -> str:
    """Say what is worth a look, and what it may mean."""
    return str(
        {
            Flag.NEGATIVE: gettext("Those who do well otherwise do worse here."),
            Flag.HARD: gettext("Very few have it right."),
            Flag.EASY: gettext("Nearly everybody has it right."),
            Flag.MISKEYED: gettext(
                "Those who chose a wrong option do better otherwise than those who chose the key:"
                " look at the key."
            ),
            Flag.RARE_DISTRACTOR: gettext("A wrong option is hardly ever chosen."),
        }[flag]
    )


def frame_words(frame: Frame) -> str:
    """Name a point of view."""
    return str(
        {Frame.EXAM: gettext("For the exam"), Frame.EVIDENCE: gettext("The evidence")}[frame]
    )


def _lead(report: analysis.ItemReport) -> str:
    return report.item.stem.strip().partition("\n\n")[0] or gettext("A conversation")


def _lines(item: Item) -> dict[str, Markup]:
    """Return the texts of what was ordered or rated, by id."""
    if isinstance(item, OrderingItem):
        rows = [(entry.id, entry.text_markdown) for entry in item.entries]
    elif isinstance(item, RateItem):
        rows = [(reply.id, reply.text_markdown) for reply in item.replies]
    else:
        rows = []
    return {line_id: markup.render_inline(text) for line_id, text in rows}
