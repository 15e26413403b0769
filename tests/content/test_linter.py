"""The linter: one planted fault for each rule of the author's page, found on its line."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from lti_alliance.content.measure_names import find_measure
from lti_alliance.content.parser import parse_source
from lti_alliance.errors import ContentError, Fault

HEAD = """\
---
format: alliance-module/1
id: planted
title: "Planted"
version: 1.0.0
language: en
license: CC BY 4.0
minutes: 5
requires: []
standards: []
sources:
  bordin1979: "Bordin (1979). The working alliance."
---

# Objectives

- [remember] Name the parts.
- [apply] Sort statements.

# Reading

## One screen

Two people agree on what to do. [@bordin1979]

# Quiz

"""
OPTIONS = """
- [ ] Goals
  > It tempts.
- [x] Tasks
  > Yes.
- [ ] Bond
  > It tempts.
"""
SINGLE = f"""\
## single: pl-01

objective: 1

Which part is it?
{OPTIONS}"""
MULTIPLE = SINGLE.replace("single: pl-01", "multiple: pl-02")
RATE = """\
## rate: pl-03

scale: 3 helpful now, 2 better later, 1 harmful now
key: draft

A client sighs. Rate each reply.

- (3) "What was that?"
  > It asks.
- (1) "Let us go on."
  > It passes over the sigh.
"""
BRANCH = """\
## branch: pl-04

key: draft

### start

Dana sighs.

- "Let us go on." -> push (+0)
  > It passes over the sigh.
- "What was that?" -> good (+2)
  > It asks.

### push

end: Dana leaves.

### good

end: Dana stays.
"""
ORDERING = """\
## ordering: pl-05

Put them in order.

1. Notice.
   > It comes before all.
2. Ask.
   > It needs a reason.
3. Agree.
   > It ends there.
"""
SHORT = """\
## short: pl-06

Name the part.

= bond
~ rapport [50]
  > It is near.
"""
MATCHING = """\
## matching: pl-07

Match each to its part.

