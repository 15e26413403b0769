"""Items of every kind, drawn at random, with texts that a careless writer would break."""

from decimal import Decimal
from string import ascii_lowercase

from hypothesis import strategies as st

from lti_alliance.domain.items import (
    BranchChoice,
    BranchItem,
    BranchNode,
    Entry,
    Frame,
    KeyState,
    LineScoring,
    Lock,
    MatchingItem,
    MatchRow,
    MultipleItem,
    MultipleScoring,
    NumericItem,
    NumericKey,
    Option,
    OrderingItem,
    RateItem,
    Reply,
    ScalePoint,
    ShortItem,
    ShortKey,
    SingleItem,
    Target,
)
from lti_alliance.domain.kinds.base import Aspect

MARKS = [
    "#", "##", "# ", "- ", "* ", "+ ", "> ", "|", "| a |", "|---|", "=", "= ", "==", "~ ", "->",
    "\\", "\\|", ":", "::", "1. ", "2) ", "[x] ", "- [ ] ", "[50]", "`", "```", "~~~", "---", "***",
    "end:", "points: 3", "pool:", "&amp;", "%", "{", "}", "$", '"', "'", "_", "*", "é", "±", "..",
    "(+2)", " -> start (+1)", "    ", "\n", "\n\n", "\n    ",
]  # fmt: skip
WORDS = ["Maya", "waits", "what", "you feel", "12", "x"]

one_line = st.lists(
    st.sampled_from([mark for mark in MARKS if "\n" not in mark] + WORDS * 4), min_size=0
).map("".join)
"""Marks and words on one line."""
some_lines = st.lists(st.sampled_from(MARKS + WORDS * 5), max_size=9).map("".join)
"""Marks and words on several lines, with blank ones."""


def told_apart(texts: st.SearchStrategy[str], *, least: int, most: int):
    """Texts of lines that differ, as lines of an item have to."""
    several = st.lists(texts, min_size=least, max_size=most)
    return several.map(lambda found: [f"T{n} {text} e{n}" for n, text in enumerate(found)])


keys = st.sampled_from(
    [
        {"key": KeyState.DRAFT},
        {"key": KeyState.ADOPTED, "panel": ("Ana Ruiz", "two supervisors", "B. Osei")},
    ]
)
"""Keys that are judgements: an adopted one says who agreed."""
shares = st.integers(1, 99).map(lambda percent: Decimal(percent) / 100)
common = {
    "id": st.just("mk-01"),
    "stem": some_lines.map(lambda text: f"{text} Q."),
    "points": st.integers(1, 10000).map(lambda cents: Decimal(cents) / 100),
    "objective": st.sampled_from([None, 1, 2]),
    "aspect": st.sampled_from([None, *Aspect]),
    "frame": st.sampled_from([None, *Frame]),
    "confidence": st.booleans(),
    "lock": st.sampled_from(Lock),
}


@st.composite
def options(draw, *, right: int | None):
    """Options, of which one or at least one is right and one is wrong."""
    texts = draw(told_apart(some_lines, least=2, most=6))
    first = draw(st.integers(0, len(texts) - 1))
    chosen = {first}
    if right is None:
        others = st.sets(st.integers(0, len(texts) - 1), max_size=len(texts) - 2)
        chosen |= draw(others)
    return tuple(
        Option(ascii_lowercase[n], text, n in chosen, draw(some_lines))
        for n, text in enumerate(texts)
    )


singles = st.builds(SingleItem, **common, options=options(right=1))
multiples = st.builds(
    MultipleItem, **common, options=options(right=None), scoring=st.sampled_from(MultipleScoring)
)


@st.composite
def short_items(draw):
    """Wordings that differ from one another, the first accepted in full."""
    texts = draw(told_apart(one_line, least=1, most=4))
    keys = [
        ShortKey(text, draw(shares) if n else Decimal(1), draw(some_lines))
        for n, text in enumerate(texts)
    ]
    return ShortItem(**{k: draw(s) for k, s in common.items()}, accepted=tuple(keys))


numbers = st.decimals(-999, 999, places=2)


