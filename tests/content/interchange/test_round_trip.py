"""What goes out in a format comes in again with the same meaning."""

import io
import re
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from lti_alliance.content.catalogue import shipped_modules
from lti_alliance.content.interchange.exporting import EXPORTS
from lti_alliance.content.interchange.importing import as_module, import_items
from lti_alliance.content.interchange.texts import (
    from_html,
    from_plain,
    to_html,
    to_inline_html,
    to_plain,
)
from lti_alliance.content.parser import parse_bytes, parse_source
from lti_alliance.content.writer import write_module
from lti_alliance.domain.items import (
    BranchItem,
    Item,
    Lock,
    MatchingItem,
    MultipleItem,
    MultipleScoring,
    NumericItem,
    OrderingItem,
    ShortItem,
    SingleItem,
)
from lti_alliance.domain.modules import Module
from lti_alliance.errors import ContentError
from tests.content.made_items import KINDS
from tests.content.test_parser import GOOD, parse

SHIPPED = {path.name: path for path in shipped_modules()}
CARRIED = {
    "gift": ("single", "multiple", "short", "numeric", "matching"),
    "moodle-xml": ("single", "multiple", "short", "numeric", "matching"),
    "qti21": ("single", "multiple", "short", "numeric", "matching", "ordering"),
}
SPEAKS_OF_KEYS = {"gift", "moodle-xml"}


def shown(markdown: str) -> str:
    """What a student sees of a text, white space apart."""
    return re.sub(r"\s|_", "", to_plain(to_html(markdown, {})))


def shown_in_line(markdown: str) -> str:
    """What a student sees of a text that is one line, as an option is."""
    return re.sub(r"\s|_", "", to_plain(to_inline_html(markdown, {})))


def kept_places(lock: Lock, form: str) -> Lock:
    """Which options keep their places, as far as a format says."""
    if form == "gift":
        return Lock.NONE
    return Lock.ALL if form == "moodle-xml" and lock is Lock.LAST else lock


def meaning(item: Item, form: str) -> object:
    """Return what a format promises to carry of an item."""
    points = Decimal(1) if form == "gift" else item.points.normalize()
    base = (item.kind, item.id, shown(item.stem), points)
    match item:
        case SingleItem() | MultipleItem():
            return (
                (*base, kept_places(item.lock, form)),
                [
                    (shown_in_line(o.text_markdown), o.correct, shown(o.feedback))
                    for o in item.options
                ],
            )
        case ShortItem():
            said = form in SPEAKS_OF_KEYS
            keys = [
                (" ".join(key.text.split()), key.share, shown(key.feedback) if said else "")
                for key in item.accepted
            ]
            return (base, keys)
        case NumericItem():
            said = form in SPEAKS_OF_KEYS
            numbers = [
                (key.low, key.high, key.share, shown(key.feedback) if said else "")
                for key in item.accepted
            ]
            return (base, sorted(numbers, key=lambda key: (-key[2], key[0])))
        case MatchingItem():
            targets = {each.id: shown_in_line(each.text_markdown) for each in item.targets}
            rows = [(shown_in_line(row.text_markdown), targets[row.target]) for row in item.rows]
            return (base, rows, sorted(targets.values()))
        case OrderingItem():
            return (base, [shown_in_line(entry.text_markdown) for entry in item.entries])
        case _:
            raise AssertionError(item)


def module_with(item: Item) -> Module:
    """Return a module that the parser has read, so that its texts are as a file can hold them."""
    module = parse(GOOD)
    made = replace(module, quiz=replace(module.quiz, items=(item,)), cases={}, reflections=())
    return parse_source(write_module(made), name="made.md")


@pytest.mark.parametrize(
    ("form", "kind"), [(form, kind) for form, kinds in CARRIED.items() for kind in kinds]
)
@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_item_keeps_its_meaning(form: str, kind: str, data: st.DataObject) -> None:
    """The same question, options, right answers, points and feedback."""
    drawn = data.draw(KINDS[kind])
    if isinstance(drawn, MultipleItem):
        drawn = replace(drawn, scoring=MultipleScoring.RIGHT_MINUS_WRONG)
    try:
        module = module_with(drawn)
    except ContentError:
        return  # What a module cannot hold is a matter of the writer's tests.
    item = module.quiz.items[0]
    assume(shown(item.stem))
    exported = EXPORTS[form](module)
    if "the whole item" in {loss.what for loss in exported.losses}:
        assert form == "gift"
        assert "->" in "".join(key.text for key in item.accepted)
        return

    found = import_items(exported.content, "made").items

    assert [meaning(each, form) for each in found] == [meaning(item, form)]


@pytest.mark.parametrize("form", EXPORTS)
@pytest.mark.parametrize("name", ["rupture-repair.md", "evidence-measurement.md"])
def test_a_shipped_module_goes_out_and_comes_in(name: str, form: str) -> None:
    """Each item but the dialogues comes in, makes a module, and keeps its meaning where it can."""
    module = parse_bytes(SHIPPED[name].read_bytes(), name=name)

    exported = EXPORTS[form](module)
    imported = import_items(exported.content, form)
    again = parse_source(as_module(imported, id="again", title="Again"), name="again.md")

    sent = [item for item in module.quiz.items if not isinstance(item, BranchItem)]
    assert [item.id for item in again.quiz.items] == [item.id for item in sent]
    left = {loss.where for loss in exported.losses if loss.what == "the whole item"}
    assert left == {item.id for item in module.quiz.items} - {item.id for item in sent}
    assert imported.losses == ()
    for old, new in zip(sent, imported.items, strict=True):
        # Citations become text: a module that comes in has no sources.
        if old.kind in CARRIED[form] and old.case is None and "[@" not in str(old):
            assert meaning(new, form) == meaning(old, form)


