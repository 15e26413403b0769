"""Module files: what a good one becomes, and what is said about a bad one."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lti_alliance.content.catalogue import shipped_modules
from lti_alliance.content.parser import MAX_SOURCE_LENGTH, parse_bytes, parse_file, parse_source
from lti_alliance.domain.activities import propose
from lti_alliance.domain.items import (
    Frame,
    MultipleItem,
    MultipleScoring,
    ShortItem,
    ShortKey,
    SingleItem,
)
from lti_alliance.domain.modules import (
    BloomLevel,
    FeedbackTiming,
    Grading,
    Keep,
    Module,
    Objective,
    Pool,
    Share,
)
from lti_alliance.errors import ContentError, Fault

HEADER = """\
---
format: alliance-module/1
id: small
title: "Small: a module"
version: 1.2.3
language: en
license: CC BY 4.0
minutes: 10
requires: [foundations]
standards: [NCE/5, CACREP-2024/3.E]
sources:
  bordin1979: "Bordin (1979). The working alliance."
---
"""
BEFORE_QUIZ = """
# Objectives

- [remember] Name the three
  parts.
- [apply] Sort statements.

# Reading

## Goals & tasks

Two people agree. [@bordin1979]

### A detail

More.

## Goals & tasks

Again.
"""
SINGLE = """
## single: sm-01

objective: 2
points: 1.5
frame: exam
confidence: yes
case: maya

- a plain list

In the exam account, which part is *best* shown here?

- [ ] Goals
  > No.
- [x] Tasks, which may
  run on
  > Yes, *tasks*.
  >
  > Two paragraphs.
- [ ] Bond
  > No.
"""
MULTIPLE = """
## multiple: sm-02

scoring: exact

Which are parts?

- [x] Goals
  > Yes.
- [x] Tasks
  > Yes.
- [ ] Rapport
  > No.
"""
SHORT = """
## short: sm-03

Client: "You and me." Name the part.

= bond | the bond
  > Yes.
= tie
~ rapport | liking [50]
  > Close.
"""
QUIZ = f"""
# Quiz

attempts: unlimited
keep: average
time limit: none
feedback: after close
shuffle: no

## case: maya

Maya was sent by the court.
{SINGLE}{MULTIPLE}{SHORT}"""
REFLECTIONS = """
# Reflections

## reflection: sm-r1

words: 100-250
share: instructor
grading: rubric
resubmit: 1

Think of a moment.

- What did you feel?

| Criterion | Weight | 1 Not yet | 2 Describes | 3 Reflects | 4 Reflects critically |
|-----------|--------|-----------|-------------|------------|-----------------------|
| Own part  | 2      | None      | Named       | Linked     | Questioned            |
| Next step | 1.5    | None      | Vague       | A \\| B    | Checked               |
"""
GOOD = HEADER + BEFORE_QUIZ + QUIZ + REFLECTIONS


def parse(text: str) -> Module:
    return parse_source(text, name="small.md")


def faults_of(text: str) -> tuple[Fault, ...]:
    with pytest.raises(ContentError) as caught:
        parse(text)
    assert caught.value.name == "small.md"
    return caught.value.faults


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


def swap(old: str, new: str, text: str = GOOD) -> str:
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


# What a good file becomes


def test_the_header_becomes_plain_values() -> None:
    """Every value is text except the minutes and the lists."""
    module = parse(GOOD)

    assert (module.id, module.title, module.version) == ("small", "Small: a module", "1.2.3")
    assert (module.language, module.license, module.minutes) == ("en", "CC BY 4.0", 10)
    assert module.requires == ("foundations",)
    assert module.standards == ("NCE/5", "CACREP-2024/3.E")
    assert module.sources == {"bordin1979": "Bordin (1979). The working alliance."}
    assert module.warnings == ()


def test_objectives_and_reading_keep_their_order() -> None:
    """Line breaks inside an objective are spaces; screens have ids of their own."""
    module = parse(GOOD)

    assert module.objectives == (
        Objective(BloomLevel.REMEMBER, "Name the three parts."),
        Objective(BloomLevel.APPLY, "Sort statements."),
    )
    assert [(s.id, s.title) for s in module.reading] == [
        ("goals-tasks", "Goals & tasks"),
        ("goals-tasks-more", "Goals & tasks"),
    ]
    assert module.reading[0].markdown == "Two people agree. [@bordin1979]\n\n### A detail\n\nMore."


def test_quiz_settings_are_read() -> None:
    """The author's proposals for the quiz."""
    quiz = parse(GOOD).quiz

    assert (quiz.attempts, quiz.keep, quiz.feedback) == (
        None,
        Keep.AVERAGE,
        FeedbackTiming.AFTER_CLOSE,
    )
    assert (quiz.shuffle, quiz.time_limit) == (False, None)
    assert quiz.maximum == Decimal("3.5")