@st.composite
def numeric_items(draw):
    """Ranges of numbers, the first accepted in full."""
    keys = []
    for n in range(draw(st.integers(1, 3))):
        low, high = sorted((draw(numbers), draw(numbers)))
        high = draw(st.sampled_from([low, high]))
        share = draw(st.one_of(shares, st.just(Decimal(0)))) if n else Decimal(1)
        keys.append(NumericKey(low=low, high=high, share=share, feedback=draw(some_lines)))
    return NumericItem(**{k: draw(s) for k, s in common.items()}, accepted=tuple(keys))


@st.composite
def matching_items(draw):
    """Statements and what they belong to, lettered as they come up."""
    texts = draw(told_apart(one_line, least=2, most=5))
    names = draw(told_apart(one_line, least=3, most=5))
    order: list[int] = []
    rows = []
    for n, text in enumerate(texts):
        target = draw(st.integers(0, len(names) - 1))
        order += [target] if target not in order else []
        rows.append((n, text, target))
    order += [n for n in range(len(names)) if n not in order]
    letters = {target: ascii_lowercase[place] for place, target in enumerate(order)}
    return MatchingItem(
        **{k: draw(s) for k, s in common.items()},
        rows=tuple(
            MatchRow(
                id=ascii_lowercase[n],
                text_markdown=text,
                target=letters[target],
                feedback=draw(one_line),
            )
            for n, text, target in rows
        ),
        targets=tuple(Target(letters[n], names[n]) for n in order),
        scoring=draw(st.sampled_from([LineScoring.PER_ROW, LineScoring.EXACT])),
    )


@st.composite
def ordering_items(draw):
    """Entries, and perhaps other orders of them."""
    texts = draw(told_apart(some_lines, least=3, most=8))
    ids = tuple(ascii_lowercase[: len(texts)])
    return OrderingItem(
        **{k: draw(s) for k, s in common.items()},
        entries=tuple(Entry(i, text, draw(some_lines)) for i, text in zip(ids, texts, strict=True)),
        also=tuple(
            tuple(order) for order in draw(st.lists(st.permutations(ids), min_size=0, max_size=2))
        ),
        scoring=draw(st.sampled_from([LineScoring.NEAR_MISS, LineScoring.EXACT])),
    )


@st.composite
def rate_items(draw):
    """Replies with values of a scale."""
    scale = draw(st.lists(st.integers(0, 9), min_size=2, max_size=5, unique=True))
    texts = draw(told_apart(some_lines, least=2, most=5))
    return RateItem(
        **{k: draw(s) for k, s in common.items()},
        scale=tuple(ScalePoint(n, f"name {n}: as - if") for n in scale),
        replies=tuple(
            Reply(
                id=ascii_lowercase[n],
                text_markdown=text,
                value=draw(st.sampled_from(scale)),
                feedback=f"Because {draw(some_lines)}",
            )
            for n, text in enumerate(texts)
        ),
        scoring=draw(st.sampled_from([LineScoring.NEAR_MISS, LineScoring.EXACT])),
        **draw(keys),
    )


@st.composite
def branch_items(draw):
    """A dialogue of a start, some moments in a row, and ends."""
    moments = draw(st.integers(1, 3))
    names = ["start", "two", "three"][:moments]
    nodes = []
    for place, name in enumerate(names):
        texts = draw(told_apart(some_lines, least=2, most=4))
        further = names[place + 1] if place + 1 < moments else "good"
        choices = tuple(
            BranchChoice(
                id=str(n),
                text_markdown=text,
                to=[further, "bad"][n % 2],
                points=1 if n == 0 else draw(st.integers(-9, 9)),
                feedback=f"So {draw(some_lines)}",
            )
            for n, text in enumerate(texts)
        )
        nodes.append(
            BranchNode(id=name, text_markdown=f"{draw(some_lines)} said.", choices=choices)
        )
    nodes += [
        BranchNode(id=name, text_markdown=f"Then {draw(some_lines)}.") for name in ("good", "bad")
    ]
    return BranchItem(
        **{k: draw(s) for k, s in common.items()},
        nodes=tuple(nodes),
        **draw(keys),
    )


KINDS = {
    "single": singles,
    "multiple": multiples,
    "short": short_items(),
    "numeric": numeric_items(),
    "matching": matching_items(),
    "ordering": ordering_items(),
    "rate": rate_items(),
    "branch": branch_items(),
}
