"""Keep both platforms' state under one lock, and on disk when there is a directory for it."""

from __future__ import annotations

import atexit
import json
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lti_alliance.practice_lms.last_term import add_last_term
from lti_alliance.practice_lms.remembered import members
from lti_alliance.practice_lms.scenarios import build_platforms
from lti_alliance.practice_lms.state import PlatformState

if TYPE_CHECKING:
    from lti_alliance.practice_lms.settings import PracticeSettings

WRITE_AFTER_S = 0.5
LONGEST_WAIT_S = 5.0
WAIT_PER_COST = 20
"""Writing takes at most a twentieth of the time, however much there is to write."""


class Store:
    """Hold the state; whoever reads or changes it holds `lock`."""

    def __init__(self, settings: PracticeSettings) -> None:
        """Read the saved state, or start with the scenario."""
        self.settings = settings
        self.lock = threading.RLock()
        self._dirty = threading.Event()
        self._path: Path | None = None
        self._writing = threading.Lock()
        self._cost_s = 0.0
        self.platforms: dict[str, PlatformState] = {}
        if settings.data_dir is not None:
            settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path = settings.data_dir / "practice_lms.json"
        if self._path is not None and self._path.exists():
            saved = json.loads(self._path.read_text("utf-8"))
            self.platforms = {
                name: PlatformState.from_json(each) for name, each in saved["platforms"].items()
            }
        else:
            self.reset()
        if self._path is not None:
            atexit.register(self.save)
            threading.Thread(target=self._save_soon, name="practice-lms-save", daemon=True).start()

    def reset(self) -> None:
        """Go back to the scenario's beginning; keys and registrations stay."""
        with self.lock:
            fresh = build_platforms(self.settings)
            add_last_term(fresh["canvas"])
            for name, old in self.platforms.items():
                fresh[name].private_keys = old.private_keys
                fresh[name].secret = old.secret
                fresh[name].adopt(old.tool)
                fresh[name].pending_tools = old.pending_tools
                fresh[name].used_tokens = old.used_tokens
                fresh[name].access_tokens = old.access_tokens
            self.platforms = fresh
        self.changed()

    def changed(self) -> None:
        """Note that something worth keeping has happened."""
        self._dirty.set()

    def save(self) -> None:
        """Write the state in one piece: a reader finds the old file or the new one."""
        if self._path is None:
            return
        with self._writing:
            began = time.monotonic()
            with self.lock:
                self._dirty.clear()
                text = json.dumps(
                    {"platforms": self.platforms}, default=members, ensure_ascii=False
                )
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".practice_lms-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path)
            self._cost_s = time.monotonic() - began

    @property
    def pause_s(self) -> float:
        """Return how long to wait after a change: longer where there is much to write."""
        return min(LONGEST_WAIT_S, max(WRITE_AFTER_S, self._cost_s * WAIT_PER_COST))

    def _save_soon(self) -> None:
        pause = threading.Event()
        while True:
            self._dirty.wait()
            # A burst of scores becomes one write.
            pause.wait(self.pause_s)
            self.save()
