"""The kinds of item in a file: what a good block becomes, and what is said about a bad one."""

from decimal import Decimal

import pytest

from lti_alliance.domain.items import (
    Aspect,
    BranchItem,
    Item,
    KeyState,
    LineScoring,
    Lock,
    MatchingItem,
    NumericItem,
    NumericKey,
    OrderingItem,
    RateItem,
    Target,
)
from tests.content.test_parser import GOOD, QUIZ, SHORT, faults_of, parse, swap

MATCHING = """
## matching: sm-10

points: 3

Match each statement to the part under strain.

| Statement | Part | Why |
|---|---|---|
| "Not my childhood." | Goals | It is about what is to change. |
| "Pointless." | Tasks | It is about what is done. |
| "You sigh." | goals | Capitals make no difference. |
|  | Transference | It explains, and is no part. |
"""
ORDERING = """
## ordering: sm-11

also: 2 1 3

Put the steps into one workable order.

1. Notice the marker.
   > It comes first.
2. Slow down.
3. Validate.
   > Before any change.
"""
NUMERIC = """
## numeric: sm-12

What percentage of variance is r = .28?

= 8 ± 0.5
  > .28 squared
  > is .0784.
~ 28 [0]
  > That is r itself.
= 7.84..7.9
"""
RATE = """
## rate: sm-13

scale: 4 very helpful now, 3 somewhat helpful now, 2 better later, 1 harmful now
key: draft
lock: all

A client says, "You sound like my mother." Rate each reply.

- (1) "I was only trying to help."
  > It defends the counselor.
- (4) "What did you hear?"
  > It validates. [@bordin1979]
"""
BRANCH = """
## branch: sm-14

points: 4
key: draft

### start

Dana says, "Let's just start."

- Start the worksheet. -> push (+0)
  > It passes over the sigh.
- "It has been harder to
  get here." -> notice (+2)
  > It notices.

### notice

Dana looks down.

- "What has it been like?" -> good (+2)
  > It asks.
- "Research shows…" -> push (-1)
  > It lectures.

### push

end: Dana cancels.

### good

end: You rework the plan.

Dana laughs.
"""
STAGES = """
## case: ravi

### First contact

Ravi, 58, sleeps badly.

### Two weeks later

He has stopped coming.
"""
BLOCKS = {
    "matching": MATCHING,
    "ordering": ORDERING,
    "numeric": NUMERIC,
    "rate": RATE,
    "branch": BRANCH,
}


def with_block(block: str) -> str:
    """Put a block behind the last item of the quiz."""
    return swap(SHORT, f"{SHORT}{block}")


def item(block: str) -> Item:
    return parse(with_block(block)).quiz.items[-1]


def test_a_table_becomes_a_matching_item() -> None:
    """Rows with what they belong to, once each whatever its capitals, and a distractor."""
    read = item(MATCHING)

    assert isinstance(read, MatchingItem)
    assert (read.points, read.scoring) == (3, LineScoring.PER_ROW)
    assert [(row.id, row.target) for row in read.rows] == [("a", "a"), ("b", "b"), ("c", "a")]
    assert read.rows[1].feedback == "It is about what is done."
    assert read.targets == (Target("a", "Goals"), Target("b", "Tasks"), Target("c", "Transference"))


def test_a_numbered_list_becomes_an_ordering_item() -> None:
    """In the order of the source, with other right orders."""
    read = item(ORDERING)

    assert isinstance(read, OrderingItem)
    assert [entry.text_markdown for entry in read.entries][:2] == [
        "Notice the marker.",
        "Slow down.",
    ]
    assert read.entries[2].feedback == "Before any change."
    assert read.right_orders == (("a", "b", "c"), ("b", "a", "c"))


def test_number_lines_become_ranges() -> None:
    """A width, a range, and a share that may be nothing."""
    read = item(NUMERIC)

    assert isinstance(read, NumericItem)
    assert read.accepted == (
        NumericKey(low=Decimal("7.5"), high=Decimal("8.5"), feedback=".28 squared\nis .0784."),
        NumericKey(
            low=Decimal(28), high=Decimal(28), share=Decimal(0), feedback="That is r itself."
        ),
        NumericKey(low=Decimal("7.84"), high=Decimal("7.9")),
    )


