"""What each act of a student costs the web hosts, the workers and the database, in CPU seconds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.cpu import tree_seconds
from bench.hosts_scene import WEB, WORKERS, Scene


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of so many acts of one kind."""

    act: str
    count: int
    web_s: float
    worker_s: float
    database_s: float

    def row(self) -> str:
        """Return a line of the table: milliseconds of CPU for each act."""
        each = (1000 * seconds / self.count for seconds in (self.web_s, self.worker_s))
        web, worker = (f"{value:.1f}" for value in each)
        return (
            f"| {self.act} | {self.count:,} | {web} | {worker} "
            f"| {1000 * self.database_s / self.count:.1f} |"
        )


class Costs:
    """Notes costs while nothing is cut off and nothing else goes on."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.noted: list[Cost] = []

    @contextmanager
    def of(self, act: str, count: int) -> Iterator[None]:
        """Note what happens inside the block as so many acts of one kind."""
        before = self._spent()
        yield
        after = self._spent()
        spent = (now - then for now, then in zip(after, before, strict=True))
        self.noted.append(Cost(act, count, *spent))

    def table(self) -> str:
        """Return the table."""
        head = "| Act, with its pages | how many | web ms | worker ms | database ms |"
        return "\n".join([head, "|---|---:|---:|---:|---:|", *(c.row() for c in self.noted)])

    def _spent(self) -> Sequence[float]:
        running = self._scene.processes.running
        return (
            sum(tree_seconds(running[name].pid) for name in WEB),
            sum(tree_seconds(running[name].pid) for name in WORKERS),
            tree_seconds(self._scene.postgres.pid),
        )
