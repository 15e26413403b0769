"""What the story of the hosts comes to: a table, verdicts, and whatever was wrong."""

from collections.abc import Iterator

from bench.hosts_scene import LEASE_S, WEB, Scene
from bench.hosts_story import Story
from bench.outcome import Outcome, Verdict
from bench.report import machine, machine_line

FREED_WITHIN_S = 30.0
OVER_WITHIN_S = 2.0 * LEASE_S
_ALLOWED = [403, 403, 200, 200]


def outcome_of(story: Story, *, command: str) -> Outcome:
    """Put together what was seen."""
    facts = machine({"postgresql": story.scene.server_version()})
    return Outcome(
        question="hosts",
        command=command,
        machine=machine_line(facts),
        tables=(_table(story), story.costs.table()),
        verdicts=tuple(_verdicts(story)),
        faults=tuple(_faults(story)),
    )


def _faults(story: Story) -> Iterator[str]:
    seen, counts = story.seen, story.scene.balancer.counts
    yield from seen.faults
    if story.class_of.counts.failed:
        yield f"{story.class_of.counts.failed} requests failed"
    if seen.late_writes:
        yield f"{seen.late_writes} changes by a worker of what another had taken over"
    if not seen.claims_cut:
        yield "no worker was cut off with a claim in its hands"
    if not seen.came_back:
        yield "the worker that was cut off did not come back"
    if seen.halted_s is None:
        yield "the server kept what a cut-off host had locked"
    if seen.disabled_statuses != _ALLOWED:
        yield f"a disabled and enabled platform answered {seen.disabled_statuses}"
    if not seen.keys_agree:
        yield "two hosts publish different keys"
    if not all(counts.taken[story.scene.hosts[name].address] for name in WEB):
        yield "one of the web hosts served nobody"
    if not counts.broken and not counts.skipped:
        yield "nobody noticed that a web host was cut off"


def _verdicts(story: Story) -> Iterator[Verdict]:
    seen = story.seen
    book_faults = sum("was told" in fault for fault in seen.faults)
    yield _verdict("scores lost, doubled or out of order, hosts cut off", 0, book_faults, "scores")
    yield _verdict("failed requests after a web host was cut off", 0, seen.web_failed, "requests")
    yield _verdict("failed launches while Redis is cut off", 0, seen.redis_failed, "launches")
    yield _verdict(
        "scores of a cut-off worker taken over and delivered",
        OVER_WITHIN_S,
        seen.taken_over_s,
        f"s (lease {LEASE_S} s)",
    )
    freed_s = seen.halted_s if seen.halted_s is not None else float("inf")
    yield _verdict("locks of a cut-off host free again", FREED_WITHIN_S, freed_s, "s")


def _verdict(target: str, aim: float, measured: float, unit: str) -> Verdict:
    return Verdict(target=target, aim=aim, measured=measured, unit=unit)


def _table(story: Story) -> str:
    seen, scene = story.seen, story.scene
    lines = [
        ("students, attempts", f"{story.size}, {2 * story.size}"),
        ("requests, all answered", f"{story.class_of.counts.sent:,}"),
        *_balanced(scene),
        ("web host cut off: answers lost in the moment, sent again", str(seen.web_broken)),
        ("web host cut off: errors after that", str(seen.web_failed)),
        ("worker host cut off: scores in its hands", str(seen.claims_cut)),
        ("until all of them were in the gradebook", f"{seen.taken_over_s:.1f} s"),
        ("changes by the returned worker of what it had lost", str(seen.late_writes)),
        ("locks of a host cut off in a transaction: free after", _seconds(seen.halted_s)),
        ("Redis cut off: errors", str(seen.redis_failed)),
        ("Redis cut off: slowest request", _seconds(seen.redis_slowest_s)),
        ("score messages sent, accepted", _messages(story)),
    ]
    return "\n".join(["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in lines)])


def _balanced(scene: Scene) -> Iterator[tuple[str, str]]:
    counts = scene.balancer.counts
    for name in WEB:
        yield f"taken by {name}", f"{counts.taken[scene.hosts[name].address]:,}"
    yield (
        "to the host of the same browser's last request (the other was away)",
        f"{counts.same_again:,}",
    )


def _messages(story: Story) -> str:
    sent = story.seen.calls.get("calls", {}).get("score", 0)
    return f"{sent}, {story.seen.accepted}"


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} s"
