"""Items gathered while a file is read, each held to what a module can keep."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from string import ascii_lowercase
from typing import TypedDict

from lti_alliance.content.front_matter import IDENTIFIER, MAX_IDENTIFIER_LENGTH
from lti_alliance.content.interchange.values import Imported, Loss
from lti_alliance.content.line_blocks import MAX_ENTRIES, MAX_LINES
from lti_alliance.content.option_list import MAX_OPTIONS
from lti_alliance.content.quiz_blocks import MAX_ITEMS
from lti_alliance.content.reflection_blocks import slug
from lti_alliance.domain.items import (
    MAX_TEXT_LENGTH,
    Entry,
    Item,
    Lock,
    MatchingItem,
    MatchRow,
    MultipleItem,
    NumericItem,
    NumericKey,
    Option,
    OrderingItem,
    ShortItem,
    ShortKey,
    SingleItem,
    Target,
)
from lti_alliance.domain.modules import Case
from lti_alliance.domain.wordings import matches, normalise

MAX_KEYS = 100
"""How many wordings or numbers of a question are read."""
MAX_LOSSES = 2_000
"""How much may be lost before the rest of a file is left alone."""

_WILD = re.compile(r"(?<!\\)\*")


@dataclass(frozen=True, slots=True)
class Question:
    """What every question of a file has."""

    name: str
    stem: str
    points: Decimal = Decimal(1)
    case: str | None = None
    lock: Lock = Lock.NONE


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a question, with the share of the points that it earns."""

    text: str
    share: Decimal
    feedback: str = ""


class _Members(TypedDict):
    id: str
    stem: str
    points: Decimal
    case: str | None
    lock: Lock