def test_a_time_limit_is_proposed() -> None:
    """Whole minutes in the file become the proposal of the settings."""
    module = parse(swap("time limit: none", "time limit: 30"))

    assert module.quiz.time_limit == timedelta(minutes=30)
    assert propose(module).time_limit_minutes == 30


@pytest.mark.parametrize(
    ("line", "minutes"),
    [("wait: 24 hours", 1440), ("wait: 1 day", 1440), ("wait: 90 minutes", 90), ("wait: none", 0)],
)
def test_a_wait_is_proposed(line: str, minutes: int) -> None:
    """A number and a unit in the file become the proposal of the settings."""
    module = parse(swap("shuffle: no", f"shuffle: no\n{line}"))

    assert module.quiz.wait == timedelta(minutes=minutes)
    assert propose(module).wait_minutes == minutes


def test_feedback_after_each_question_is_proposed() -> None:
    """The author may propose that answers are checked one by one."""
    quiz = parse(swap("feedback: after close", "feedback: after each")).quiz

    assert quiz.feedback is FeedbackTiming.AFTER_EACH


def test_a_single_item_is_read_in_full() -> None:
    """Stem, attributes, options in source order, feedback without its marks."""
    item = parse(GOOD).quiz.items[0]

    assert isinstance(item, SingleItem)
    assert item.stem == "- a plain list\n\nIn the exam account, which part is *best* shown here?"
    assert (item.objective, item.points, item.frame) == (2, Decimal("1.5"), Frame.EXAM)
    assert (item.confidence, item.case, item.line) == (True, "maya", line_of(GOOD, "## single"))
    assert [(o.id, o.correct) for o in item.options] == [("a", False), ("b", True), ("c", False)]
    assert item.options[1].text_markdown == "Tasks, which may\nrun on"
    assert item.options[1].feedback == "Yes, *tasks*.\n\nTwo paragraphs."


def test_a_multiple_item_has_its_scoring() -> None:
    """What is not said has the usual value."""
    item = parse(GOOD).quiz.items[1]

    assert isinstance(item, MultipleItem)
    assert (item.scoring, item.points, item.frame) == (MultipleScoring.EXACT, 1, None)
    assert [o.correct for o in item.options] == [True, True, False]


def test_a_short_item_has_its_wordings() -> None:
    """Feedback belongs to every wording of the line above it."""
    item = parse(GOOD).quiz.items[2]

    assert isinstance(item, ShortItem)
    assert item.stem == 'Client: "You and me." Name the part.'
    assert item.accepted == (
        ShortKey("bond", Decimal(1), "Yes."),
        ShortKey("the bond", Decimal(1), "Yes."),
        ShortKey("tie", Decimal(1), ""),
        ShortKey("rapport", Decimal("0.5"), "Close."),
        ShortKey("liking", Decimal("0.5"), "Close."),
    )


