"""Sharing out work among markers: as evenly as may be, each piece to those who may see it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Piece:
    """Something to be marked, and who may mark it, in the order in which they are listed."""

    id: UUID
    may_mark: tuple[UUID, ...]
    held_by: tuple[UUID, ...] = ()
    """Who has it already, and keeps it."""

    @property
    def free(self) -> tuple[UUID, ...]:
        """Those who may mark it and do not have it."""
        return tuple(marker for marker in self.may_mark if marker not in self.held_by)


def share_out(
    pieces: Sequence[Piece], load: Mapping[UUID, int], *, per_piece: int
) -> dict[UUID, tuple[UUID, ...]]:
    """Let each piece be with ``per_piece`` different markers, those with the least to do first.

    Returned are those who are new to each piece. ``load`` is how much each marker has already. A
    piece that too few may mark goes to all of these, and one that gets nobody new is left out.
    Pieces with the least choice are given out first. Of two markers with as much to do, the one
    who was less often beside the other markers of the piece takes it, so that everybody comes to
    mark with everybody.
    """
    held = Counter(load)
    beside: Counter[frozenset[UUID]] = Counter()
    given: dict[UUID, tuple[UUID, ...]] = {}
    for piece in sorted(pieces, key=lambda piece: len(piece.free)):
        markers = list(piece.held_by)
        while len(markers) < per_piece and (free := set(piece.free).difference(markers)):
            markers.append(_least_busy(piece, free, markers, held, beside))
        new = tuple(markers[len(piece.held_by) :])
        if not new:
            continue
        held.update(new)
        beside.update(frozenset(pair) for pair in combinations(markers, 2))
        given[piece.id] = new
    return given


def _least_busy(
    piece: Piece,
    free: Collection[UUID],
    markers: Sequence[UUID],
    held: Counter[UUID],
    beside: Counter[frozenset[UUID]],
) -> UUID:
    def weight(marker: UUID) -> tuple[int, int, int]:
        together = sum(beside[frozenset((marker, other))] for other in markers)
        return held[marker], together, piece.may_mark.index(marker)

    return min(free, key=weight)