| Remark | Part | Why |
|---|---|---|
| "Not my aim." | Goals | It is about the end. |
| "Why this?" | Tasks | It is about the means. |
|  | Bond | Nothing here is. |
"""
QUIZ = "\n".join([SINGLE, MULTIPLE, RATE, BRANCH, ORDERING, SHORT, MATCHING])
CLEAN = HEAD + QUIZ
LONG_WORDS = " ".join(
    ["Organizational considerations necessitate interdisciplinary deliberation."] * 15
)


def five(key: str, *places: int) -> str:
    """Write five single items with the key at these places among three wrong options."""
    blocks = []
    for number, place in enumerate(places):
        options = [f"- [ ] {text}\n  > No.\n" for text in ("aaaa", "cc", "dd")]
        options.insert(place, f"- [x] {key}\n  > Yes.\n")
        blocks.append(f"## single: five-{number}\n\nWhich?\n\n{''.join(options)}")
    return "\n".join(blocks)


class Planted(NamedTuple):
    """A rule, the text in the clean module that is made bad, and what is said where."""

    rule: str
    old: str
    new: str
    at: str
    """A piece of the bad module on the line that is named."""
    problem: str
    is_error: bool = False


PLANTED = [
    Planted(
        "one key in a single item",
        "- [ ] Goals",
        "- [x] Goals",
        "## single: pl-01",
        "pl-01 needs exactly one [x]",
        is_error=True,
    ),
    Planted(
        "something wrong in a multiple item",
        MULTIPLE,
        MULTIPLE.replace("[ ]", "[x]"),
        "## multiple",
        "pl-02 has no wrong option",
        is_error=True,
    ),
    Planted(
        "feedback on every option",
        "- [x] Tasks\n  > Yes.\n",
        "- [x] Tasks\n",
        "- [x] Tasks",
        "this option has no feedback",
    ),
    Planted(
        "feedback on every row",
        "| Tasks | It is about the means. |",
        "| Tasks |  |",
        '| "Why this?"',
        "this row has no feedback",
    ),
    Planted(
        "feedback on every entry",
        "   > It needs a reason.\n",
        "",
        "## ordering",
        "pl-05 has 1 lines without feedback",
    ),
    Planted(
        "feedback on every near wording",
        "  > It is near.\n",
        "",
        "## short",
        "pl-06 has 1 lines without feedback",
    ),
    Planted(
        "a reason for every reply",
        "  > It asks.\n- (1)",
        "- (1)",
        '- (3) "What was that?"',
        "this reply has no reason",
        is_error=True,
    ),
    Planted(
        "feedback on every choice",
        "-> push (+0)\n  > It passes over the sigh.\n",
        "-> push (+0)\n",
        "-> push (+0)",
        "this choice has no feedback",
        is_error=True,
    ),
    Planted(
        "a frame for most, best and core",
        "Which part is it?",
        "Which part is the core?",
        "## single",
        "pl-01 asks for the “core” without a point of view",
    ),
    Planted(
        "a frame for a first rank",
        "Which part is it?",
        "Which part comes first?",
        "## single",
        "pl-01 asks for the “first” without a point of view",
    ),
    Planted(
        "an exam item names whose account it asks for",
        "objective: 1\n",
        "objective: 1\nframe: exam\n",
        "## single",
        "pl-01 does not say that an exam's account is asked",
    ),
    Planted(
        "call-outs in pairs",
        "[@bordin1979]\n",
        "[@bordin1979]\n\n> **For the exam.** Say trust.\n",
        "## One screen",
        "has a call-out without its counterpart",
    ),
    Planted(
        "citations resolve",
        "[@bordin1979]",
        "[@bordin1979; @nobody]",
        "[@bordin1979; @nobody]",
        "the source `nobody` is not in the header",
        is_error=True,
    ),
    Planted(
        "sources are cited",
        " [@bordin1979]",
        "",
        "  bordin1979:",
        "the source `bordin1979` is never cited",
    ),
    Planted(
        "an adopted key names three experts",
        "1 harmful now\nkey: draft",
        "1 harmful now\nkey: adopted\npanel: A. Lee; B. Ruiz",
        "panel: A. Lee",
        "pl-03 has an adopted key and 2 of 3 experts",
        is_error=True,
    ),
    Planted(
        "nobody counts twice on a panel",
        "## branch: pl-04\n\nkey: draft",
        "## branch: pl-04\n\nkey: adopted\npanel: A. Lee; a. lee; B. Ruiz;",
        "panel: A. Lee",
        "pl-04 has an adopted key and 2 of 3 experts",
        is_error=True,
    ),
    Planted(
        "a draft has no panel",
        "1 harmful now\nkey: draft",
        "1 harmful now\nkey: draft\npanel: A. Lee; B. Ruiz; C. Shah",
        "panel: A. Lee",
        "pl-03 names a panel and calls its key a draft",
    ),
    Planted(
        "every node of a dialogue is reached",
        "-> push (+0)",
        "-> good (+0)",
        "### push",
        "no way leads to `push`",
        is_error=True,
    ),
    Planted(
        "no way of a dialogue stops dead",
        "end: Dana leaves.",
        "Dana leaves.",
        "### push",
        "`push` needs a text and from two to",
        is_error=True,
    ),
    Planted(
        "no way of a dialogue leads nowhere",
        '- "What was that?" -> good',
        '- "Hm." -> away (+0)\n  > It waits.\n- "What was that?" -> good',
        "### start",
        "`start` leads to `away`, which does not exist",
        is_error=True,
    ),
    Planted(
        "no answers of a published questionnaire",
        OPTIONS,
        OPTIONS.replace("Goals", "Never").replace("Tasks", "Sometimes").replace("Bond", "Always"),
        "## single",
        "pl-01 looks like an item of a questionnaire",
    ),
    Planted(
        "no scale of a published questionnaire",
        "3 helpful now, 2 better later, 1 harmful now",
        "3 strongly agree, 2 agree, 1 disagree",
        "## rate",
        "pl-03 looks like an item of a questionnaire",
    ),
    Planted(
        "no published measure to fill in",
        "A client sighs. Rate each reply.",
        "Think of the Working\nAlliance Inventory. Rate how you feel about your counselor.",
        "## rate",
        "pl-03 asks to answer the Working Alliance Inventory",
    ),
    Planted(
        "images have a description",
        "Two people agree",
        "![](https://example.org/a.png) Two people agree",
        "![](https",
        "this image has no description, and images cannot be shown",
        is_error=True,
    ),
    Planted(
        "images are described in words",
        "Two people agree",
        "![Two people](https://example.org/a.png) Two people agree",
        "![Two people]",
        "images cannot be shown",
        is_error=True,
    ),
    Planted(
        "sentences of a bearable length",
        "Two people agree on what to do.",
        f"Two people agree {'and go on ' * 10}to do it.",
        "## One screen",
        "words on average",
    ),
    Planted(
        "words of a bearable length",
        "Two people agree on what to do.",
        LONG_WORDS,
        "## One screen",
        "reads like school year",
    ),
    Planted(
        "no option about the other options",
        "- [ ] Goals",
        "- [ ] None of the above",
        "## single",
        "pl-01 has an option about the other options",
    ),
    Planted(
        "the longest option is not always the key",
        QUIZ,
        five("bbbbb", 0, 1, 2, 3, 0),
        "## single: five-0",
        "the key is the longest option in 5 of 5",
    ),
    Planted(
        "keys are not always in one place",
        QUIZ,
        five("bbb", 1, 1, 1, 1, 1),
        "## single: five-0",
        "the key is option 2 in 5 of 5",
    ),
    Planted(
        "the items of a pool can stand for one another",
        SHORT,
        f"{SHORT}\n## pool: mixed pick 1\n",
        "## matching",
        "the items of the pool `mixed` differ in kind",
    ),
]
POOLED = SINGLE.replace("pl-01", "pl-08").replace("objective: 1", "objective: 2\nframe: evidence")


def found(text: str) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Return the errors and the warnings of a module, each with its line."""
    try:
        warnings = parse_source(text, name="planted.md").warnings
        errors: Sequence[Fault] = ()
    except ContentError as error:
        errors, warnings = error.faults, ()
    assert all(fault.remedy for fault in (*errors, *warnings))
    return _told(errors), _told(warnings)