def test_a_reflection_has_its_rubric() -> None:
    """The last table is the rubric; what stands before it is the prompt."""
    prompt = parse(GOOD).reflections[0]

    assert prompt.prompt == "Think of a moment.\n\n- What did you feel?"
    assert (prompt.words_min, prompt.words_max, prompt.resubmit) == (100, 250, 1)
    assert (prompt.share, prompt.grading) == (Share.INSTRUCTOR, Grading.RUBRIC)
    assert prompt.rubric is not None
    own, step = prompt.rubric.criteria
    assert (own.id, own.name, own.weight) == ("own-part", "Own part", 2)
    assert [(n.number, n.name, n.description) for n in step.levels] == [
        (1, "Not yet", "None"),
        (2, "Describes", "Vague"),
        (3, "Reflects", "A | B"),
        (4, "Reflects critically", "Checked"),
    ]


def test_a_case_is_shared_and_hashed_with_its_items() -> None:
    """Changing the vignette changes the items that use it, and no others."""
    before, after = parse(GOOD), parse(swap("sent by the court", "sent by her mother"))

    assert before.cases["maya"].markdown == "Maya was sent by the court."
    changed = [
        before.item_hash(one) != after.item_hash(other)
        for one, other in zip(before.quiz.items, after.quiz.items, strict=True)
    ]
    assert changed == [True, False, False]


def test_a_case_may_stand_among_the_reflections() -> None:
    """A reflection shares a case in the same way."""
    text = swap("## reflection", "## case: dana\n\nDana is late.\n\n## reflection")
    module = parse(swap("resubmit: 1", "case: dana", text))

    assert list(module.cases) == ["maya", "dana"]
    assert module.reflections[0].case == "dana"


def test_a_pool_runs_to_the_next_pool() -> None:
    """Items before the first pool are always drawn."""
    extra = MULTIPLE.replace("sm-02", "sm-09")
    text = swap(MULTIPLE, f"\n## pool: warm-ups pick 1\n{MULTIPLE}{extra}")
    text = swap(
        SHORT, f"\n## pool: last ones pick 1\n{SHORT}{SHORT.replace('sm-03', 'sm-08')}", text
    )
    quiz = parse(text).quiz

    assert quiz.pools == (
        Pool("warm-ups", 1, ("sm-02", "sm-09")),
        Pool("last ones", 1, ("sm-03", "sm-08")),
    )
    assert quiz.maximum == Decimal("3.5")


@pytest.mark.parametrize("missing", [QUIZ, REFLECTIONS])
def test_one_graded_part_is_enough(missing: str) -> None:
    """A module may have a quiz, reflections, or both."""
    module = parse(GOOD.replace(missing, "\n"))

    assert bool(module.quiz.items) is (missing is REFLECTIONS)
    assert bool(module.reflections) is (missing is QUIZ)


@pytest.mark.parametrize("encode", [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t])
def test_where_a_file_was_saved_does_not_matter(encode) -> None:
    """Line ends and a byte order mark leave the hash alone; the kept source parses to the same."""
    module = parse_bytes(encode(GOOD).encode(), name="small.md")

    assert module == parse(GOOD)
    assert parse(module.source) == module


def test_any_change_of_the_source_changes_the_hash() -> None:
    """The hash stands for the exact text."""
    assert parse(GOOD).content_hash != parse(GOOD + "\n").content_hash


# What is said about a bad file

