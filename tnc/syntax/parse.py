"""From text to tree. The text may be wrong in any way; the tree is what could be read of it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tnc.diagnostics import Edit, Help, Report, Source, Span
from tnc.syntax import tree
from tnc.syntax.build import NEWEST_EDITION, Builder
from tnc.syntax.build_einsum import EinsumBuilder
from tnc.syntax.build_expression import ExpressionBuilder
from tnc.syntax.grammar import DOC, END
from tnc.syntax.lexing import Lexed, lex, lex_einsum, span_of
from tnc.syntax.machine import Branch, Machine, straight
from tnc.syntax.recover import (
    NESTED_AT_MOST,
    STACKED_AT_MOST,
    Lost,
    Parsed,
    Recovery,
    report_nesting,
)
from tnc.syntax.token import Token
from tnc.syntax.wording import expected, found


def parse(source: Source, report: Report) -> tree.File:
    """The tree of a `.tnn` text. Statements that cannot be read are left out of it.

    Nesting is at most 200 levels deep, so that passes may recurse (but see `tree.chain`).

    Errors: E0001 to E0007, W0001 and W0002, in `report`; none is raised.
    """
    return read(source, report)[0]


def read(source: Source, report: Report) -> tuple[tree.File, tuple[Token, ...]]:
    """The same, with the tokens of the text, the end of it the last."""
    lexed = lex(source, report)
    parsed = _without_mistakes(lexed, source) or Recovery(lexed, source, report).parsed()
    file: tree.File = Builder(source, report).transform(parsed.tree)
    if lexed.tokens[0].type != "TNN":
        _report_no_edition(source, report)
    stray = (tree.Comment(span_of(each, source), each.rstrip("\r")) for each in parsed.stray)
    comments = sorted([*lexed.comments, *stray], key=lambda each: each.span.start)
    return replace(_pruned(file, parsed, report), comments=tuple(comments)), lexed.tokens


def _without_mistakes(lexed: Lexed, source: Source) -> Parsed | None:
    """What most texts are; None where `Recovery` has to look. Documentation beside a statement is
    one mistake that the grammar does not see."""
    docs = [k for k, token in enumerate(lexed.tokens) if token.type == DOC]
    for before, token in ((lexed.tokens[k - 1], lexed.tokens[k]) for k in docs if k > 0):
        if "\n" not in source.text[before.start : token.start]:
            return None
    root = straight(lexed.tokens, "file", STACKED_AT_MOST)
    return None if root is None else Parsed(root, (), ())


def parse_expression(source: Source, report: Report) -> tree.Expr | None:
    """The tree of one expression, such as a value of `--set`; None if it cannot be read."""
    parsed = _strict(lex(source, report).tokens, "expression", source, report)
    if parsed is None:
        return None
    expression: tree.Expr = ExpressionBuilder(source, report).transform(parsed)
    return expression if _is_shallow(expression, report) else None


def parse_einsum(source: Source, report: Report) -> tree.Einsum:
    """The tree of an equation of `tnc.einsum`; without operands if it cannot be read.

    `ab,bc->ac` without white space, or with letters alone, has a mode per letter; otherwise white
    space separates modes, which may be words.
    """
    parsed = _strict(lex_einsum(source, report), "einsum", source, report)
    if parsed is None:
        return tree.Einsum(source.everything(), (), (), ())
    einsum: tree.Einsum = EinsumBuilder(source, report).transform(parsed)
    return einsum


def _strict(tokens: Sequence[Token], start: str, source: Source, report: Report) -> Branch | None:
    """Parse without recovery: a short text has one mistake at a time."""
    machine = Machine(start)
    for token in tokens:
        if not machine.fits(token.type):
            wanted = expected(machine.expected())
            report.error("E0002", f"unexpected {found(token)}, expected {wanted}",
                         span_of(token, source), "not expected here")  # fmt: skip
            return None
        if token.type == END:
            return machine.finish()
        if machine.size > STACKED_AT_MOST:
            report_nesting(report, span_of(token, source), span_of(token, source))
            return None
        machine.feed(token)
    raise AssertionError("the tokens of a text end with END")


def _report_no_edition(source: Source, report: Report) -> None:
    span = Span(source, source.starts[0], source.starts[0])
    line = f"tnn {NEWEST_EDITION}"
    report.warning("W0001", "the text does not say its edition", span,
                   f"edition {NEWEST_EDITION} is assumed",
                   help=[Help(f"begin with `{line}`", (Edit(span, f"{line}\n"),))])  # fmt: skip


# ---------------------------------------------------------------- what is left out


def _pruned(file: tree.File, parsed: Parsed, report: Report) -> tree.File:
    """The file without what is nested too deeply, and with notes of what was lost."""
    poisoned = set[str]()
    items = tuple(_shallow_items(file, parsed, report, poisoned))
    layers = [each for each in items if isinstance(each, tree.Layer)]
    for lost in parsed.lost:
        if not any(_within(lost, layer) for layer in layers):
            poisoned |= lost.names
    return replace(file, items=items, poisoned=frozenset(poisoned))


def _shallow_items(
    file: tree.File, parsed: Parsed, report: Report, poisoned: set[str]
) -> Iterator[tree.Item]:
    for item in file.items:
        if isinstance(item, tree.Layer):
            names = set[str]()
            body = tuple(each for each in item.body if _keep(each, report, names))
            lost = [each for each in parsed.lost if _within(each, item)]
            names.update(*(each.names for each in lost))
            incomplete = bool(lost) or len(body) < len(item.body)
            params = [_keep(each, report, poisoned) for each in item.params]
            if all(params):
                yield replace(item, body=body, incomplete=incomplete, poisoned=frozenset(names))
        elif _keep(item, report, poisoned):
            yield item


def _within(lost: Lost, layer: tree.Layer) -> bool:
    return layer.span.start <= lost.start < layer.span.end


def _keep(node: tree.Node, report: Report, poisoned: set[str]) -> bool:
    if _is_shallow(node, report):
        return True
    poisoned.update(each.text for each in tree.walk(node) if isinstance(each, tree.Name))
    return False


def _is_shallow(node: tree.Node, report: Report) -> bool:
    """Whether no node lies more than NESTED_AT_MOST levels below; if not, report the first."""
    if node.span.end - node.span.start <= NESTED_AT_MOST:
        return True  # each level takes a character
    pending = [(node, 0)]
    while pending:
        each, depth = pending.pop()
        if depth > NESTED_AT_MOST:
            report_nesting(report, each.span, node.span)
            return False
        pending += (
            (child, depth + (not _same_chain(each, child))) for child in tree.children(each)
        )
    return True


def _same_chain(node: tree.Node, child: tree.Node) -> bool:
    """`a * b` in `a * b * c`: see `tree.chain`."""
    return (
        isinstance(node, tree.Binary)
        and isinstance(child, tree.Binary)
        and child is node.left
        and child.op == node.op
    )
