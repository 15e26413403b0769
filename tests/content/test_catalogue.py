"""The catalogue: modules by id and by content version."""

from pathlib import Path

import pytest

from lti_alliance.content.catalogue import Catalogue, shipped_modules
from lti_alliance.content.parser import parse_source
from lti_alliance.errors import ContentError, NotFound


def source(module_id: str, *, version: str = "1.0.0", requires: str = "", title: str = "T") -> str:
    return (
        f"---\nformat: alliance-module/1\nid: {module_id}\ntitle: {title}\nversion: {version}\n"
        f"language: en\nlicense: CC BY 4.0\nminutes: 5\nrequires: [{requires}]\nstandards: []\n"
        "sources: {}\n---\n\n# Objectives\n\n- [apply] Do it.\n\n# Reading\n\n## One\n\nText.\n\n"
        "# Reflections\n\n## reflection: r\n\nwords: 10-20\n\nWrite.\n"
    )


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_modules_load_by_default() -> None:
    """Every shipped file is in the catalogue, under its id and its hash."""
    catalogue = Catalogue.load()

    assert len(catalogue.list()) == len(shipped_modules()) > 0
    for module in catalogue.list():
        assert catalogue.get(module.id) is catalogue.get_version(module.content_hash) is module


def test_what_is_not_there_is_not_found() -> None:
    """An unknown id and an unknown version look alike."""
    catalogue = Catalogue([])

    with pytest.raises(NotFound):
        catalogue.get("x")
    with pytest.raises(NotFound):
        catalogue.get_version("0" * 64)


def test_the_newest_version_is_offered_and_the_older_kept(tmp_path: Path) -> None:
    """Versions are compared as numbers; an attempt on the older one can still be shown."""
    old = write(tmp_path, "old.md", source("m", version="1.9.0"))
    new = write(tmp_path, "new.md", source("m", version="1.10.0"))
    catalogue = Catalogue.load([new, old])

    assert [module.version for module in catalogue.list()] == ["1.10.0"]
    assert catalogue.get("m").version == "1.10.0"
    kept = parse_source(old.read_text(encoding="utf-8"), name="old.md")
    assert catalogue.get_version(kept.content_hash) == kept


def test_a_stored_source_shows_what_was_seen() -> None:
    """The source kept under a hash rebuilds the module of that hash."""
    for module in Catalogue.load().list():
        assert parse_source(module.source, name="stored") == module


def test_modules_are_listed_after_what_they_require() -> None:
    """Then by title; a circle and a missing requirement do no harm."""
    texts = [
        source("third", requires="second, gone", title="A"),
        source("second", requires="first", title="B"),
        source("first", title="C"),
        source("other", title="A"),
        source("ring-a", requires="ring-b", title="Y"),
        source("ring-b", requires="ring-a", title="Z"),
    ]
    modules = [parse_source(text, name="m.md") for text in texts]
    listed = [module.id for module in Catalogue(modules).list()]

    assert [name for name in listed if not name.startswith("ring")] == [
        "other",
        "first",
        "second",
        "third",
    ]
    assert len(listed) == 6


def test_the_faults_of_all_files_are_told_together(tmp_path: Path) -> None:
    """Each with its file, its line and its remedy."""
    good = write(tmp_path, "good.md", source("good"))
    one = write(tmp_path, "one.md", source("one").replace("minutes: 5", "minutes: x"))
    two = write(tmp_path, "two.md", source("two").replace("[apply]", "[do]"))
    with pytest.raises(ContentError) as caught:
        Catalogue.load([good, one, two])

    told = [(fault.line, fault.problem.partition(":")[0]) for fault in caught.value.faults]
    assert told == [(8, "one.md"), (16, "two.md")]
    assert all(fault.remedy in str(caught.value) for fault in caught.value.faults)


def test_one_version_has_one_content(tmp_path: Path) -> None:
    """Two files that claim the same version must be the same."""
    one = write(tmp_path, "one.md", source("m"))
    same = write(tmp_path, "same.md", source("m"))
    other = write(tmp_path, "other.md", source("m", title="U"))

    assert len(Catalogue.load([one, same]).list()) == 1
    with pytest.raises(ContentError, match=r"other\.md: m 1\.0\.0 is also in one\.md"):
        Catalogue.load([one, other])
