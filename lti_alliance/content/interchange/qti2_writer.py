"""Items as a QTI 2.1 package, https://www.imsglobal.org/question/qtiv2p1/imsqti_infov2p1.html."""

import io
import zipfile
from collections.abc import Mapping
from decimal import Decimal

from lxml import etree

from lti_alliance.content.interchange.plainer import Outgoing, outgoing
from lti_alliance.content.interchange.qti2_package import (
    QTI,
    as_bytes,
    new_root,
    stimulus_file,
    write_manifest,
    write_test,
)
from lti_alliance.content.interchange.qti2_reader import STIMULUS
from lti_alliance.content.interchange.texts import to_html, to_inline_html
from lti_alliance.content.interchange.values import Exported, Loss
from lti_alliance.domain.items import (
    Lock,
    MatchingItem,
    MultipleItem,
    NumericItem,
    OrderingItem,
    ShortItem,
    SingleItem,
)
from lti_alliance.domain.kinds.base import digits
from lti_alliance.domain.modules import Module

_TEMPLATES = "http://www.imsglobal.org/question/qti_v2p1/rptemplates/"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def export_qti21(module: Module) -> Exported:
    """Write a package, and say what it does not carry."""
    losses: list[Loss] = []
    pieces = outgoing(module, losses, orders=True, locks=tuple(Lock))
    items = {f"items/{p.item.id}.xml": _item(p, module.sources, losses) for p in pieces}
    shared = {
        piece.stimulus: stimulus_file(to_html(piece.vignette, module.sources))
        for piece in pieces
        if piece.vignette
    }
    files = {**items, **shared}
    files["test.xml"] = write_test(module, {piece.item.id for piece in pieces})
    needs = {f"items/{p.item.id}.xml": p.stimulus for p in pieces if p.vignette}
    files = {"imsmanifest.xml": write_manifest(module, list(files), needs), **files}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for path, content in files.items():
            # A fixed time makes the same module the same package.
            entry = zipfile.ZipInfo(path, date_time=_LONG_AGO)
            package.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return Exported(content=buffer.getvalue(), losses=tuple(losses))


def _item(piece: Outgoing, sources: Mapping[str, str], losses: list[Loss]) -> bytes:
    item = piece.item
    facts = {"identifier": item.id, "title": item.id, "adaptive": "false", "timeDependent": "false"}
    root = new_root("assessmentItem", QTI, facts)
    declaration = etree.SubElement(root, "responseDeclaration", identifier="RESPONSE")
    for name, kind, value in (("SCORE", "float", "0"), ("MAXSCORE", "float", digits(item.points))):
        outcome = etree.SubElement(
            root, "outcomeDeclaration", identifier=name, cardinality="single", baseType=kind
        )
        etree.SubElement(etree.SubElement(outcome, "defaultValue"), "value").text = value
    body = etree.SubElement(root, "itemBody")
    if piece.vignette:
        shown = etree.SubElement(body, "div", {"class": STIMULUS})
        # What reads shared files shows the file; anything else shows the text within.
        place = {"data": f"../{piece.stimulus}", "type": "text/html"}
        _html(shown, "object", to_html(piece.vignette, sources), place)
    _html(body, "div", to_html(piece.stem, sources))
    match item:
        case SingleItem() | MultipleItem():
            _choices(root, body, declaration, item, sources)
        case OrderingItem():
            _entries(root, body, declaration, item, sources, losses)
        case MatchingItem():
            _pairs(root, body, declaration, item, sources, losses)
        case ShortItem():
            _wordings(root, body, declaration, item, losses)
        case NumericItem():
            _numbers(root, body, declaration, item, losses)
    return as_bytes(root)


