"""Votes on a key: put together by reply, with what is far apart called out."""

from lti_alliance.domain.items import (
    START,
    BranchChoice,
    BranchItem,
    BranchNode,
    RateItem,
    Reply,
    ScalePoint,
)
from lti_alliance.domain.key_votes import count_moment_votes, count_votes

ITEM = RateItem(
    id="r",
    stem="?",
    scale=tuple(ScalePoint(number, str(number)) for number in (4, 3, 2, 1)),
    replies=(
        Reply(id="a", text_markdown="a", value=4),
        Reply(id="b", text_markdown="b", value=1),
    ),
)


def test_votes_are_put_together_by_reply() -> None:
    """In order, with their middle; spread and distance from the key are said."""
    a, b = count_votes(ITEM, [{"a": 4, "b": 3}, {"a": 3, "b": 4}, {"a": 4, "b": 1}])

    assert (a.votes, a.middle, a.is_spread, a.is_off) == ((3, 4, 4), 4.0, False, False)
    assert (b.votes, b.middle, b.is_spread, b.is_off) == ((1, 3, 4), 3.0, True, True)


def test_without_votes_nothing_is_said() -> None:
    """Nor is a value counted that is not on the scale."""
    (a, _) = count_votes(ITEM, [{"a": 9}])

    assert (a.votes, a.middle, a.is_spread, a.is_off) == ((), None, False, False)


def test_votes_on_a_dialogue_are_counted_at_each_moment() -> None:
    """What is best by the points, who would say what, and whether they agree."""
    item = BranchItem(
        id="b",
        stem="",
        nodes=(
            BranchNode(
                id=START,
                text_markdown="He is silent.",
                choices=(
                    BranchChoice(id="a", text_markdown="Wait.", to="end", points=2),
                    BranchChoice(id="b", text_markdown="Explain.", to="end", points=0),
                    BranchChoice(id="c", text_markdown="Ask.", to="end", points=2),
                ),
            ),
            BranchNode(id="end", text_markdown="He nods."),
        ),
    )
    [agreed] = count_moment_votes(item, [{START: "a"}, {START: "a"}, {START: "c"}])
    [apart] = count_moment_votes(item, [{START: "b"}, {START: "b"}, {START: "a"}, {START: "c"}])
    [nobody] = count_moment_votes(item, [])
    [away] = count_moment_votes(item, [{START: "b"}, {START: "b"}, {START: "a"}])

    assert agreed.best == {"a", "c"}
    assert (agreed.votes, agreed.is_spread, agreed.is_off) == (
        {"a": 2, "b": 0, "c": 1},
        False,
        False,
    )
    assert (apart.is_spread, apart.is_off) == (True, False)
    assert (nobody.is_spread, nobody.is_off) == (False, False)
    assert (away.is_spread, away.is_off) == (False, True)
