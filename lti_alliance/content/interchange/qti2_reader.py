"""QTI 2.1 items, https://www.imsglobal.org/question/qtiv2p1/imsqti_infov2p1.html."""

from copy import deepcopy
from dataclasses import replace
from decimal import Decimal

from lti_alliance.content.interchange.collecting import Answer, Collector, Question, decimal_of
from lti_alliance.content.interchange.safe_xml import (
    Element,
    children,
    each,
    first,
    inner_xml,
    tag,
    text_of,
)
from lti_alliance.content.interchange.texts import from_html
from lti_alliance.domain.items import Lock, NumericKey
from lti_alliance.domain.modules import Case, CaseStage

STIMULUS = "stimulus"
"""The class of the part of an item that shows its case."""

_GAP = "______"


def read_qti2(root: Element, found: Collector) -> None:
    """Read one ``assessmentItem``."""
    name = (root.get("identifier") or root.get("title") or "").strip()
    body = first(root, "itemBody")
    interactions = list(each(root, *_INTERACTIONS))
    if body is None or len(interactions) != 1 or tag(interactions[0]) not in _READ:
        found.lose(name, "the whole question", "it has no interaction that is known, or several")
        return
    case = _case(body, found)
    declared = {one.get("identifier"): one for one in each(root, "responseDeclaration")}
    interaction = interactions[0]
    if first(root, "modalFeedback") is not None:
        found.lose(name, "its feedback for the whole", "feedback belongs to an answer")
    declaration = declared.get(interaction.get("responseIdentifier"))
    question = Question(name, _stem(body, name, found), points=_points(root), case=case)
    kind = tag(interaction)
    if declaration is None:
        found.lose(name, "the whole question", "it does not say what is right")
    elif kind == "choiceInteraction":
        _choose(interaction, declaration, question, found)
    elif kind == "orderInteraction":
        texts = _texts(interaction, "simpleChoice", name, found)
        found.order(question, [texts.get(value, "") for value in _correct(declaration)])
    elif kind == "matchInteraction":
        _match(interaction, declaration, question, found)
    elif (declaration.get("baseType") or "") in ("float", "integer"):
        found.count(question, _numbers(root, declaration))
    else:
        _write(declaration, question, found)


_INTERACTIONS = (
    "choiceInteraction", "orderInteraction", "matchInteraction", "textEntryInteraction",
    "extendedTextInteraction", "inlineChoiceInteraction", "gapMatchInteraction",
    "associateInteraction", "hotspotInteraction", "hottextInteraction", "sliderInteraction",
    "uploadInteraction", "drawingInteraction", "graphicOrderInteraction", "customInteraction",
    "mediaInteraction", "selectPointInteraction", "positionObjectInteraction",
    "graphicAssociateInteraction", "graphicGapMatchInteraction", "endAttemptInteraction",
)  # fmt: skip

_READ = _INTERACTIONS[:4]


def _choose(
    interaction: Element, declaration: Element, question: Question, found: Collector
) -> None:
    right = set(_correct(declaration))
    if not right:
        right = {key for key, value in _mapping(declaration).items() if value > 0}
    feedback = {}
    for choice in each(interaction, "simpleChoice"):
        for part in children(choice, "feedbackInline", "feedbackBlock"):
            if part.get("identifier") == choice.get("identifier"):
                feedback[choice.get("identifier")] = _html(part, question.name, found)
    texts = _texts(interaction, "simpleChoice", question.name, found)
    answers = [
        Answer(text, Decimal(ident in right), feedback.get(ident, ""))
        for ident, text in texts.items()
    ]
    question = replace(question, lock=_lock(interaction))
    found.choose(question, answers, single=declaration.get("cardinality") == "single")


def _lock(interaction: Element) -> Lock:
    fixed = [one.get("fixed") == "true" for one in each(interaction, "simpleChoice")]
    if interaction.get("shuffle") == "false" or all(fixed):
        return Lock.ALL
    return Lock.LAST if fixed[-1] else Lock.NONE


