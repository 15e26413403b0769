"""Packages read within limits: how many files, how large, how densely packed, and where."""

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping

from lti_alliance.content.interchange.values import unreadable

MAX_PACKED = 10_000_000
MAX_UNPACKED = 40_000_000
MAX_FILES = 2_000
MAX_RATIO = 100
"""How much larger a file of some size may be than its packed form."""

_SMALL = 100_000
_NESTED = (".zip", ".gz", ".bz2", ".xz", ".7z", ".tar", ".rar", ".imscc")
_REMEDY = "Export the package again, with nothing in it but the questions."


def read_archive(content: bytes, name: str) -> Mapping[str, bytes]:
    """Return the XML files of a package by their paths; raises ``ContentError``."""
    if len(content) > MAX_PACKED:
        raise unreadable(name, "the package is too large", "Export fewer questions at a time.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries = [entry for entry in package.infolist() if not entry.is_dir()]
            _check(entries, name)
            return {
                entry.filename: _read(package, entry, name)
                for entry in entries
                if entry.filename.lower().endswith((".xml", ".qti"))
            }
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
        KeyError,
        IndexError,
    ) as error:
        raise unreadable(name, "the package cannot be unpacked", _REMEDY) from error


def _check(entries: list[zipfile.ZipInfo], name: str) -> None:
    if len(entries) > MAX_FILES:
        raise unreadable(name, "the package holds too many files", _REMEDY)
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise unreadable(name, "the package is too large unpacked", _REMEDY)
    if len({entry.filename for entry in entries}) < len(entries):
        raise unreadable(name, "two files of the package have the same path", _REMEDY)
    for entry in entries:
        if problem := _problem(entry):
            raise unreadable(name, f"the package holds {problem}", _REMEDY)


def _problem(entry: zipfile.ZipInfo) -> str:
    path = entry.filename.replace("\\", "/")
    if path.startswith("/") or ":" in path or ".." in path.split("/"):
        return "a path that leads out of it"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a symbolic link"
    if path.lower().endswith(_NESTED):
        return "another archive"
    if entry.flag_bits & 1:
        return "an encrypted file"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "a file that is packed in an unusual way"
    if entry.file_size > max(_SMALL, MAX_RATIO * entry.compress_size):
        return "a file that is packed too densely"
    return ""


def _read(package: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    with package.open(entry) as file:
        # The size that an entry declares is a claim; the bytes are counted.
        found = file.read(entry.file_size + 1)
    if len(found) > entry.file_size:
        raise unreadable(name, "a file of the package is larger than it says", _REMEDY)
    return found