def test_a_list_with_values_becomes_a_rate_item() -> None:
    """With its scale, reasons, and a key that is a draft."""
    read = item(RATE)

    assert isinstance(read, RateItem)
    assert (read.key, read.worth, read.lock) == (KeyState.DRAFT, 0, Lock.ALL)
    assert (read.scale[0].number, read.scale[0].name) == (4, "very helpful now")
    assert [(r.id, r.value) for r in read.replies] == [("a", 1), ("b", 4)]


def test_headings_become_a_dialogue() -> None:
    """Nodes with choices that lead on, and ends with their consequences."""
    read = item(BRANCH)

    assert isinstance(read, BranchItem)
    assert [node.id for node in read.nodes] == ["start", "notice", "push", "good"]
    choice = read.get_node("start").choices[1]
    assert (choice.to, choice.points, choice.feedback) == ("notice", 2, "It notices.")
    assert choice.text_markdown == '"It has been harder to\nget here."'
    assert read.get_node("good").text_markdown == "You rework the plan.\n\nDana laughs."
    assert read.best == 4


def test_a_case_has_stages() -> None:
    """An item sees the vignette up to its stage; without headings there is one."""
    short = SHORT.replace("sm-03\n", "sm-03\n\ncase: ravi\nstage: 2\n")
    module = parse(swap(SHORT, STAGES + short))
    ravi, read = module.cases["ravi"], module.quiz.get_item("sm-03")

    assert [stage.title for stage in ravi.stages] == ["First contact", "Two weeks later"]
    assert (read.case, read.stage) == ("ravi", 2)
    assert ravi.up_to(1) == "**First contact.** Ravi, 58, sleeps badly."
    assert ravi.up_to(2, after=1) == "**Two weeks later.** He has stopped coming."
    assert module.cases["maya"].markdown == "Maya was sent by the court."


@pytest.mark.parametrize(
    ("kind", "old", "new", "problem"),
    [
        ("matching", "| Goals | It is", "|  | It is", "this row is not whole"),
        (
            "matching",
            MATCHING[MATCHING.index('| "You sigh."') :],
            "",
            "too little",
        ),
        ("matching", "points: 3", "scoring: near miss", "not for this kind"),
        ("matching", "| Statement | Part | Why |\n|---|---|---|", "| A |\n|---|", "the columns"),
        ("matching", '"Pointless."', '"Not my childhood."', "there twice"),
        ("ordering", "also: 2 1 3", "also: 2 1 1", "no order of the entries"),
        ("ordering", "3. Validate.\n   > Before any change.\n", "", "2 entries"),
        ("ordering", "2. Slow down.", "2. Notice the marker.", "there twice"),
        ("numeric", "= 8 ± 0.5", "= eight", "this number cannot be read"),
        ("numeric", "= 7.84..7.9", "= 9..7", "this number cannot be read"),
        ("numeric", "~ 28 [0]", "~ 28", "this number cannot be read"),
        ("numeric", "= 7.84..7.9", "and more", "is none"),
        ("rate", "scale: 4 very helpful", "scale: very helpful", "no scale"),
        ("rate", "- (4)", "- (7)", "the scale has no 7"),
        ("rate", "- (4)", "- [4]", "no value or no text"),
        ("rate", "  > It defends the counselor.\n", "", "this reply has no reason"),
        ("rate", "key: draft\n", "", "does not say what its key is"),
        ("rate", "key: draft", "key: maybe", "`maybe` is not known here"),
        ("branch", "-> notice (+2)", "-> notise (+2)", "`notise`, which does not exist"),
        ("branch", "-> good (+2)", "-> start (+2)", "comes back to `start`"),
        ("branch", "-> good (+2)", "-> push (+2)", "no way leads to `good`"),
        ("branch", "-> good (+2)", "(+2)", "this choice leads nowhere"),
        ("branch", "### start", "### begin", "does not begin with `start`"),
        ("branch", "  > It asks.\n", "", "this choice has no feedback"),
        ("branch", "end: Dana cancels.", "Dana cancels.", "from two to 6 choices"),
        ("branch", "### good", "#### good", "no name for a node"),
    ],
)
def test_a_bad_block_is_named_with_a_way_out(kind: str, old: str, new: str, problem: str) -> None:
    """Each fault has a line, what is wrong, and what to write instead."""
    faults = faults_of(with_block(swap(old, new, BLOCKS[kind])))

    assert any(problem in fault.problem for fault in faults), faults
    assert all(fault.remedy for fault in faults)


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        (f"## pool: warm pick 1\n{BRANCH}{NUMERIC}", "sm-14 cannot stand in a pool"),
        (f"## pool: warm pick 1\n{RATE}{NUMERIC}", "differ in points"),
        (NUMERIC.replace("\nWhat", "stage: 2\n\nWhat", 1), "has a stage and no case"),
        (NUMERIC.replace("\nWhat", "case: maya\nstage: 2\n\nWhat", 1), "for stage 2 of 1"),
        ("\n## case: empty\n\n### One\n\n### Two\n\nText.\n", "this stage cannot be read"),
    ],
)
def test_what_cannot_stand_together_is_named(block: str, problem: str) -> None:
    """Pools draw apart, so they hold nothing that belongs together; stages need their case."""
    assert any(problem in fault.problem for fault in faults_of(with_block(f"\n{block}")))