def test_a_case_is_shared_again_after_qti() -> None:
    """It goes out as a shared stimulus, which the manifest names for each item, and comes back."""
    module = parse_bytes(SHIPPED["evidence-measurement.md"].read_bytes(), name="x")
    used = {item.case for item in module.quiz.items if item.case}
    assert used

    content = EXPORTS["qti21"](module).content
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        stimuli = [name for name in package.namelist() if name.startswith("stimuli/")]
        manifest = package.read("imsmanifest.xml").decode()
        pages = [package.read(name).decode() for name in stimuli]
    imported = import_items(content, "x.zip")

    assert stimuli
    assert all("<p>" in page for page in pages)
    assert manifest.count("<dependency ") == sum(bool(item.case) for item in module.quiz.items)
    assert imported.cases
    assert all(bool(new.case) == bool(module.quiz.get_item(new.id).case) for new in imported.items)


def test_an_export_is_the_same_each_time() -> None:
    """Nothing in a package depends on the hour."""
    module = parse_bytes(SHIPPED["taster.md"].read_bytes(), name="x")

    assert EXPORTS["qti21"](module) == EXPORTS["qti21"](module)


def test_a_file_made_by_text2qti_comes_in(tmp_path: Path) -> None:
    """Another program's package for Canvas, read by its own rules."""
    from text2qti.config import Config
    from text2qti.qti import QTI
    from text2qti.quiz import Quiz

    text = (
        "Quiz title: Test\n\nTitle: Capital\nPoints: 2\n1.  What is *the* sum?\na)  6\n"
        "... Too much.\n*b) 5\n... Right.\nc)  4\n\n2.  Which?\n[*] T-rex\n[ ] Bear\n[*] Raptor\n\n"
        "3.  Name it.\n*   bond\n*   the bond\n\n4.  Number?\n=   1.5 +- 0.25\n\n5. Essay?\n____\n"
    )
    quiz = Quiz(text, config=Config())
    QTI(quiz).save(str(tmp_path / "quiz.zip"))

    imported = import_items((tmp_path / "quiz.zip").read_bytes(), "quiz.zip")

    assert imported.format == "qti12"
    single, multiple, short, number = imported.items
    assert isinstance(single, SingleItem)
    assert (single.stem, single.points) == ("What is *the* sum?", 2)
    assert [(o.text_markdown, o.correct, o.feedback) for o in single.options] == [
        ("6", False, "Too much."),
        ("5", True, "Right."),
        ("4", False, ""),
    ]
    assert isinstance(multiple, MultipleItem)
    assert [option.correct for option in multiple.options] == [True, False, True]
    assert isinstance(short, ShortItem)
    assert [key.text for key in short.accepted] == ["bond", "the bond"]
    assert isinstance(number, NumericItem)
    assert (number.accepted[0].low, number.accepted[0].high) == (Decimal("1.25"), Decimal("1.75"))
    assert [loss.what for loss in imported.losses] == ["the whole question"]


def test_uneven_points_of_right_options_are_told() -> None:
    """Right options earn the same here, whatever a file says, and the report tells."""
    text = "::q::Which two?{~%70%First ~%30%Second ~%-100%Third}"

    imported = import_items(text.encode(), "x.gift")

    assert [item.kind for item in imported.items] == ["multiple"]
    assert [loss.what for loss in imported.losses] == [
        "that some right options earn more than others"
    ]


@given(text=st.text(alphabet="ab1.) -+=#~>*_`[]()<&|\\!:\n", max_size=40))
@settings(max_examples=150, deadline=None)
@example(text="- a\n---\n1. b")
@example(text="# a\n\n    b")
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    """Nothing in a text without marks is taken for one."""
    assert shown(from_plain(text)) == re.sub(r"\s|_", "", text)


@given(text=st.text(alphabet="ab1.) -+=#~*`[]()|!:\n", max_size=40))
@settings(max_examples=150, deadline=None)
@example(text="- \n---")
def test_a_paragraph_of_html_stays_one(text: str) -> None:
    """What looks like a mark of Markdown in HTML is text."""
    found = to_html(from_html(f"<p>{text}</p>"), {})

    assert re.sub(r"\s", "", to_plain(found)) == re.sub(r"\s", "", text)
    assert not re.search(r"<(h\d|ul|ol|pre|blockquote)", found)


def test_a_gap_in_a_text_stays_visible() -> None:
    """A word that is asked for inside a sentence leaves a line; case earns nothing of its own."""
    item = (
        '<assessmentItem identifier="gap"><responseDeclaration identifier="R" baseType="string">'
        '<mapping><mapEntry mapKey="Bond" mappedValue="1"/>'
        '<mapEntry mapKey="bond" mappedValue="0.5"/></mapping></responseDeclaration><itemBody>'
        '<p>Goals, tasks and <textEntryInteraction responseIdentifier="R"/>: Bordin.</p>'
        "</itemBody></assessmentItem>"
    )

    imported = import_items(item.encode(), "gap.xml")

    (found,) = imported.items
    assert isinstance(found, ShortItem)
    assert shown(found.stem) == "Goals,tasksand:Bordin."
    assert "\\_" in found.stem
    assert [key.text for key in found.accepted] == ["Bond"]
    assert [loss.what for loss in imported.losses] == ["a wording with points of its own"]
    parse_source(as_module(imported, id="gap", title="Gap"), name="gap.md")