BAD = [
    # header
    (GOOD.replace("---\n", "", 1), 1, "does not begin with a header"),
    (HEADER.replace("\n---\n", "\n"), 1, "the header has no end"),
    (swap("alliance-module/1", "alliance-module/2"), 2, "format is not known"),
    (swap('"Small: a module"', "Small: a module"), 4, "mapping values are not allowed"),
    (swap("id: small", "id: Small One"), 3, "`id` is `Small One`"),
    (swap("version: 1.2.3", "version: 1.2"), 5, "`version` is `1.2`"),
    (swap("language: en", "language: English"), 6, "`language` is `English`"),
    (swap("minutes: 10", "minutes: soon"), 8, "`minutes` is `soon`"),
    (swap("requires: [foundations]", "requires: foundations"), 9, "`requires` is not a list"),
    (swap("[NCE/5, CACREP-2024/3.E]", "[NCE 5]"), 10, "`standards` holds something else"),
    (swap("license: CC BY 4.0\n", ""), 1, "the header has no `license`"),
    (swap("license: CC BY 4.0", "licence: CC BY 4.0"), 7, "a key that is not known"),
    (swap("license: CC BY 4.0", "license:"), 7, "`license` has no text"),
    (swap("language: en", "id: twice"), 6, "the header has `id` twice"),
    (swap('"Bordin (1979). The working alliance."', "[a]"), 12, "this source cannot be read"),
    (swap("requires: [foundations]", "requires: [small]"), 1, "the module requires itself"),
    (swap("sources:\n  bordin1979:", "sources:"), 11, "`sources` is not a list of sources"),
    (swap("---\n\n# Obj", '  bordin1979: "B (1980)."\n---\n\n# Obj'), 13, "is there twice"),
    ("---\n- a\n---\n", 1, "the header holds no keys"),
    # body
    (swap("# Objectives", "Hello\n\n# Objectives"), "Hello", "text before the first section"),
    (swap("# Reading", "# Lesson"), "# Lesson", "there is no section `# Lesson`"),
    (swap("# Reading", "# Objectives"), "# Objectives\n\n## G", "is there twice"),
    (HEADER + BEFORE_QUIZ, 1, "there is nothing to do"),
    (HEADER + REFLECTIONS + BEFORE_QUIZ, 1, "in another order"),
    (swap("[remember]", "[know]"), "- [know]", "not an objective"),
    (swap("- [apply] Sort", "\nAnd [apply] sort"), "And [apply]", "not an objective"),
    (swap("## Goals & tasks\n\nTwo", "Two"), "Two people", "text before the first screen"),
    (swap("Two people", "Two <b>people</b>"), "Two <b>", "raw HTML"),
    (swap("Two people", "<script>x</script>\n\nTwo people"), "<script>", "raw HTML"),
    (swap("Two people", "<!-- note -->\n\nTwo people"), "<!--", "raw HTML"),
    (swap("Two people", "Two\n[people](javascript:x)"), "[people]", "link cannot be used"),
    (swap("Two people", "[people](/launches/1)"), "[people]", "link cannot be used"),
    (swap("Two people", "![a](https://e.org/a.png)"), "![a]", "images cannot be shown"),
    (swap("[@bordin1979]", "[@rogers1957]"), "[@rogers", "`rogers1957` is not in the header"),
    (swap("[@bordin1979]", "[@bordin 1979]"), "[@bordin 1", "citation cannot be read"),
    (swap("Two people", "Title\n-----\n\nTwo people"), "Title\n--", "makes a heading"),
    (swap("Two people", ">" * 20 + " Two people"), ">>>>", "nested too deeply"),
    (swap("Two people", "bell \x07"), "bell", "control character"),
    (swap("Two people", "*a " * 14 + "Two" + " b*" * 14), "*a *a", "nested too deeply"),
    (swap("- [apply] Sort", "## More\n\n- [apply] Sort"), "## More", "hold no headings"),
    (re.sub(r"(?s)- \[remember.*?ments\.\n", "", GOOD), "# Objectives", "there are no objectives"),
    (re.sub(r"(?s)## Goals.*?(?=# Quiz)", "", GOOD), "# Reading", "the reading is empty"),
    (swap("Again.\n", ""), "## Goals & tasks\n\n\n#", "has no text"),
    # quiz
    (HEADER + BEFORE_QUIZ + "\n# Quiz\n" + SHORT * 201, "# Quiz", "the quiz is too long"),
    (
        swap("- [ ] Rapport", "- [ ] R\n" * 10 + "- [ ] Rapport"),
        "- [ ] Rapport",
        "too many options",
    ),
    (
        swap(
            "- [ ] Rapport\n  > No.\n",
            "",
            GOOD.replace("[x] G", "[ ] G").replace("- [x] Tasks\n", "- [ ] Tasks\n"),
        ),
        "## multiple",
        "sm-02 has no right option",
    ),
    (swap(MULTIPLE, MULTIPLE + "\nThe end.\n"), "The end.", "follows the options but is none"),
    (swap("## single: sm-01", "##single: sm-01"), "##single", "needs a space after its #"),
    (swap("## single: sm-01", "## essay: sm-01"), "## essay", "`## essay: sm-01` is not known"),
    (swap("## single: sm-01", "## sm-01"), "## sm-01", "is not known here"),
    (swap("## single: sm-01", "## single: SM 01"), "## single: SM", "`SM 01` is no id"),
    (swap("sm-02", "sm-01"), "## multiple", "`sm-01` is used twice"),
    (swap("sm-r1", "sm-01"), "## reflection", "`sm-01` is used twice"),
    (swap("attempts: unlimited", "attempts: 0"), "attempts: 0", "`attempts` is `0`"),
    (swap("keep: average", "keep: best"), "keep: best", "`best` is not known"),
    (swap("time limit: none", "time limit: 0"), "time limit", "`time limit` is `0`"),
    (swap("time limit: none", "time limit: 9 h"), "time limit", "`time limit` is `9 h`"),
    (swap("shuffle: no", "shuffle: no\nwait: 24"), "wait: 24", "`wait` is `24`"),
    (swap("shuffle: no", "shuffle: no\nwait: 61 days"), "wait: 61", "`wait` is `61 days`"),
    (swap("shuffle: no", "shuffle: no\nwait: 0 days"), "wait: 0", "`wait` is `0 days`"),
    (swap("feedback: after close", "feedback: now"), "feedback: now", "`now` is not known"),
    (swap("shuffle: no", "shuffle: off"), "shuffle", "`off` is not known"),
    (swap("shuffle: no", "shuffle: no\nlives: 3"), "lives", "the quiz has no `lives`"),
    (swap("shuffle: no", "shuffle: no\n\nWelcome."), "Welcome", "text before the first item"),
    (swap("points: 1.5", "points: many"), "points: many", "`points` is `many`"),
    (swap("points: 1.5", "points: 0"), "points: 0", "`points` is `0`"),
    (swap("points: 1.5", "points:1.555"), "points:1", "`points` is `1.555`"),
    (swap("points: 1.5", "weight: 1.5"), "weight", "a single item has no `weight`"),
    (swap("objective: 2", "Objective: 2"), "Objective: 2", "a single item has no `Objective`"),
    (swap("objective: 2", "objective: 3"), "## single", "objective 3 of 2"),
    (swap("objective: 2", "objective: two"), "objective: two", "`two` is no count"),
    (swap("points: 1.5", "objective: 1"), "objective: 1", "`objective` is there twice"),
    (swap("frame: exam", "frame: test"), "frame: test", "`test` is not known"),
    (swap("yes\ncase: maya\n", "yes\ncase: dana\n"), "## single", "there is no case `dana`"),
    (swap("scoring: exact\n\n", "scoring: exact\n"), "Which are", "not `word: value`"),
    (swap("Maya was sent by the court.\n", ""), "## case", "`maya` has no text"),
    (swap("## case: maya", "## case: maya\n\nM.\n\n## case: maya"), "## case: maya\n\nMa", "twice"),
    (swap("- [ ] Goals", "- [x] Goals"), "## single", "sm-01 needs exactly one [x]"),
    (swap("- [x] Tasks, ", "- [ ] Tasks, "), "## single", "sm-01 needs exactly one [x]"),
    (swap("- [ ] Bond", "- Bond"), "- Bond", "has no mark"),
    (swap("- [ ] Bond", "- [] Bond"), "- [] Bond", "has no mark"),
    (swap("- [ ] Bond", "- [x](https://e.org)"), "- [x](", "has no mark"),
    (swap("- [ ] Bond", "-[ ] Bond"), "-[ ] Bond", "has no >"),
    (swap("- [ ] Bond", "- [ ] goals"), "- [ ] goals", "there twice"),
    (swap("- [ ] Bond\n", "- [ ] Bond\n-[ ] Tie\n"), "-[ ] Tie", "has run into the one above"),
    (swap("- [ ] Bond\n  >", "- [ ] Bond\n>"), "> No.\n\n## mul", "belongs to no option"),
    (swap("- [ ] Bond\n  >", "- [ ] Bond\n\n      >"), "      >", "one paragraph and its"),
    (swap("- [ ] Bond\n  > No.", "- [ ] Bond\n  > - No."), "  > - No", "cannot stand in feedback"),
    (swap("- [ ] Bond\n  > No.\n", "Bond\n"), "Bond\n", "has no >"),
    (swap("- [ ] Rapport\n  > No.\n", ""), "## multiple", "sm-02 has no wrong option"),
    (swap("Which are parts?", "### Which?\n\nWhich are parts?"), "### Which", "no headings"),
    (swap("Which are parts?\n", ""), "## multiple", "sm-02 has no question"),
    (swap("scoring: exact", "scoring: all"), "scoring: all", "`all` is not known"),
    (swap("= bond | the bond\n  > Yes.\n= tie\n", ""), "## short", "accepts no wording in full"),
    (swap("[50]", ""), "~ rapport", "has no share"),
    (swap("[50]", "[100]"), "~ rapport", "has no share"),
    (swap("| liking", "| bonds"), "~ rapport", "`bonds` is accepted above"),
    (swap("| liking", "| ???"), "~ rapport", "empty or too long"),
    (swap("= tie", "tie"), "tie\n~", "follows the accepted wordings"),
    (swap(MULTIPLE, f"\n## pool: one\n{MULTIPLE}"), "## pool", "pool cannot be read"),
    (swap(MULTIPLE, f"\n## pool: one pick 2\n{MULTIPLE}"), "## pool", "picks 2 of 2 items"),
    (swap(SINGLE, f"\n## pool: p pick 1\n{SINGLE}"), "## pool", "differ in points"),
    (swap(MULTIPLE, f"\n## pool: p pick 1\n\nHi.\n{MULTIPLE}"), "Hi.", "a pool has no text"),
    (HEADER + BEFORE_QUIZ + "\n# Quiz\n", "# Quiz", "the quiz has no items"),
    # reflections
    (swap("# Reflections", "# Reflections\n\nHi."), "Hi.", "text before the first prompt"),
    (swap("## reflection: sm-r1", "## essay: sm-r1"), "## essay", "is not known here"),
    (swap("words: 100-250", "words: 250-100"), "words", "number of words is not clear"),
    (swap("words: 100-250\n", ""), "## reflection", "number of words is not clear"),
    (swap("share: instructor", "share: class"), "share: class", "`class` is not known"),
    (swap("share: instructor", "share: private"), "## reflection", "nobody may read sm-r1"),
    (swap("resubmit: 1", "resubmit: 99"), "resubmit", "resubmitted too often"),
    (swap("Think of a moment.\n\n- What did you feel?\n", ""), "## reflection", "no prompt"),
    (re.sub(r"(?m)^\| ?[-CON].*\n", "", GOOD), "## reflection", "a rubric it lacks"),
    (swap("4 Reflects critically", "5 Reflects"), "| Criterion", "columns of this rubric"),
    (swap("| Criterion |", "| Quality |"), "| Quality", "columns of this rubric"),
    (swap("| Named       |", "|             |"), "| Own part", "6 cells of 6, or an empty one"),
    (swap("| A \\| B    |", "| A | B |"), "| Next step", "7 cells of 6"),
    (swap("| 1.5    |", "| half |"), "| Next step", "the weight is `half`"),
    (swap("| Next step |", "| Own part |"), "| Criterion", "have the same name"),
    (GOOD + "\nAfterwards.\n", "Afterwards", "this follows the rubric"),
    (re.sub(r"(?m)^\| ?[ON].*\n", "", GOOD), "| Criterion", "has no criteria"),
]


