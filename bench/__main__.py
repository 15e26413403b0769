"""Every question, one after the other, and one table of all targets: ``python -m bench``.

Each runs as a process of its own, so that none inherits what another left in memory. Exit status 1
means that something came out wrong, or that a question could not be answered; a missed target is
reported and is no failure.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.commands import tell
from bench.outcome import Outcome, read_outcome, verdict_table

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
_BEGIN, _END = "<!-- the table of `make bench` -->\n", "<!-- its end -->\n"


def main() -> None:
    """Ask what the options name and put the answers together."""
    chosen = _parse()
    outcomes, silent = [], []
    with tempfile.TemporaryDirectory(prefix="alliance-bench-") as folder:
        for name in chosen.only or QUESTIONS:
            file = Path(folder) / f"{name}.json"
            tell(f"== {name}")
            _ask(QUESTIONS[name], file, quick=chosen.quick)
            if file.exists():
                outcomes.append(read_outcome(file))
            else:
                silent.append(name)
    print(verdict_table(outcomes))
    print("\n".join(sorted({outcome.machine for outcome in outcomes})))
    if chosen.write:
        write_page(PAGE, outcomes)
    wrong = [f"{each.question}: {fault}" for each in outcomes for fault in each.faults]
    wrong += [f"{name}: no answer" for name in silent]
    for sentence in wrong:
        tell(f"WRONG: {sentence}")
    sys.exit(1 if wrong else 0)


def write_page(page: Path, outcomes: Sequence[Outcome]) -> None:
    """Put the table of targets between the page's two marks; ``ValueError`` without them."""
    text = page.read_text(encoding="utf-8")
    before, found, rest = text.partition(_BEGIN)
    _, ended, after = rest.partition(_END)
    if not found or not ended:
        raise ValueError(f"{page} has no place for the table")
    page.write_text(
        f"{before}{_BEGIN}\n{verdict_table(outcomes)}\n\n{_END}{after}", encoding="utf-8"
    )


def _ask(command: Sequence[str], file: Path, *, quick: bool) -> None:
    options = ["--json", str(file), *(["--quick"] if quick else [])]
    subprocess.run([sys.executable, "-m", *command, *options], check=False, cwd=ROOT)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*QUESTIONS, []], metavar="QUESTION")
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    parser.add_argument("--write", action="store_true", help="put the table into the docs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