def test_the_teachers_page() -> None:
    """Sections, exemplars with their levels, phrases; in order, after the reflections."""
    module = parse(f"{GOOD}{TEACHER}")
    (exemplar,) = module.teacher.exemplars

    assert [section.title for section in module.teacher.sections] == ["Common misreadings"]
    assert exemplar.reflection == "sm-r1"
    assert list(exemplar.levels.values())[:1] == [3]
    assert exemplar.text == "I told them. They told me."
    assert exemplar.notes.startswith("**")
    assert module.teacher.phrases == ("You stay with the moment.", "Say what it did.")


def test_an_exemplar_that_fits_no_rubric_is_named() -> None:
    """A reflection that is not there, levels that are too many, a text without annotations."""
    for old, new, problem in (
        ("reflection: sm-r1", "reflection: sm-r9", "answers no reflection with a rubric"),
        ("levels: 3", "levels: 9", "the levels do not fit"),
        ("> **Own (3).** Why.\n", "", "no text or no annotations"),
    ):
        faults = faults_of(f"{GOOD}{swap(old, new, TEACHER)}")

        assert any(problem in fault.problem for fault in faults), faults


def test_the_quiz_counts_what_counts() -> None:
    """An item whose key is a draft adds nothing to the maximum."""
    plain = parse(GOOD).quiz.maximum

    assert parse(with_block(RATE)).quiz.maximum == plain
    assert parse(with_block(MATCHING)).quiz.maximum == plain + 3
    assert QUIZ in GOOD


TEACHER = """
# Teacher

## Common misreadings

- **Liking.** It is not liking.

## exemplar: sm-x1

reflection: sm-r1
levels: 3 2

I told them.
They told me.

> **Own (3).** Why.

## Feedback phrases

- You stay with the moment.
- Say what it did.
"""


def test_an_item_says_which_aspect_it_is_about() -> None:
    """In one of six words; it sorts the item, and makes no other of it."""
    plain = parse(with_block(MATCHING))
    tagged = parse(with_block(MATCHING.replace("points: 3", "aspect: harmony\npoints: 3")))
    item, same = tagged.quiz.get_item("sm-10"), plain.quiz.get_item("sm-10")
    (fault,) = faults_of(with_block(MATCHING.replace("points: 3", "aspect: charm\npoints: 3")))

    assert (item.aspect, same.aspect) == (Aspect.HARMONY, None)
    assert tagged.item_hash(item) == plain.item_hash(same)
    assert tagged.content_hash != plain.content_hash
    assert fault.remedy == (
        "Write one of: trust, credibility, expertise, empathy, understanding, harmony."
    )