def _told(faults: Sequence[Fault]) -> list[tuple[int, str]]:
    return [(fault.line, fault.problem) for fault in faults]


def bad(planted: Planted) -> str:
    assert CLEAN.count(planted.old) >= 1, planted.old
    text = CLEAN.replace(planted.old, planted.new, 1)
    if "mixed" in planted.new:
        return f"{text}\n{POOLED}"
    return text


def test_the_clean_module_is_clean() -> None:
    """What the faults are planted in has none of its own."""
    assert found(CLEAN) == ([], [])


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.rule)
def test_a_planted_fault_is_found(planted: Planted) -> None:
    """Each rule names its line, as an error or a warning, and nothing else is said."""
    text = bad(planted)
    errors, warnings = found(text)
    line = text[: text.index(planted.at)].count("\n") + 1
    told = errors if planted.is_error else warnings

    assert [where for where, problem in told if planted.problem in problem] == [line], told
    assert len(errors) + len(warnings) == 1, (errors, warnings)


def test_a_pool_names_every_way_in_which_its_items_differ() -> None:
    """Kind, frame and objective are compared."""
    one = SINGLE.replace("pl-01", "pl-09")
    _errors, warnings = found(f"{CLEAN}\n## pool: mixed pick 1\n\n{one}\n{POOLED}")

    assert [problem for _line, problem in warnings] == [
        "the items of the pool `mixed` differ in frame, objective"
    ]


def test_an_adopted_key_with_its_panel_is_fine() -> None:
    """Three names or roles are enough."""
    text = CLEAN.replace("1 harmful now\nkey: draft", "1 harmful now\nkey: adopted\npanel: a; b; c")

    assert found(text) == ([], [])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Fill in the WAI-SR today.", "WAI-SR"),
        ("the session rating\nscale", "session rating scale"),
        ("They were waiting for doors.", None),
        ("Ruth's HAq-II", "HAq-II"),
    ],
)
def test_measures_are_known_by_name(text: str, name: str | None) -> None:
    """Whole names in any case, initials as they are written."""
    assert find_measure(text) == name


def test_a_question_about_a_measure_is_fine() -> None:
    """What is warned of is to fill one in, not to know one."""
    text = CLEAN.replace("Which part is it?", "Which part does the WAI ask about?")

    assert found(text) == ([], [])


def test_an_act_that_comes_first_needs_no_frame() -> None:
    """An order of acts is no rank among theories."""
    text = CLEAN.replace("Which part is it?", "What should Noor do first?")

    assert found(text) == ([], [])
