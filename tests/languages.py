"""Languages that nobody speaks: every sentence in marks, to see what was left out."""

from pathlib import Path

from babel.messages.catalog import Catalog
from flask import Flask

from scripts.messages import collect, updated, write

OPEN, CLOSE = "⟦", "⟧"


def add_marked_language(app: Flask, folder: Path, name: str) -> None:
    """Let an application speak a language whose sentences are the English ones in marks."""
    _add(app, folder, name, OPEN, CLOSE)


def add_mirrored_language(app: Flask, folder: Path, name: str) -> None:
    """Let an application speak a language whose sentences are the English ones, unchanged."""
    _add(app, folder, name, "", "")


def _add(app: Flask, folder: Path, name: str, before: str, after: str) -> None:
    catalog = updated(Catalog(locale=name), collect())
    for message in catalog:
        if not message.id:
            continue
        forms = message.id if message.pluralizable else (message.id,)
        told = [f"{before}{form}{after}" for form in forms]
        told += told[-1:] * (catalog.num_plurals - len(told))
        message.string = tuple(told[: catalog.num_plurals]) if message.pluralizable else told[0]
    write(folder / name / "LC_MESSAGES" / "messages.po", catalog)
    app.extensions["babel"].translation_directories = [str(folder)]