def _match(
    interaction: Element, declaration: Element, question: Question, found: Collector
) -> None:
    sets = [
        _texts(one, "simpleAssociableChoice", question.name, found)
        for one in children(interaction, "simpleMatchSet")
    ]
    if len(sets) != 2:
        found.lose(question.name, "the whole question", "it does not match two lists")
        return
    rows, targets = sets
    right = dict(value.split()[:2] for value in _correct(declaration) if len(value.split()) == 2)
    pairs = [(text, targets.get(right.get(ident, ""), ""), "") for ident, text in rows.items()]
    used = set(right.values())
    pairs += [("", text, "") for ident, text in targets.items() if ident not in used]
    found.match(question, pairs)


def _write(declaration: Element, question: Question, found: Collector) -> None:
    mapping = _mapping(declaration)
    best = max(mapping.values(), default=Decimal(0))
    answers = [Answer(key, value / best) for key, value in mapping.items() if best > 0]
    if not answers:
        answers = [Answer(value, Decimal(1)) for value in _correct(declaration)]
    found.write(question, answers)


def _numbers(root: Element, declaration: Element) -> list[NumericKey]:
    keys: list[NumericKey] = []
    scores: list[Decimal] = []
    for condition in each(root, "responseIf", "responseElseIf"):
        low = decimal_of(text_of(first(first(condition, "gte"), "baseValue")))
        high = decimal_of(text_of(first(first(condition, "lte"), "baseValue")))
        score = decimal_of(text_of(first(first(condition, "setOutcomeValue"), "baseValue")))
        if low is not None and high is not None and score is not None:
            keys.append(NumericKey(low=low, high=high))
            scores.append(score)
    best = max(scores, default=Decimal(0))
    if keys and best > 0:
        return [
            NumericKey(low=key.low, high=key.high, share=max(score, Decimal(0)) / best)
            for key, score in zip(keys, scores, strict=True)
        ]
    values = [decimal_of(value) for value in _correct(declaration)]
    return [NumericKey(low=value, high=value) for value in values if value is not None]


def _stem(body: Element, name: str, found: Collector) -> str:
    shown = deepcopy(body)
    prompts = []
    for one in list(each(shown, *_INTERACTIONS)) + list(each(shown, "div")):
        if tag(one) == "div" and one.get("class") != STIMULUS:
            continue
        prompts += [_html(prompt, name, found) for prompt in children(one, "prompt")]
        parent = one.getparent()
        if parent is not None:
            if tag(one) == "textEntryInteraction" and text_of(parent).strip():
                one.tail = f" {_GAP} {one.tail or ''}"
            _drop(one, parent)
    return "\n\n".join(text for text in [_html(shown, name, found), *prompts] if text)


def _drop(element: Element, parent: Element) -> None:
    """Remove an element and keep the text behind it."""
    before = element.getprevious()
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _case(body: Element, found: Collector) -> str | None:
    for part in children(body, "div"):
        if part.get("class") == STIMULUS:
            text = from_html(inner_xml(part))
            known = next((case for case in found.cases if case.markdown == text), None)
            if known is None and text:
                known = Case(f"case-{len(found.cases) + 1}", (CaseStage("", text),))
                found.cases.append(known)
            return known.id if known else None
    return None


def _points(root: Element) -> Decimal:
    for outcome in each(root, "outcomeDeclaration"):
        if outcome.get("identifier") == "MAXSCORE":
            return decimal_of(text_of(outcome), Decimal(1)) or Decimal(1)
    return Decimal(1)


def _texts(element: Element, name: str, item: str, found: Collector) -> dict[str, str]:
    texts = {}
    for choice in each(element, name):
        shown = deepcopy(choice)
        for part in list(each(shown, "feedbackInline", "feedbackBlock")):
            parent = part.getparent()
            if parent is not None:
                _drop(part, parent)
        texts[choice.get("identifier") or ""] = _html(shown, item, found)
    return texts


def _html(element: Element, name: str, found: Collector) -> str:
    return from_html(
        inner_xml(element), tell=lambda what: found.lose(name, what, "modules hold text only")
    )


def _correct(declaration: Element) -> list[str]:
    correct = first(declaration, "correctResponse")
    return [text_of(one).strip() for one in each(correct, "value")] if correct is not None else []


def _mapping(declaration: Element) -> dict[str, Decimal]:
    found = {}
    for entry in each(declaration, "mapEntry"):
        value = decimal_of(entry.get("mappedValue") or "")
        if value is not None:
            found[entry.get("mapKey") or ""] = value
    return found