@pytest.mark.parametrize(("text", "where", "problem"), BAD, ids=[case[2] for case in BAD])
def test_a_fault_names_its_line_and_its_remedy(text: str, where: int | str, problem: str) -> None:
    """An author learns where to look, what is wrong and what to write instead."""
    line = where if isinstance(where, int) else line_of(text, where)
    found = [fault for fault in faults_of(text) if problem in fault.problem]

    assert [fault.line for fault in found] == [line], faults_of(text)
    assert found[0].remedy.strip()


def test_all_faults_are_told_at_once() -> None:
    """One reading finds every fault, in order of line."""
    text = swap("points: 1.5", "points: 0")
    text = swap("scoring: exact", "scoring: all", text)
    text = swap("words: 100-250", "words: many", text)
    faults = faults_of(text)

    assert [fault.line for fault in faults] == [
        line_of(text, "points: 0"),
        line_of(text, "scoring: all"),
        line_of(text, "words: many"),
    ]


def test_an_unknown_kind_lists_the_kinds_there_are() -> None:
    """A kind of another version of the format is refused with a way out."""
    (fault,) = faults_of(swap("## short: sm-03", "## essay: sm-03"))

    assert "single, multiple, matching, ordering, short" in fault.remedy


def test_a_file_in_another_encoding_is_refused() -> None:
    """The line with the first byte that is no UTF-8 is named."""
    with pytest.raises(ContentError) as caught:
        parse_bytes(GOOD.encode() + "\n\nAgrément\n".encode("latin-1"), name="small.md")

    assert [fault.line for fault in caught.value.faults] == [GOOD.count("\n") + 3]


