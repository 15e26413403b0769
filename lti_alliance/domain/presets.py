"""Presets: settings kept under a name, and what of them fits another module."""

from dataclasses import replace

from lti_alliance.domain.activities import ActivitySettings, Part, propose
from lti_alliance.domain.modules import Grading, Module, Share
from lti_alliance.errors import InvalidInput

MAX_NAME = 100
NAME_MISSING = "Write a name for the preset."
NAME_TOO_LONG = "At most 100 characters are possible."
NAME_TAKEN = "You have a preset with this name already. Choose another name."


def check_name(text: str) -> str:
    """Return a name on one line; raise ``InvalidInput`` for one that cannot be used."""
    name = " ".join(text[: MAX_NAME * 4].split())
    fault = NAME_TOO_LONG if len(name) > MAX_NAME else ""
    if fault or not name or not name.isprintable():
        raise InvalidInput({"preset_name": fault or NAME_MISSING}, code="preset.invalid")
    return name


def without_dates(settings: ActivitySettings) -> ActivitySettings:
    """Return what is worth keeping for another course: a date of this one is not."""
    return replace(settings, closes_at=None)


def fit(preset: ActivitySettings, module: Module) -> ActivitySettings:
    """Return a preset as far as the module has what it speaks of.

    A part that the module does not have is left out. Tasks of another module are replaced by those
    that the module proposes, and a rubric is asked for only where every task has one.
    """
    proposed = propose(module)
    offered = {Part.QUIZ: bool(module.quiz.items), Part.REFLECTION: bool(module.reflections)}
    parts = frozenset(part for part in preset.parts if offered[part]) or proposed.parts
    prompt_ids = tuple(each.id for each in module.reflections if each.id in preset.prompt_ids)
    prompt_ids = prompt_ids or proposed.prompt_ids
    prompts = [module.get_reflection(prompt_id) for prompt_id in prompt_ids]
    is_gradable = all(each.rubric and each.share is not Share.PRIVATE for each in prompts)
    grading = preset.reflection_grading if is_gradable else Grading.COMPLETION
    return replace(preset, parts=parts, prompt_ids=prompt_ids, reflection_grading=grading)