def _choices(
    root: etree._Element,
    body: etree._Element,
    declaration: etree._Element,
    item: SingleItem | MultipleItem,
    sources: Mapping[str, str],
) -> None:
    is_single = isinstance(item, SingleItem)
    right = [option.id for option in item.options if option.correct]
    _declare(declaration, "single" if is_single else "multiple", "identifier", right)
    share = item.points / len(right)
    values = {o.id: share if o.correct else -share for o in item.options}
    wanted = {k: v for k, v in values.items() if v > 0} if is_single else values
    _map(declaration, wanted, lowest=Decimal(0))
    facts = {"responseIdentifier": "RESPONSE", "shuffle": "true"}
    shown = etree.SubElement(
        body, "choiceInteraction", facts | {"maxChoices": "1" if is_single else "0"}
    )
    if any(option.feedback for option in item.options):
        outcome = etree.Element("outcomeDeclaration", identifier="FEEDBACK")
        outcome.set("cardinality", "single" if is_single else "multiple")
        outcome.set("baseType", "identifier")
        body.addprevious(outcome)
    moving = item.shown_ids[item.unlocked()]
    for option in item.options:
        html = to_inline_html(option.text_markdown, sources)
        choice = _html(shown, "simpleChoice", html, {"identifier": option.id})
        if option.id not in moving:
            choice.set("fixed", "true")
        if option.feedback:
            named = {"outcomeIdentifier": "FEEDBACK", "identifier": option.id, "showHide": "show"}
            said = "<br/><br/>".join(
                to_inline_html(part, sources) for part in option.feedback.split("\n\n")
            )
            _html(choice, "feedbackInline", said, named)
    processing = _process(root, f"{_TEMPLATES}map_response")
    if any(option.feedback for option in item.options):
        processing.attrib.pop("template")
        _set(processing, "SCORE", etree.Element("mapResponse", identifier="RESPONSE"))
        _set(processing, "FEEDBACK", etree.Element("variable", identifier="RESPONSE"))


def _entries(
    root: etree._Element,
    body: etree._Element,
    declaration: etree._Element,
    item: OrderingItem,
    sources: Mapping[str, str],
    losses: list[Loss],
) -> None:
    _declare(declaration, "ordered", "identifier", item.shown_ids)
    shown = etree.SubElement(
        body, "orderInteraction", {"responseIdentifier": "RESPONSE", "shuffle": "true"}
    )
    for entry in item.entries:
        html = to_inline_html(entry.text_markdown, sources)
        _html(shown, "simpleChoice", html, {"identifier": entry.id})
    if any(entry.feedback for entry in item.entries):
        losses.append(Loss(item.id, "why each entry has its place", "entries have no feedback"))
    losses.append(Loss(item.id, "points for orders that are nearly right", "all or nothing"))
    _process(root, f"{_TEMPLATES}match_correct")


def _pairs(
    root: etree._Element,
    body: etree._Element,
    declaration: etree._Element,
    item: MatchingItem,
    sources: Mapping[str, str],
    losses: list[Loss],
) -> None:
    pairs = [f"s-{row.id} t-{row.target}" for row in item.rows]
    _declare(declaration, "multiple", "directedPair", pairs)
    _map(declaration, dict.fromkeys(pairs, item.points / len(pairs)))
    facts = {"responseIdentifier": "RESPONSE", "shuffle": "true"}
    shown = etree.SubElement(
        body, "matchInteraction", facts | {"maxAssociations": str(len(item.rows))}
    )
    rows, targets = (etree.SubElement(shown, "simpleMatchSet") for _ in range(2))
    for row in item.rows:
        named = {"identifier": f"s-{row.id}", "matchMax": "1"}
        html = to_inline_html(row.text_markdown, sources)
        _html(rows, "simpleAssociableChoice", html, named)
    for target in item.targets:
        named = {"identifier": f"t-{target.id}", "matchMax": str(len(item.rows))}
        html = to_inline_html(target.text_markdown, sources)
        _html(targets, "simpleAssociableChoice", html, named)
    if any(row.feedback for row in item.rows):
        losses.append(Loss(item.id, "why each pair belongs together", "pairs have no feedback"))
    _process(root, f"{_TEMPLATES}map_response")