def test_a_file_may_not_be_huge() -> None:
    """The size is checked before anything is parsed."""
    (fault,) = faults_of("x" * (MAX_SOURCE_LENGTH + 1))

    assert "too long" in fault.problem


# What is only doubtful

DOUBTFUL = [
    (swap("  > No.\n", ""), "- [ ] Goals", "has no feedback"),
    (swap("frame: exam\n", ""), "## single", "asks for the “best” without a point of view"),
    (swap("[@bordin1979]", ""), "  bordin1979", "`bordin1979` is never cited"),
    (swap("yes\ncase: maya\n", "yes\n"), "## case", "no item uses the case `maya`"),
    (swap("- [ ] Bond", "- [ ] All of the above"), "## single", "about the other options"),
    (swap("Again.", f"Again {'and again ' * 15}."), "## Goals & tasks\n\nAgain", "on average"),
    (
        re.sub(r"\[(.)\] (Goals|Tasks|Rapport)\n", r"[\1] \2 often\n", GOOD)
        .replace("[x] Goals often", "[x] Often")
        .replace("[x] Tasks often", "[x] Sometimes")
        .replace("[ ] Rapport often", "[ ] Never"),
        "## multiple",
        "looks like an item of a questionnaire",
    ),
]


@pytest.mark.parametrize(("text", "where", "problem"), DOUBTFUL, ids=[d[2] for d in DOUBTFUL])
def test_a_warning_leaves_the_module_usable(text: str, where: str, problem: str) -> None:
    """What is doubtful is named by line, and nothing else is."""
    (warning,) = parse(text).warnings

    assert problem in warning.problem
    assert warning.line == line_of(text, where)
    assert warning.remedy


