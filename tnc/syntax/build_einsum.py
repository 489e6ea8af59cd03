"""From the parse tree to the syntax tree: the equations of `tnc.einsum`."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from tnc.diagnostics import Span
from tnc.syntax import tree
from tnc.syntax.build_expression import Children, ExpressionBuilder
from tnc.syntax.lexing import span_of
from tnc.syntax.machine import Branch
from tnc.syntax.token import Token

Axis = tree.Name | tree.Ellipsis
Term = tuple[Axis, ...]

_LETTERS = re.compile(r"(?:[^\W\d_]'*)+")
_LETTER = re.compile(r"[^\W\d_]'*")


class EinsumBuilder(ExpressionBuilder):
    """Makes an `Einsum`."""

    def einsum(self, branch: Branch, children: Children) -> tree.Einsum:
        *operands, result, relations = children
        terms = [*operands, *([result] if result is not None else [])]
        if _is_terse(terms, relations or ()):
            terms = [_letters(each) for each in terms]
        inputs = tuple(terms[: len(operands)])
        output = terms[-1] if result is not None else _implied(inputs)
        if result is None and relations:
            self._report.error("E0002", "unexpected `|`, expected `->`", relations[0].span,
                               "with relations the result must be written")  # fmt: skip
        return tree.Einsum(self._source.everything(), inputs, output, relations or ())

    def subscripts(self, branch: Branch, children: Children) -> Term:
        return tuple(children)

    def clauses(self, branch: Branch, children: Children) -> tuple[tree.Conv, ...]:
        """Relations up to and with their options make one group."""
        groups: list[tuple[list[tree.Relation], list[tree.Argument]]] = []
        for each in children:
            if isinstance(each, tree.Argument):
                groups[-1][1].append(each)
            elif groups and not groups[-1][1]:
                groups[-1][0].append(each)
            else:
                groups.append(([each], []))
        return tuple(_conv(relations, options) for relations, options in groups)

    def clause_relation(self, branch: Branch, children: Children) -> tree.Relation:
        result, signal, *taps = (self._ref(each) for each in children)
        return tree.Relation(self._span(branch), result, None, signal, tuple(taps))

    def _ref(self, token: Token) -> tree.Ref:
        return tree.Ref(span_of(token, self._source), self._name(token), ())

    def clause_option(self, branch: Branch, children: Children) -> tree.Argument:
        name, value = children
        return tree.Argument(self._span(branch), self._name(name), value)

    def option_name(self, branch: Branch, children: Children) -> tree.Name | tree.Bool:
        name = self._name(children[0])
        is_truth = name.text in {"true", "false"}
        return tree.Bool(name.span, name.text == "true") if is_truth else name

    def group_option(self, branch: Branch, children: Children) -> tree.Group:
        return tree.Group(self._span(branch), tuple(each for each in children if each is not None))


def _conv(relations: list[tree.Relation], options: list[tree.Argument]) -> tree.Conv:
    span = relations[0].span.to((options or relations)[-1].span)
    return tree.Conv(span, tuple(options), tuple(relations))


def _is_terse(terms: Iterable[Term], relations: Iterable[tree.Conv]) -> bool:
    """Whether each letter is a mode, as in `ab,bc->ac`.

    So it is if no operand holds white space, all names are letters (a prime belongs to the letter
    before it), and no relation speaks of a longer name.
    """
    names = [axis for term in terms for axis in term if isinstance(axis, tree.Name)]
    refs = [ref for conv in relations for each in conv.relations
            for ref in (each.result, each.signal, *each.taps)]  # fmt: skip
    return (
        all(_adjacent(term) for term in terms)
        and all(_LETTERS.fullmatch(name.text) for name in names)
        and all(_LETTER.fullmatch(ref.name.text) for ref in refs)
    )


def _adjacent(term: Term) -> bool:
    return all(one.span.end == other.span.start for one, other in pairwise(term))


def _letters(term: Term) -> Term:
    return tuple(letter for axis in term for letter in _split(axis))


def _split(axis: Axis) -> Iterator[Axis]:
    if isinstance(axis, tree.Ellipsis):
        yield axis
        return
    for found in _LETTER.finditer(axis.text):
        start = axis.span.start + found.start()
        yield tree.Name(Span(axis.span.source, start, start + len(found[0])), found[0])


def _implied(operands: Iterable[Term]) -> Term:
    """The result that numpy means where none is written: what occurs once, sorted."""
    axes = [axis for term in operands for axis in term]
    leading = [axis for axis in axes if isinstance(axis, tree.Ellipsis)][:1]
    names = [axis for axis in axes if isinstance(axis, tree.Name)]
    times = Counter(name.text for name in names)
    once = sorted((name for name in names if times[name.text] == 1), key=lambda name: name.text)
    return (*leading, *once)
