"""Sharing out: evenly, to those who may, nobody twice, and everybody beside everybody."""

from collections import Counter
from itertools import combinations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.sharing_out import Piece, share_out

MARKERS = [UUID(int=number) for number in range(1, 6)]


def pieces(count: int, may_mark: tuple[UUID, ...]) -> list[Piece]:
    return [Piece(UUID(int=100 + number), may_mark) for number in range(count)]


@given(
    count=st.integers(0, 40),
    markers=st.integers(1, 5),
    per_piece=st.integers(1, 2),
)
def test_everybody_has_as_much_as_the_others(count: int, markers: int, per_piece: int) -> None:
    """Where all may mark all, loads differ by one at most, and no marker has a piece twice."""
    among = tuple(MARKERS[:markers])
    shared = share_out(pieces(count, among), {}, per_piece=per_piece)
    load = Counter(marker for new in shared.values() for marker in new)

    assert len(shared) == count
    assert all(len(set(new)) == len(new) == min(per_piece, markers) for new in shared.values())
    assert max(load[one] for one in among) - min(load[one] for one in among) <= 1


@given(data=st.data())
def test_nobody_gets_what_they_may_not_mark_or_have(data: st.DataObject) -> None:
    """Each piece ends with as many markers as wanted and allowed; who has it keeps it."""
    wanted = data.draw(st.integers(1, 2))
    subsets = st.lists(st.sampled_from(MARKERS), unique=True).map(tuple)
    found = [
        Piece(UUID(int=100 + number), may_mark, held_by[:2])
        for number, (may_mark, held_by) in enumerate(
            data.draw(st.lists(st.tuples(subsets, subsets), max_size=12))
        )
    ]
    shared = share_out(found, {}, per_piece=wanted)

    for piece in found:
        new = shared.get(piece.id, ())
        assert set(new) <= set(piece.free)
        assert len(new) == max(0, min(wanted - len(piece.held_by), len(piece.free)))
    assert all(shared.values())


def test_what_somebody_has_already_counts() -> None:
    """The one with less to do gets more until both have the same."""
    one, other = MARKERS[:2]
    shared = share_out(pieces(4, (one, other)), {one: 4}, per_piece=1)

    assert Counter(marker for new in shared.values() for marker in new) == {other: 4}


def test_a_piece_with_one_possible_marker_is_given_out_first() -> None:
    """The rest is shared so that all come out even."""
    one, other = MARKERS[:2]
    found = [*pieces(2, (one, other)), Piece(UUID(int=500), (one,)), Piece(UUID(int=501), (one,))]
    shared = share_out(found, {}, per_piece=1)

    assert Counter(marker for new in shared.values() for marker in new) == {one: 2, other: 2}


def test_everybody_marks_beside_everybody() -> None:
    """Twelve pieces for four markers in pairs: each pair comes up twice."""
    among = tuple(MARKERS[:4])
    shared = share_out(pieces(12, among), {}, per_piece=2)
    met = Counter(frozenset(new) for new in shared.values())

    assert {met[frozenset(pair)] for pair in combinations(among, 2)} == {2}