def keys(*rights: str, shuffle: str) -> str:
    """Build a quiz of single items with options of 3, 4 and 5 letters, each turned on by one."""
    words = ("abc", "abcd", "abcde")
    blocks = [
        f"\n## single: k-{n}\n\nWhich?\n\n"
        + "".join(
            f"- [{'x' if word == right else ' '}] {word}\n  > Why.\n"
            for word in (*words[n % 3 :], *words[: n % 3])
        )
        for n, right in enumerate(rights)
    ]
    return f"{HEADER}{BEFORE_QUIZ}\n# Quiz\n\nshuffle: {shuffle}\n{''.join(blocks)}"


def test_keys_that_are_always_the_longest_are_noticed() -> None:
    """Length must not give the key away, wherever the options stand."""
    (warning,) = parse(keys(*["abcde"] * 5, shuffle="yes")).warnings

    assert "longest option in 5 of 5" in warning.problem


@pytest.mark.parametrize("shuffle", ["yes", "no"])
def test_keys_in_one_place_are_noticed(shuffle: str) -> None:
    """Shuffling hides a pattern from students, and from no paper copy."""
    (warning,) = parse(keys("abc", "abcd", "abcde", "abc", "abc", shuffle=shuffle)).warnings

    assert "the key is option 1 in 4 of 5" in warning.problem


