"""Votes on a key: put together by reply, with what is far apart called out."""

from lti_alliance.domain.items import RateItem, Reply, ScalePoint
from lti_alliance.domain.key_votes import count_votes

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
