"""What the scripted people write, read from the data file beside this module."""

import tomllib
from importlib.resources import files
from typing import Any


def _read() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("writings.toml").read_text(encoding="utf-8"))


def _joined(texts: list[str]) -> tuple[str, ...]:
    return tuple(" ".join(text.split()) for text in texts)


_WRITINGS = _read()
COMMENTS = _joined(_WRITINGS["comments"])
UNUSUAL_WORDINGS = _joined(_WRITINGS["unusual_wordings"])
REFLECTIONS = {name: _joined(texts) for name, texts in _WRITINGS["reflections"].items()}
QUESTIONS_ABOUT_KEY = _joined(_WRITINGS["questions_about_key"])
ANSWER_ABOUT_KEY = " ".join(_WRITINGS["answer_about_key"].split())
