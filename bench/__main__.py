"""Every question, one after the other, and one table of all targets: ``python -m bench``.

Each runs as a process of its own, so that none inherits what another left in memory. Exit status 1
means that something came out wrong, or that a question could not be answered; a missed target is
reported and is no failure. A question that missed one is asked once more, with py-spy looking on:
that run counts for nothing and says where the time goes. ``--keep FOLDER`` keeps what comes out,
and what an earlier run kept there of other questions stands in the table as well.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.commands import tell
from bench.outcome import Outcome, profile_list, read_outcome, verdict_table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
QUESTIONS: dict[str, Sequence[str]] = {
    "launches": ("bench.launches",),
    "exam": ("bench.launches", "--exam"),
    "tokens": ("bench.tokens",),
    "memory": ("bench.memory",),
    "steps": ("bench.steps",),
    "autosave": ("bench.autosave",),
    "submit": ("bench.submit",),
    "passback": ("bench.passback",),
    "resync": ("bench.resync",),
    "roster": ("bench.roster",),
    "desk": ("bench.desk",),
    "analysis": ("bench.analysis",),
    "growth": ("bench.growth",),
    "hosts": ("bench.hosts",),
    "row_sizes": ("bench.row_sizes",),
}
LOOKED_AT: dict[str, Sequence[str]] = {
    "launches": ("--rounds", "1"),
    "exam": ("--rounds", "1"),
    "autosave": ("--rounds", "5"),
    "passback": ("--counts", "1000", "--rounds", "1", "--databases", "postgresql"),
    "resync": ("--rounds", "1"),
    "desk": ("--rounds", "1"),
    "analysis": ("--rounds", "1"),
}
"""The questions whose time py-spy can look into, and how little of them is enough for it."""
_TABLE = ("<!-- the table of `make bench` -->\n", "<!-- its end -->\n")
_PLACES = ("<!-- where the time goes -->\n", "<!-- the end of where -->\n")


def main() -> None:
    """Ask what the options name and put the answers together."""
    chosen = _parse()
    with tempfile.TemporaryDirectory(prefix="alliance-bench-") as spare:
        folder = chosen.keep or Path(spare)
        folder.mkdir(parents=True, exist_ok=True)
        asked = chosen.only or QUESTIONS
        for name in asked:
            tell(f"== {name}")
            _ask_and_look(name, folder / f"{name}.json", quick=chosen.quick)
        answered = [name for name in QUESTIONS if (folder / f"{name}.json").exists()]
        outcomes = [read_outcome(folder / f"{name}.json") for name in answered]
    print(verdict_table(outcomes))
    print(profile_list(outcomes))
    print("\n".join(sorted({outcome.machine for outcome in outcomes})))
    if chosen.write:
        write_page(PAGE, outcomes)
    wrong = [f"{each.question}: {fault}" for each in outcomes for fault in each.faults]
    wrong += [f"{name}: no answer" for name in asked if name not in answered]
    for sentence in wrong:
        tell(f"WRONG: {sentence}")
    sys.exit(1 if wrong else 0)


def write_page(page: Path, outcomes: Sequence[Outcome]) -> None:
    """Put the table of targets, and where the time goes, between the page's marks.

    ``ValueError`` where the page lacks them.
    """
    text = page.read_text(encoding="utf-8")
    text = _between(text, _TABLE, verdict_table(outcomes))
    text = _between(text, _PLACES, profile_list(outcomes))
    page.write_text(text, encoding="utf-8")


def _between(text: str, marks: tuple[str, str], told: str) -> str:
    before, begun, rest = text.partition(marks[0])
    _, ended, after = rest.partition(marks[1])
    if not begun or not ended:
        raise ValueError(f"the page lacks the marks {marks}")
    return f"{before}{marks[0]}\n{told}\n\n{marks[1]}{after}"


def _ask_and_look(name: str, file: Path, *, quick: bool) -> None:
    """Ask a question, and one that missed a target once more, to see where its time goes."""
    file.unlink(missing_ok=True)
    _ask(QUESTIONS[name], file, quick=quick)
    if name not in LOOKED_AT or not file.exists():
        return
    found = read_outcome(file)
    if all(verdict.is_met for verdict in found.verdicts):
        return
    tell(f"== {name}, looked at with py-spy")
    look = file.with_suffix(".profile")
    _ask(QUESTIONS[name], look, "--profile", *LOOKED_AT[name], quick=quick)
    if look.exists():
        replace(found, profile=read_outcome(look).profile).write(file)
        look.unlink()


def _ask(command: Sequence[str], file: Path, *more: str, quick: bool) -> None:
    options = ["--json", str(file), *more, *(["--quick"] if quick else [])]
    subprocess.run([sys.executable, "-m", *command, *options], check=False, cwd=ROOT)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*QUESTIONS, []], metavar="QUESTION")
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the outcomes here")
    parser.add_argument("--write", action="store_true", help="put the table into the docs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