def test_balanced_keys_are_fine() -> None:
    """A few long keys are no pattern."""
    assert parse(keys("abc", "abcde", "abcd", "abc", "abcde", shuffle="no")).warnings == ()


# Whatever comes

fragments = st.sampled_from(
    [
        *GOOD.splitlines(keepends=True),
        "---\n",
        "## pool: x pick 1\n",
        "- [x] a\n",
        "  > b\n",
        "= a\n",
        "| a | b |\n",
        "|---|---|\n",
        "\n",
        "```\n",
        "<x>\n",
        "[@",
        "sources: {a: &a [*a]}\n",
    ]
)


@given(st.one_of(st.text(), st.lists(fragments, max_size=40).map("".join)))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_text_is_a_module_or_a_content_error(text: str) -> None:
    """No file, however broken, ends in anything but a module or a list of faults."""
    for candidate in (text, HEADER + text, HEADER + BEFORE_QUIZ + "\n# Quiz\n" + text):
        try:
            parse(candidate)
        except ContentError as error:
            assert error.faults  # noqa: PT017 (both ways out are fine)


@given(st.data())
@settings(deadline=None)
def test_a_damaged_module_is_a_module_or_a_content_error(data: st.DataObject) -> None:
    """Lines lost, doubled or swapped never break the parser."""
    lines = GOOD.split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at : at + 1] = data.draw(
            st.sampled_from([[], [lines[at]] * 2, [lines[at][:3]], [f"  {lines[at]}"]])
        )
    try:
        parse("\n".join(lines))
    except ContentError as error:
        assert all(fault.line >= 1 and fault.remedy for fault in error.faults)  # noqa: PT017


def test_hostile_nesting_is_refused_quickly() -> None:
    """Ten thousand brackets, quotes or stars neither hang the parser nor exhaust the stack."""
    for mark in ("[", ">", "*", "_", "`", "- ", "![", "{", "(", "<"):
        body = f"{HEADER}{BEFORE_QUIZ}\n{mark * 10_000}\n{QUIZ}"
        try:
            parse(body)
        except ContentError as error:
            assert error.faults  # noqa: PT017
    assert faults_of(f"---\nid: {'[' * 20_000}\n---\n")


# The modules that come with the program


def test_some_modules_are_shipped() -> None:
    """The program is never without its foundations."""
    assert "foundations.md" in {path.name for path in shipped_modules()}


@pytest.mark.parametrize("path", shipped_modules(), ids=lambda path: path.name)
def test_a_shipped_module_is_without_fault(path: Path) -> None:
    """Every shipped module parses, has nothing doubtful, and is named after its id."""
    module = parse_file(path)

    assert module.warnings == ()
    assert path.name == f"{module.id}.md"