class Collector:
    """The items so far, and what was lost on the way."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.cases: list[Case] = []
        self.losses: list[Loss] = []
        self._ids: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Whether reading on would only cost time."""
        return len(self.items) > MAX_ITEMS or len(self.losses) > MAX_LOSSES

    def lose(self, where: str, what: str, why: str) -> None:
        """Note something that did not come through."""
        self.losses.append(Loss(where[:80] or f"question {len(self.items) + 1}", what, why))

    def imported(self, form: str) -> Imported:
        """Return everything that was gathered."""
        if self.is_full:
            self.lose("the file", f"all beyond {MAX_ITEMS} items", "a quiz holds no more")
        return Imported(
            items=tuple(self.items[:MAX_ITEMS]),
            cases=tuple(self.cases),
            losses=tuple(dict.fromkeys(self.losses)),
            format=form,
        )

    def choose(self, question: Question, answers: Sequence[Answer], *, single: bool) -> None:
        """Add a question with options."""
        told = self._told_apart(question, answers, most=MAX_OPTIONS)
        right = [answer for answer in told if answer.share > 0]
        if single and len(right) > 1:
            best = max(right, key=lambda answer: answer.share)
            why = "one option of a question with one answer is right"
            self.lose(question.name, "points for options that are partly right", why)
            right = [best]
        elif len({answer.share for answer in right}) > 1:
            why = "every right option of a question earns the same"
            self.lose(question.name, "that some right options earn more than others", why)
        if len(told) < 2 or not right or (not single and len(right) == len(told)):
            self._leave_out(question, "it needs at least two options, a right one and a wrong one")
            return
        options = tuple(
            Option(letter, answer.text, correct=answer in right, feedback=answer.feedback)
            for letter, answer in zip(ascii_lowercase, told, strict=False)
        )
        members = self._members(question)
        self.items.append(
            SingleItem(**members, options=options)
            if single
            else MultipleItem(**members, options=options)
        )

    def write(self, question: Question, answers: Sequence[Answer]) -> None:
        """Add a question that is answered in words."""
        keys: list[ShortKey] = []
        if len(answers) > MAX_KEYS:
            self.lose(question.name, f"answers after the first {MAX_KEYS}", "an item holds no more")
        for answer in answers[:MAX_KEYS]:
            text = " ".join(answer.text.split())
            share = self._share(question, answer.share)
            if not normalise(text) or len(text) > MAX_TEXT_LENGTH or not share:
                self.lose(question.name, "a wording that earns nothing", "there is no place for it")
            elif any(key.share != share and matches(key.text, text) for key in keys):
                why = "case and the like never matter: another wording stands for it"
                self.lose(question.name, "a wording with points of its own", why)
            else:
                keys.append(ShortKey(text, share, answer.feedback))
        if not any(key.share == 1 for key in keys):
            self._leave_out(question, "no wording earns all points")
            return
        self.items.append(ShortItem(**self._members(question), accepted=tuple(keys)))

    def write_wild(self, question: Question, answers: Sequence[Answer]) -> None:
        """Add a question in words, of which those with an asterisk stand for any text."""
        plain = [answer for answer in answers if not _WILD.search(answer.text)]
        if len(plain) < len(answers):
            self.lose(question.name, "a wording with an asterisk for any text", "there is no place")
        self.write(
            question,
            [replace(answer, text=answer.text.replace(r"\*", "*")) for answer in plain],
        )

    def count(self, question: Question, keys: Sequence[NumericKey]) -> None:
        """Add a question that is answered with a number."""
        keys = [
            NumericKey(
                low=key.low,
                high=key.high,
                share=self._share(question, key.share),
                feedback=key.feedback,
            )
            for key in keys[:MAX_KEYS]
            if key.low <= key.high
        ]
        if not any(key.share == 1 for key in keys):
            self._leave_out(question, "no number earns all points")
            return
        self.items.append(NumericItem(**self._members(question), accepted=tuple(keys)))

    def match(self, question: Question, pairs: Sequence[tuple[str, str, str]]) -> None:
        """Add a question of pairs: statement, what it belongs to, why; no statement, no pair."""
        targets: dict[str, Target] = {}
        rows: list[MatchRow] = []
        seen: set[str] = set()
        for statement, belongs, why in pairs[:MAX_LINES]:
            statement, belongs = " ".join(statement.split()), " ".join(belongs.split())
            if not belongs or statement.casefold() in seen - {""}:
                self.lose(question.name, "a pair without an answer, or there twice", "no place")
                continue
            seen.add(statement.casefold())
            letter = ascii_lowercase[len(targets)]
            target = targets.setdefault(belongs.casefold(), Target(letter, belongs))
            if statement:
                row = MatchRow(
                    id=ascii_lowercase[len(rows)],
                    text_markdown=statement,
                    target=target.id,
                    feedback=" ".join(why.split()),
                )
                rows.append(row)
        if len(pairs) > MAX_LINES:
            self.lose(question.name, f"pairs after the first {MAX_LINES}", "an item holds no more")
        if len(rows) < 2 or len(targets) < 2 or len(rows) + len(targets) < 5:
            self._leave_out(question, "it leaves too little to choose")
            return
        members = self._members(question)
        self.items.append(
            MatchingItem(**members, rows=tuple(rows), targets=tuple(targets.values()))
        )

    def order(self, question: Question, texts: Sequence[str]) -> None:
        """Add a question whose entries stand in the right order."""
        answers = self._told_apart(
            question, [Answer(text, Decimal(1)) for text in texts], most=MAX_ENTRIES
        )
        if len(answers) < 3:
            self._leave_out(question, "it has fewer than three entries")
            return
        entries = tuple(
            Entry(letter, answer.text)
            for letter, answer in zip(ascii_lowercase, answers, strict=False)
        )
        self.items.append(OrderingItem(**self._members(question), entries=entries))

    def _told_apart(
        self, question: Question, answers: Sequence[Answer], *, most: int
    ) -> list[Answer]:
        found: dict[str, Answer] = {}
        for answer in answers:
            plain = " ".join(answer.text.casefold().split())
            if not plain or plain in found:
                self.lose(question.name, "an option without text, or there twice", "no place")
            found.setdefault(plain, answer)
        found.pop("", None)
        if len(found) > most:
            self.lose(question.name, f"options after the first {most}", "an item holds no more")
        return list(found.values())[:most]

    def _share(self, question: Question, share: Decimal) -> Decimal:
        percent = max(Decimal(0), min(share, Decimal(1))) * 100
        whole = percent.to_integral_value()
        if whole != percent:
            self.lose(question.name, "a part of the points", "rounded to a whole percent")
        return whole / 100

    def _leave_out(self, question: Question, why: str) -> None:
        self.lose(question.name, "the whole question", why)

    def _members(self, question: Question) -> _Members:
        points = question.points.quantize(Decimal("0.01")) if question.points < 1000 else Decimal(0)
        if not 0 < points <= 100:
            self.lose(question.name, "its points", "points are above 0 and up to 100; 1 was taken")
            points = Decimal(1)
        stem = question.stem
        if not stem.strip():
            self.lose(question.name, "its text", "it has none; its name was taken")
            stem = question.name or "…"
        return _Members(
            id=self._new_id(question.name),
            stem=stem,
            points=points,
            case=question.case,
            lock=question.lock,
        )

    def _new_id(self, name: str) -> str:
        plain = name if IDENTIFIER.fullmatch(name) else slug(name)
        if plain == "untitled" or len(plain) > MAX_IDENTIFIER_LENGTH - 4:
            plain = f"q-{len(self.items) + 1:02}"
        item_id, number = plain, 2
        while item_id in self._ids:
            item_id, number = f"{plain}-{number}", number + 1
        self._ids.add(item_id)
        return item_id


def decimal_of(text: str, default: Decimal | None = None) -> Decimal | None:
    """Read a number of moderate size; the default for anything else."""
    try:
        number = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return default
    return number if number.is_finite() and abs(number.adjusted()) < 16 else default
