"""What a failed test's browser showed, and what the tool last said, for the report."""

import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Frame
from playwright.sync_api import Error as BrowserError

LONGEST_TEXT = 700
LAST_LINES = 15
SLOW = re.compile(r"status=[45]\d\d|duration_ms=\d{4,}|WARNING|ERROR|CRITICAL|warning|error")


def browsers_showed(contexts: list[BrowserContext]) -> str:
    """Return the address and the text of every frame of every page that is open."""
    told = []
    for number, context in enumerate(contexts):
        for page in context.pages:
            told += [f"browser {number}: {_frame_showed(frame)}" for frame in page.frames]
    return "\n".join(told)


def tool_said(folder: Path) -> str:
    """Return the last lines of each process's log, and the last that tell of trouble."""
    told = []
    for log in sorted((folder / "logs").glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()
        trouble = [line for line in lines if SLOW.search(line)]
        told += [f"-- {log.name}, the last that tell of trouble", *trouble[-LAST_LINES:]]
        told += [f"-- {log.name}, the last of all", *lines[-LAST_LINES:]]
    return "\n".join(told)


def _frame_showed(frame: Frame) -> str:
    try:
        text = frame.locator("body").inner_text(timeout=2000)
    except BrowserError as error:
        text = f"(no text: {error.message.splitlines()[0]})"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{frame.url}\n{' | '.join(lines)[:LONGEST_TEXT]}"
