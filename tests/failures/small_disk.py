"""A disk that is full when a test says so.

A file system of a few megabytes where this user may mount one, as root may. Elsewhere the processes
themselves are forbidden to let any file grow, which is another error for the same failure.
"""

import contextlib
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

SIZE = "16m"
_PAGE = b"\0" * 4096


class SmallDisk:
    """A file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True)

    def fill(self, _pids: list[int]) -> None:
        """Take the last free byte."""
        with self._filler.open("ab", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(_PAGE)

    def free(self) -> None:
        """Give the space back."""
        self._filler.unlink(missing_ok=True)

    def close(self) -> None:
        """Take the file system away."""
        subprocess.run(["umount", "--lazy", self.folder], check=True)


class GrowthBan:
    """An ordinary folder, and a limit on the size of files for those who write there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._banned: list[int] = []
        folder.mkdir(parents=True, exist_ok=True)

    def fill(self, pids: list[int]) -> None:
        """Let every write of these processes to a file fail."""
        self._banned = pids
        self._limit(are_allowed=False)

    def free(self) -> None:
        """Let them write again."""
        self._limit(are_allowed=True)

    def close(self) -> None:
        """Leave the folder to whoever made it."""

    def _limit(self, *, are_allowed: bool) -> None:
        for pid in self._banned:
            with contextlib.suppress(ProcessLookupError):
                hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if are_allowed else 0, hard))


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk | GrowthBan]:
    """Make a disk that can be filled up."""
    disk: SmallDisk | GrowthBan
    try:
        disk = SmallDisk(folder)
    except (OSError, subprocess.CalledProcessError):
        # Only root may mount, and a container may keep even root from it.
        disk = GrowthBan(folder)
    try:
        yield disk
    finally:
        disk.free()
        disk.close()