def _wordings(
    root: etree._Element,
    body: etree._Element,
    declaration: etree._Element,
    item: ShortItem,
    losses: list[Loss],
) -> None:
    best = [key.text for key in item.accepted if key.share == 1]
    _declare(declaration, "single", "string", best[:1])
    _map(declaration, {key.text: key.share * item.points for key in item.accepted}, case="false")
    paragraph = etree.SubElement(body, "p")
    etree.SubElement(paragraph, "textEntryInteraction", responseIdentifier="RESPONSE")
    if any(key.feedback for key in item.accepted):
        losses.append(Loss(item.id, "the feedback of its wordings", "it is not written for QTI"))
    _process(root, f"{_TEMPLATES}map_response")


def _numbers(
    root: etree._Element,
    body: etree._Element,
    declaration: etree._Element,
    item: NumericItem,
    losses: list[Loss],
) -> None:
    best = next(key for key in item.accepted if key.share == 1)
    _declare(declaration, "single", "float", [digits(best.middle)])
    paragraph = etree.SubElement(body, "p")
    etree.SubElement(paragraph, "textEntryInteraction", responseIdentifier="RESPONSE")
    if any(key.feedback for key in item.accepted):
        losses.append(Loss(item.id, "the feedback of its numbers", "it is not written for QTI"))
    condition = etree.SubElement(_process(root, ""), "responseCondition")
    for place, key in enumerate(sorted(item.accepted, key=lambda key: -key.share)):
        branch = etree.SubElement(condition, "responseElseIf" if place else "responseIf")
        both = etree.SubElement(branch, "and")
        for name, limit in (("gte", key.low), ("lte", key.high)):
            test = etree.SubElement(both, name)
            etree.SubElement(test, "variable", identifier="RESPONSE")
            etree.SubElement(test, "baseValue", baseType="float").text = digits(limit)
        value = etree.Element("baseValue", baseType="float")
        value.text = digits(key.share * item.points)
        _set(branch, "SCORE", value)


def _declare(element: etree._Element, cardinality: str, kind: str, values: object) -> None:
    element.set("cardinality", cardinality)
    element.set("baseType", kind)
    correct = etree.SubElement(element, "correctResponse")
    for value in values if isinstance(values, (list, tuple)) else ():
        etree.SubElement(correct, "value").text = str(value)


def _map(
    element: etree._Element,
    values: Mapping[str, Decimal],
    *,
    lowest: Decimal | None = None,
    case: str = "",
) -> None:
    mapping = etree.SubElement(element, "mapping", defaultValue="0")
    if lowest is not None:
        mapping.set("lowerBound", digits(lowest))
    for key, value in values.items():
        number = digits(round(value, 5))
        entry = etree.SubElement(mapping, "mapEntry", mapKey=key, mappedValue=number)
        if case:
            entry.set("caseSensitive", case)


def _process(root: etree._Element, template: str) -> etree._Element:
    element = etree.SubElement(root, "responseProcessing")
    if template:
        element.set("template", template)
    return element


def _set(parent: etree._Element, name: str, value: etree._Element) -> None:
    etree.SubElement(parent, "setOutcomeValue", identifier=name).append(value)


def _html(
    parent: etree._Element, name: str, html: str, facts: Mapping[str, str] | None = None
) -> etree._Element:
    """Add an element with a fragment of our own HTML in it."""
    wrapped = etree.HTML(f"<html><body><div>{html}</div></body></html>")
    source = wrapped.find("body/div") if wrapped is not None else None
    element = etree.SubElement(parent, name, dict(facts or {}))
    if source is not None:
        element.text = source.text
        element.extend(list(source))
    for one in element.iter():
        for attribute in set(one.attrib) & {"target", "rel", "role", "tabindex", "scope"}:
            one.attrib.pop(attribute)
    return element
