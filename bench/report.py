"""What came out: one run as a value, runs put together, the table and the JSON."""

import os
import platform
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.cpu import model_name

HEADINGS = (
    "sender",
    "scores",
    "LMS ms",
    "rounds",
    "scores/s",
    "CPU s / 1000",
    "+ database",
    "LMS (apart)",
    "rate : loop",
    "CPU : loop",
)
Key = tuple[int, int, str]
"""Count, delay and sender: what one line of the table is about."""
_PACKAGES = ("pylti1p3", "sqlalchemy", "requests", "cryptography")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One sender that sent all scores once."""

    sender: str
    count: int
    delay_ms: int
    round: int
    seconds: float
    """From the moment when the scores were due to the last one in the gradebook."""
    sender_cpu_s: float
    database_cpu_s: float | None
    lms_cpu_s: float
    faults: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Scores per second."""
        return self.count / self.seconds

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the sender and its database."""
        return self.sender_cpu_s + (self.database_cpu_s or 0.0)

    def per_thousand(self, seconds: float) -> float:
        """Return seconds per 1,000 scores."""
        return seconds * 1000 / self.count


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of several measurements and their ends."""

    middle: float
    least: float
    most: float

    def text(self, digits: int) -> str:
        """Return it as `middle [least-most]`."""
        return f"{self.middle:.{digits}f} [{self.least:.{digits}f}-{self.most:.{digits}f}]"


def spread(values: Iterable[float]) -> Spread:
    """Return the median with the smallest and the largest."""
    listed = list(values)
    return Spread(median(listed), min(listed), max(listed))


def table(runs: Sequence[Run], *, rival: str) -> str:
    """Return all runs as a Markdown table, one line for each sender, count and delay."""
    keys = dict.fromkeys((run.count, run.delay_ms, run.sender) for run in runs)
    lines = [HEADINGS, *(_line(key, runs, rival=rival) for key in sorted(keys, key=_order(rival)))]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    written = [_written(line, widths) for line in lines]
    ruler = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([written[0], ruler, *written[1:]])


def machine(servers: Mapping[str, str]) -> dict[str, object]:
    """Say what was measured, on what."""
    return {
        "commit": _git("rev-parse", "--short", "HEAD") or "unknown",
        "has_changes": bool(_git("status", "--porcelain")),
        "python": platform.python_version(),
        "processor": model_name(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "packages": {name: version(name) for name in _PACKAGES},
        "servers": dict(servers),
    }


def machine_line(facts: Mapping[str, object]) -> str:
    """Return the facts in one line."""
    changes = " with local changes" if facts["has_changes"] else ""
    packages = facts["packages"]
    assert isinstance(packages, dict)
    servers = facts["servers"]
    assert isinstance(servers, dict)
    versions = ", ".join(f"{name} {number}" for name, number in (packages | servers).items())
    return (
        f"Commit {facts['commit']}{changes}; Python {facts['python']}; {facts['cores']} x "
        f"{facts['processor']}, load {facts['load_before']} before; {versions}."
    )


def _order(rival: str) -> Callable[[Key], tuple[int, int, bool, str]]:
    return lambda key: (key[0], key[1], key[2] != rival, key[2])


def _line(key: Key, runs: Sequence[Run], *, rival: str) -> tuple[str, ...]:
    count, delay_ms, sender = key
    ours = [run for run in runs if (run.count, run.delay_ms, run.sender) == key]
    theirs = {
        run.round: run for run in runs if (run.count, run.delay_ms, run.sender) == (*key[:2], rival)
    }
    pairs = [(run, theirs[run.round]) for run in ours if run.round in theirs]
    on_server = [run.per_thousand(run.database_cpu_s) for run in ours if run.database_cpu_s]
    is_compared = bool(pairs) and sender != rival
    return (
        sender,
        f"{count:,}",
        str(delay_ms),
        str(len(ours)),
        spread(run.rate for run in ours).text(0),
        spread(run.per_thousand(run.sender_cpu_s) for run in ours).text(2),
        spread(on_server).text(2) if on_server else "-",
        spread(run.per_thousand(run.lms_cpu_s) for run in ours).text(2),
        f"{median(run.rate / other.rate for run, other in pairs):.2f}" if is_compared else "1",
        f"{median(run.cpu_s / other.cpu_s for run, other in pairs):.2f}" if is_compared else "1",
    )


def _written(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(line, widths, strict=True)
    cells = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
    return f"| {' | '.join(cells)} |"


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    return done.stdout.strip()
