"""Items as GIFT, https://docs.moodle.org/en/GIFT_format."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from lti_alliance.content.interchange.plainer import Outgoing, outgoing
from lti_alliance.content.interchange.texts import to_html, to_inline_html, to_plain
from lti_alliance.content.interchange.values import Exported, Loss
from lti_alliance.domain.items import MatchingItem, MultipleItem, NumericItem, ShortItem, SingleItem
from lti_alliance.domain.kinds.base import digits
from lti_alliance.domain.modules import Module

_ESCAPES = str.maketrans({mark: f"\\{mark}" for mark in "~=#{}:\\"} | {"\n": "\\n"})

_ARROW = "->"


def export_gift(module: Module) -> Exported:
    """Write a file of questions, and say what it does not carry."""
    losses: list[Loss] = []
    pieces = outgoing(module, losses)
    if module.quiz.pools:
        losses.append(Loss("the quiz", "its pools", "the format carries questions only"))
    blocks = [f"// {module.title}, version {module.version}"]
    for piece in pieces:
        if isinstance(piece.item, ShortItem) and any(_ARROW in k.text for k in piece.item.accepted):
            # Nothing escapes an arrow, and an answer with one would be a pair.
            losses.append(
                Loss(piece.item.id, "the whole item", "an arrow stands for pairs in GIFT")
            )
            continue
        if piece.item.points != 1:
            losses.append(Loss(piece.item.id, "its points", "every question is worth 1 in GIFT"))
        blocks.append("\n".join(_question(piece, module.sources, losses)))
    return Exported(content=("\n\n".join(blocks) + "\n").encode(), losses=tuple(losses))


def _question(piece: Outgoing, sources: Mapping[str, str], losses: list[Loss]) -> Iterator[str]:
    item = piece.item
    text = "\n\n".join(part for part in (piece.vignette, piece.stem) if part)
    if piece.vignette:
        losses.append(Loss(item.id, "that its case is shared", "the vignette is in its text"))
    opening = "{#" if isinstance(item, NumericItem) else "{"
    yield f"::{_safe(item.id)}::[html]{_safe(to_html(text, sources))}{opening}"
    match item:
        case SingleItem() | MultipleItem():
            right = sum(option.correct for option in item.options)
            for option in item.options:
                share = Decimal(100) / right * (1 if option.correct else -1)
                mark = f"~%{round(share, 5)}%"
                if isinstance(item, SingleItem):
                    mark = "=" if option.correct else "~"
                html = _safe(to_inline_html(option.text_markdown, sources))
                yield f"  {mark}{html}{_feedback(option.feedback, sources)}"
        case ShortItem():
            for key in item.accepted:
                wording = _safe(key.text.replace("*", r"\*"))
                yield f"  ={_weight(key.share)}{wording}{_feedback(key.feedback, sources)}"
        case NumericItem():
            for number in item.accepted:
                limits = f"{digits(number.low)}..{digits(number.high)}"
                yield f"  ={_weight(number.share)}{limits}{_feedback(number.feedback, sources)}"
        case MatchingItem():
            yield from _pairs(item, sources, losses)
    yield "}"


def _pairs(item: MatchingItem, sources: Mapping[str, str], losses: list[Loss]) -> Iterator[str]:
    targets = {
        target.id: _safe(to_plain(to_inline_html(target.text_markdown, sources)))
        for target in item.targets
    }
    if any(row.feedback for row in item.rows):
        losses.append(Loss(item.id, "why each pair belongs together", "pairs have no feedback"))
    for row in item.rows:
        yield f"  ={_safe(to_inline_html(row.text_markdown, sources))} -> {targets[row.target]}"
    for target in item.targets:
        if target.id not in {row.target for row in item.rows}:
            yield f"  = -> {targets[target.id]}"


def _weight(share: Decimal) -> str:
    return "" if share == 1 else f"%{digits(share * 100)}%"


def _feedback(text: str, sources: Mapping[str, str]) -> str:
    return f"#[html]{_safe(to_html(text, sources))}" if text.strip() else ""


def _safe(text: str) -> str:
    return text.translate(_ESCAPES)
