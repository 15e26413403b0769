"""What only the whole module can tell: references that lead nowhere."""

from lti_alliance.content.document import Document
from lti_alliance.content.faults import Faults
from lti_alliance.content.front_matter import FrontMatter
from lti_alliance.domain.modules import Module


def check_references(
    module: Module, header: FrontMatter, document: Document, faults: Faults
) -> None:
    """Note ids used twice, and objectives, cases and sources that are missing or never used."""
    named = [(item.id, item.line) for item in module.quiz.items]
    named += [(prompt.id, prompt.line) for prompt in module.reflections]
    first: dict[str, int] = {}
    for name, line in named:
        if name in first:
            faults.error(line, f"the id `{name}` is used twice", f"See line {first[name]}.")
        first.setdefault(name, line)
    _check_objectives(module, faults)
    _check_cases(module, faults)
    cited = {key for key, _line in document.citations}
    for key, line in document.citations:
        if key not in header.sources:
            known = ", ".join(header.sources) or "none"
            faults.error(line, f"the source `{key}` is not in the header", f"There: {known}.")
    for key, line in header.source_lines.items():
        if key not in cited:
            faults.warn(line, f"the source `{key}` is never cited", f"Cite it: `[@{key}]`.")
    if module.id in module.requires:
        faults.error(1, "the module requires itself", "Remove it from `requires`.")


def _check_objectives(module: Module, faults: Faults) -> None:
    count = len(module.objectives)
    for item in module.quiz.items:
        if item.objective is not None and not 1 <= item.objective <= count:
            problem = f"{item.id} is for objective {item.objective} of {count}"
            faults.error(item.line, problem, "Count the objectives from 1.")


def _check_cases(module: Module, faults: Faults) -> None:
    users = [*module.quiz.items, *module.reflections]
    for user in users:
        if user.case is not None and user.case not in module.cases:
            remedy = f"Write `## case: {user.case}` before it, with the text under it."
            faults.error(user.line, f"there is no case `{user.case}`", remedy)
    for item in module.quiz.items:
        case = module.cases.get(item.case) if item.case else None
        if case is not None and not 1 <= item.stage <= len(case.stages):
            problem = f"{item.id} is for stage {item.stage} of {len(case.stages)}"
            faults.error(item.line, problem, "Count the stages of the case from 1.")
    for case in module.cases.values():
        if case.id not in {user.case for user in users}:
            remedy = f"Write `case: {case.id}` under an item, or remove the case."
            faults.warn(case.line, f"no item uses the case `{case.id}`", remedy)
