"""QTI 1.2 as Canvas's classic quizzes export it, https://www.imsglobal.org/question/qtiv1p2/."""

from collections.abc import Mapping
from decimal import Decimal

from lti_alliance.content.interchange.collecting import Answer, Collector, Question, decimal_of
from lti_alliance.content.interchange.safe_xml import Element, children, each, first, text_of
from lti_alliance.content.interchange.texts import from_html, from_plain
from lti_alliance.domain.items import NumericKey

_NOT_HERE = {
    "essay_question": "essays are reflections here",
    "file_upload_question": "there are no uploads",
    "text_only_question": "a text is no question",
    "calculated_question": "there are no formulas",
    "multiple_dropdowns_question": "there are no questions with several gaps",
    "fill_in_multiple_blanks_question": "there are no questions with several gaps",
}


def read_qti1(root: Element, found: Collector) -> None:
    """Read every item of a document."""
    for item in each(root, "item"):
        if found.is_full:
            break
        fields = {
            text_of(first(field, "fieldlabel")).strip(): text_of(first(field, "fieldentry")).strip()
            for field in each(item, "qtimetadatafield")
        }
        name = (item.get("title") or item.get("ident") or "").strip()
        kind = fields.get("question_type") or _guess(item)
        presentation = first(item, "presentation")
        if kind in _NOT_HERE or presentation is None:
            found.lose(name, "the whole question", _NOT_HERE.get(kind, "it shows nothing"))
            continue
        points = decimal_of(fields.get("points_possible", "1"), Decimal(1)) or Decimal(1)
        stem = _material(_stem_of(presentation), name, found)
        _read(kind, item, Question(name, stem, points=points), found)


def _read(kind: str, item: Element, question: Question, found: Collector) -> None:
    feedback = {
        part.get("ident") or "": _material(first(part, "material"), question.name, found)
        for part in each(item, "itemfeedback")
    }
    for ident in ("general_fb", "correct_fb", "general_incorrect_fb"):
        if feedback.get(ident, "").strip():
            found.lose(question.name, "its general feedback", "feedback belongs to an answer")
    match kind:
        case "multiple_choice_question" | "true_false_question":
            found.choose(question, _options(item, question, feedback, found), single=True)
        case "multiple_answers_question":
            found.choose(question, _options(item, question, feedback, found), single=False)
        case "short_answer_question":
            values = [text_of(value).strip() for value in _right_values(item)]
            said = _linked(item, feedback)
            found.write(question, [Answer(v, Decimal(1), said.get(v, "")) for v in values])
        case "numerical_question":
            found.count(question, _numbers(item, feedback))
        case "matching_question":
            _match(item, question, found)
        case _:
            found.lose(question.name, "the whole question", "there is no kind like it")


def _guess(item: Element) -> str:
    lid, text = first(item, "response_lid"), first(item, "response_str", "response_num")
    if lid is not None:
        several = (lid.get("rcardinality") or "").lower() == "multiple"
        return "multiple_answers_question" if several else "multiple_choice_question"
    return "short_answer_question" if text is not None else "essay_question"


def _stem_of(presentation: Element) -> Element | None:
    for element in presentation.iter():
        if element is presentation:
            continue
        name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        if name == "material":
            return element
        if name.startswith("response_"):
            return None
    return None


def _material(material: Element | None, name: str, found: Collector) -> str:
    texts = []
    for part in each(material, "mattext", "matimage") if material is not None else ():
        if part.tag.endswith("matimage"):
            found.lose(name, "an image", "modules hold text only")
        elif (part.get("texttype") or "text/plain").lower() == "text/html":
            tell = lambda what: found.lose(name, what, "modules hold text only")  # noqa: E731
            texts.append(from_html(text_of(part), tell=tell))
        else:
            texts.append(from_plain(text_of(part)))
    return "\n\n".join(text for text in texts if text)


def _options(
    item: Element, question: Question, feedback: Mapping[str, str], found: Collector
) -> list[Answer]:
    right = {text_of(value).strip() for value in _right_values(item)}
    said = _linked(item, feedback)
    answers = []
    for label in each(item, "response_label"):
        ident = label.get("ident") or ""
        text = _material(first(label, "material"), question.name, found)
        told = said.get(ident) or feedback.get(f"{ident}_fb", "")
        answers.append(Answer(text, Decimal(ident in right), told))
    return answers


def _right_values(item: Element) -> list[Element]:
    """Return the values of the conditions that earn points, without those that are negated."""
    values = []
    for condition in each(item, "respcondition"):
        scores = [decimal_of(text_of(score)) for score in each(condition, "setvar")]
        if any(score is not None and score > 0 for score in scores):
            negated = {v for one in each(condition, "not") for v in each(one, "varequal")}
            values += [value for value in each(condition, "varequal") if value not in negated]
    return values


def _linked(item: Element, feedback: Mapping[str, str]) -> dict[str, str]:
    """Find the feedback that a condition on one value shows."""
    found = {}
    for condition in each(item, "respcondition"):
        values = [text_of(value).strip() for value in each(condition, "varequal")]
        shown = first(condition, "displayfeedback")
        if shown is not None and len(values) == 1:
            found[values[0]] = feedback.get(shown.get("linkrefid") or "", "")
    return found


def _numbers(item: Element, feedback: Mapping[str, str]) -> list[NumericKey]:
    keys = []
    for condition in each(item, "respcondition"):
        scores = [decimal_of(text_of(score)) for score in each(condition, "setvar")]
        if not any(score is not None and score > 0 for score in scores):
            continue
        shown = first(condition, "displayfeedback")
        said = feedback.get(shown.get("linkrefid") or "", "") if shown is not None else ""
        low = decimal_of(text_of(first(condition, "vargte", "vargt")))
        high = decimal_of(text_of(first(condition, "varlte", "varlt")))
        exact = decimal_of(text_of(first(condition, "varequal")))
        if low is not None and high is not None:
            keys.append(NumericKey(low=low, high=high, feedback=said))
        elif exact is not None:
            keys.append(NumericKey(low=exact, high=exact, feedback=said))
    return keys


def _match(item: Element, question: Question, found: Collector) -> None:
    right = {value.get("respident"): text_of(value).strip() for value in _right_values(item)}
    pairs, used = [], set()
    texts: dict[str, str] = {}
    for lid in each(item, "response_lid"):
        for label in each(lid, "response_label"):
            said = _material(first(label, "material"), question.name, found)
            texts.setdefault(label.get("ident") or "", said)
        answer = right.get(lid.get("ident"), "")
        used.add(answer)
        first_material = children(lid, "material")
        statement = _material(first_material[0] if first_material else None, question.name, found)
        pairs.append((statement, texts.get(answer, ""), ""))
    pairs += [("", text, "") for ident, text in texts.items() if ident not in used]
    found.match(question, pairs)
