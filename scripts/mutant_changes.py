"""Make mutants: copies of a module that differ from it by one small change.

Most changes are mutmut's own operators, over the whole file: mutmut itself changes only bodies of
functions without decorators, so it would leave out every table and every property. Further
operators are for what decides here: members of enumerations, entries of tables, checks that are
calls or ``raise`` statements, and conditions.

Left alone is what no behaviour depends on: docstrings, annotations and names for types, decorators,
imports, ``__all__``, ``assert`` statements (they tell mypy what a type cannot), and, as in mutmut,
calls of ``len`` and ``isinstance``.
"""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import libcst as cst
from mutmut.mutation.mutators import mutation_operators, operator_string

Change = tuple[cst.CSTNode, cst.CSTNode]
Operator = tuple[type[cst.CSTNode], Callable[[Any], Iterable[cst.CSTNode]]]
LEFT_ALONE = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom, cst.Assert)
NEVER_CALLED_OTHERWISE = ("len", "isinstance")


def one_less(node: cst.Integer | cst.Float) -> Iterator[cst.CSTNode]:
    """Move a limit to its other side; mutmut's own operator adds one."""
    if node.evaluated_value >= 1:
        yield node.with_changes(value=repr(node.evaluated_value - 1))


def text_of_f_string(node: cst.FormattedStringText) -> Iterator[cst.CSTNode]:
    """Change the plain parts of an f-string."""
    yield node.with_changes(value=f"XX{node.value}")


def other_string(node: cst.BaseString) -> Iterator[cst.CSTNode]:
    """Change a string once; mutmut has two more, in small letters and in capitals."""
    yield from list(operator_string(node))[:1]


def without_an_entry(node: Any) -> Iterator[cst.CSTNode]:
    """Take one of its entries out of a table."""
    for place in range(len(node.elements)):
        left = [*node.elements[:place], *node.elements[place + 1 :]]
        if isinstance(node, cst.Set) and not left:
            continue
        if isinstance(node, cst.Tuple):
            if not left and not node.lpar:
                continue
            if len(left) == 1:
                left = [left[0].with_changes(comma=cst.Comma())]
        yield node.with_changes(elements=left)


def without_a_step(node: cst.SimpleStatementLine) -> Iterator[cst.CSTNode]:
    """Leave out a call or a ``raise``."""
    match node.body:
        case [cst.Expr(value=cst.Call()) | cst.Raise()]:
            yield node.with_changes(body=[cst.Pass()])


def other_way_round(node: Any) -> Iterator[cst.CSTNode]:
    """Let a condition hold when it did not."""
    test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield node.with_changes(test=cst.UnaryOperation(operator=cst.Not(), expression=test))


def other_guard(node: cst.MatchCase) -> Iterator[cst.CSTNode]:
    """Let the guard of a ``case`` hold when it did not."""
    if node.guard:
        test = node.guard.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(guard=cst.UnaryOperation(operator=cst.Not(), expression=test))


OURS: tuple[Operator, ...] = (
    (cst.Integer, one_less),
    (cst.Float, one_less),
    (cst.FormattedStringText, text_of_f_string),
    (cst.BaseString, other_string),
    (cst.Dict, without_an_entry),
    (cst.Set, without_an_entry),
    (cst.List, without_an_entry),
    (cst.Tuple, without_an_entry),
    (cst.SimpleStatementLine, without_a_step),
    (cst.If, other_way_round),
    (cst.While, other_way_round),
    (cst.CompIf, other_way_round),
    (cst.MatchCase, other_guard),
)
OPERATORS: tuple[Operator, ...] = (
    *((kind, change) for kind, change in mutation_operators if change is not operator_string),
    *OURS,
)


class _Members(cst.CSTVisitor):
    """Which members of enumerations a module speaks of, in the order in which it does."""

    def __init__(self) -> None:
        self.names: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def visit_Attribute(  # noqa: N802 -- LibCST's name
        self, node: cst.Attribute
    ) -> None:
        if member := _member(node):
            enumeration, name = member
            self.names[enumeration][name] = None


class _Changes(cst.CSTVisitor):
    """Collects the changes of a module, without what is left alone."""

    def __init__(self, members: dict[str, list[str]]) -> None:
        self.members = members
        self.found: list[Change] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _is_left_alone(node):
            return False
        for kind, change in OPERATORS:
            if isinstance(node, kind):
                self.found += [(node, changed) for changed in change(node)]
        if isinstance(node, cst.Attribute) and (member := _member(node)):
            enumeration, name = member
            known = self.members[enumeration]
            other = known[(known.index(name) + 1) % len(known)]
            self.found.append((node, node.with_changes(attr=cst.Name(other))))
        return True


def _member(node: cst.Attribute) -> tuple[str, str] | None:
    """Return the enumeration and the member, if a name looks like one: ``Role.LEARNER``."""
    match node:
        case cst.Attribute(value=cst.Name(value=enumeration), attr=cst.Name(value=name)):
            if enumeration[0].isupper() and name.isupper():
                return enumeration, name
    return None


def _is_left_alone(node: cst.CSTNode) -> bool:
    match node:
        case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()):
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value):
            is_type = isinstance(value, cst.Subscript) and name[0].isupper()
            return is_type or name == "__all__"
        case cst.Call(func=cst.Name(value=name)):
            return name in NEVER_CALLED_OTHERWISE
    return isinstance(node, (*LEFT_ALONE, cst.AssignTarget))


def mutants_of(source: str) -> list[str]:
    """Return the mutants of a module: each compiles, and none is like another or the module."""
    module = cst.parse_module(source)
    members = _Members()
    module.visit(members)
    changes = _Changes({name: list(found) for name, found in members.names.items()})
    module.visit(changes)
    seen = {ast.dump(ast.parse(source))}
    mutants = []
    for old, new in changes.found:
        code = _changed(module, old, new)
        tree = _tree(code)
        if tree is None or tree in seen:
            continue
        seen.add(tree)
        mutants.append(code)
    return mutants


def _changed(module: cst.Module, old: cst.CSTNode, new: cst.CSTNode) -> str:
    changed = module.deep_replace(old, new)
    assert isinstance(changed, cst.Module)
    return changed.code


def _tree(code: str) -> str | None:
    try:
        return ast.dump(ast.parse(code))
    except SyntaxError:
        return None
