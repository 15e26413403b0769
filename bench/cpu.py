"""CPU seconds of processes, read from Linux's /proc: user and system time, in ticks of 10 ms."""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process has used: by itself, and by children that it has seen end."""

    parent: int
    own_s: float
    reaped_s: float


def read_usage(pid: int) -> Usage | None:
    """Return what the process has used, or nothing when it is gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may itself hold blanks and parentheses; proc(5) counts from 1.
    fields = text.rpartition(")")[2].split()
    user, system, reaped_user, reaped_system = (int(field) for field in fields[11:15])
    return Usage(
        parent=int(fields[1]),
        own_s=(user + system) / _TICKS_PER_S,
        reaped_s=(reaped_user + reaped_system) / _TICKS_PER_S,
    )


def read_name(pid: int) -> str:
    """Return the name of the program that the process runs; empty when it is gone."""
    try:
        return (PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def tree_seconds(root: int) -> float:
    """Return what a process and all below it have used, those that ended included."""
    usages = dict(_all_usages())
    children: defaultdict[int, list[int]] = defaultdict(list)
    for pid, usage in usages.items():
        children[usage.parent].append(pid)
    total, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        if pid in usages:
            total += usages[pid].own_s + usages[pid].reaped_s
        waiting += children[pid]
    return total


def children_of(pid: int) -> list[int]:
    """Return the processes that this one has started and that still run."""
    return [child for child, usage in _all_usages() if usage.parent == pid]


def own_seconds(pid: int) -> float:
    """Return what one process has used by itself; nothing when it is gone."""
    usage = read_usage(pid)
    return usage.own_s if usage else 0.0


def model_name() -> str:
    """Return what the processor calls itself."""
    for line in (PROC / "cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"


def _all_usages() -> Iterator[tuple[int, Usage]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (usage := read_usage(int(entry.name))):
            yield int(entry.name), usage
