"""The one table of words: keywords and built-in names with a line about each.

The names are those of the grammar and of the elaborator; here each of them is put into a group, and
described. Highlighting, completion and hover are made from this table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache

from tnc.elaborate.words import OPTIONS, built_in
from tnc.record import record
from tnc.syntax.grammar import KEYWORDS


class Group(Enum):
    """What a word is. Keywords are reserved everywhere, all others have their meaning in places."""

    STATEMENT = "statement"
    CONTROL = "control"
    OPERATOR = "operator"
    CONSTANT = "constant"
    TYPE = "type"
    OPTION = "option"
    PAD = "pad"
    BORDER = "border"
    INIT = "init"
    KIND = "kind"
    TENSOR_FUNCTION = "function of tensors"
    FUNCTION = "function of values"
    QUESTION = "question of a test"


@record
class Word:
    """A word of the language, and what it means in a line."""

    text: str
    group: Group
    doc: str


WITH_OPTIONS = ("buffer", "conv", "extern", "weight")
"""The statements that have options in parentheses."""

_KEYWORDS: Mapping[Group, Mapping[str, str]] = {
    Group.STATEMENT: {
        "tnn": "`tnn 1`: the edition of the language, on the first line",
        "import": "`import .zoo.tt as tt`: another file, whose layers are `tt.Linear`, …",
        "from": "`from std.nn import relu, Linear`: names of another file",
        "as": "`import .zoo.tt as tt`: the name under which it is known here",
        "layer": "`layer L(S: int, R: int = 16) { … }`: modes, tensors and equations; as a type, "
        "a layer with any of its parameters given",
        "extern": "`extern Norm(C: int): [n, C] -> [n, C] = torch.nn.LayerNorm(C)`: a module or "
        "function of Python's",
        "test": '`test "…" { assert … }`: run by `tnc test`',
        "mode": "`mode n, s: S, t[i in 1..d]: T[i]`: named axes, with sizes or known at run time",
        "conv": "`conv(stride: 2, pad: same) h' = h * i`: h' is the result, h the signal, i the "
        "taps of a convolution",
        "input": "`input x[n, s]`: a tensor that is given at every call",
        "weight": "`weight A[s, r]`: a trained tensor",
        "buffer": "`buffer B[s]`: a tensor that is saved, but not trained",
        "let": "`let z[n, t] = x * A`: a name for a tensor, a value or a layer",
        "output": "`output y[n, t] = x * A * B`: what the layer gives",
        "require": '`require S > 0, "why"`: a condition that parameters must meet',
        "assert": "`assert params(L(R: 4)) == 88`: what must hold in a test",
    },
    Group.CONTROL: {
        "if": "`if c then a else b`: decided when the layer is compiled",
        "then": "`if c then a else b`",
        "else": "`if c then a else b`",
        "for": "`[2 * S[i] for i in 1..d]`, `sum(x * A[i] for i in 1..d)`: one for every index",
        "in": "`i in 1..d`: every index from 1 to d, both included",
        "repeat": "`x |> repeat (5) Block(16)`: five fresh instances, one after another",
    },
    Group.OPERATOR: {
        "and": "both conditions hold",
        "or": "one of the conditions holds, or both",
        "not": "the condition does not hold",
        "mod": "the remainder of a division, as `%` in Python",
    },
    Group.CONSTANT: {"true": "the condition that holds", "false": "the one that does not"},
}

_BUILT_IN: Mapping[Group, Mapping[str, str]] = {
    Group.TYPE: {
        "int": "a whole number",
        "float": "a number",
        "bool": "`true` or `false`",
        "str": "a text",
        "layer": "a layer with any of its parameters given, `CP(R: 16)`",
    },
    Group.OPTION: {
        "stride": "how far windows are apart: one number",
        "dilation": "how far taps are apart: a number, or one for each tap mode",
        "pad": "what is added around the signal: `valid` (nothing), `same`, `tf_same`, `full`, "
        "`causal`, `circular`, a number, or `(left, right)`",
        "border": "what the added elements are: `reflect` or `replicate` (zeros if not given)",
        "flip": "`true`: taps run backwards, the convolution of mathematics",
        "init": "how the tensor starts: `auto`, `zeros`, `ones`, `normal(std: 0.02)`, …",
        "kind": "`pointwise`: an extern that keeps the modes of its input, whatever they are",
        "over": "the modes that a function goes over",
        "fan": "the modes that are summed, of which `kaiming` takes the size",
        "std": "the standard deviation",
        "low": "the least number",
        "high": "the largest number",
        "bound": "uniform from minus this to this",
        "gain": "what the orthogonal matrix is multiplied by",
        "slope": "what negative elements are multiplied by",
        "exponent": "to which power",
        "tol": "how far numbers may differ, as a share of the larger",
    },
    Group.PAD: {
        "valid": "no elements are added: windows lie inside the signal",
        "same": "the result is as large as the signal, divided by the stride",
        "tf_same": "as `same`, split as TensorFlow does",
        "full": "every window that touches the signal",
        "causal": "all before the signal: no result sees later elements",
        "circular": "the signal is a ring",
    },
    Group.BORDER: {
        "reflect": "the signal mirrored at its ends",
        "replicate": "the element at the end again and again",
    },
    Group.INIT: {
        "auto": "the factors together start as a kernel of Kaiming variance",
        "zeros": "all elements are 0",
        "ones": "all elements are 1",
        "normal": "`normal(std: 0.02)`: normally distributed around 0",
        "uniform": "`uniform(low: 0, high: 1)` or `uniform(0.1)`: evenly distributed",
        "kaiming": "`kaiming(fan: [s, i])`: variance 2 / size of these modes",
        "orthogonal": "`orthogonal(gain: 1)`: an orthogonal matrix",
        "identity": "the identity matrix",
    },
    Group.KIND: {"pointwise": "keeps the modes of its input, whatever they are"},
    Group.TENSOR_FUNCTION: {
        "relu": "max(x, 0)",
        "sigmoid": "1 / (1 + exp(-x))",
        "tanh": "the hyperbolic tangent",
        "exp": "e to the power x",
        "log": "the natural logarithm",
        "sqrt": "the square root",
        "rsqrt": "1 / sqrt(x)",
        "abs": "the absolute value",
        "sin": "the sine",
        "cos": "the cosine",
        "square": "x · x",
        "reciprocal": "1 / x",
        "gelu": "x · Φ(x)",
        "silu": "x · sigmoid(x)",
        "elu": "x, or exp(x) - 1 below 0",
        "softplus": "log(1 + exp(x))",
        "leaky_relu": "`leaky_relu(x, slope: 0.01)`: x, or slope · x below 0",
        "pow": "`pow(x, exponent: 2)`: x to a power",
        "maximum": "`maximum(x, y)`: the larger, element by element",
        "minimum": "`minimum(x, y)`: the smaller, element by element",
        "softmax": "`softmax(x, over: m)`: exp(x), divided by its sum over modes",
        "log_softmax": "`log_softmax(x, over: m)`: the logarithm of softmax",
        "amax": "`amax(x, over: m)`: the largest element over modes",
        "maxpool": "`maxpool(x, over: m)`: the largest element over modes",
        "mean": "`mean(x, over: m)`: the mean over modes",
        "avgpool": "`avgpool(x, over: m)`: the mean over modes",
        "sum": "`sum(x, over: m)`: the sum over modes; `sum(x * A[i] for i in 1..d)`: of terms",
        "mask": "`mask(z, t >= u)`: −∞ where the comparison of positions does not hold",
    },
    Group.FUNCTION: {
        "len": "`len(S)`: how many elements a list has",
        "size": "`size(h)`: the size of a mode",
        "factor": "`factor(96, 3) = [4, 4, 6]`: a balanced factorisation",
        "min": "the least of several numbers, or of a list",
        "max": "the largest of several numbers, or of a list",
        "rank": "`rank(R, ratio)`: R, or with a ratio the largest rank that a share of the "
        "dense parameters pays for; in an extern, `rank` is the number of axes",
        "sum": "`sum([1, 2])`: the sum of a list",
        "sqrt": "the square root",
        "exp": "e to the power x",
        "log": "the natural logarithm",
        "abs": "the absolute value",
        "round": "the nearest whole number",
        "floor": "the largest whole number that is not above",
        "ceil": "the least whole number that is not below",
    },
    Group.QUESTION: {
        "params": "`params(L(R: 4))`: how many parameters a layer has",
        "macs": "`macs(L, [2, 3])`: multiply-adds of the forward for inputs of these shapes",
        "shape": "`shape(L, [2, 3])`: the shape of the result",
        "close": "`close(a, b, tol: 1e-6)`: whether numbers agree",
        "gradcheck": "`gradcheck(L, [2, 3])`: whether gradients agree with differences",
    },
}

KEYWORD_GROUPS = frozenset(_KEYWORDS)
"""The groups of words that are reserved."""

FUNCTION_GROUPS = frozenset({Group.TENSOR_FUNCTION, Group.FUNCTION, Group.QUESTION})
"""The groups of words that are called."""


@cache
def words() -> tuple[Word, ...]:
    """Every word, by group and as the table has them. Raises KeyError for one that the language has
    and the table lacks, or the other way round."""
    made = [*_described(_KEYWORDS, _reserved()), *_described(_BUILT_IN, built_in())]
    return tuple(made)


def texts(*groups: Group) -> tuple[str, ...]:
    """The words of these groups, each once, sorted."""
    return tuple(sorted({word.text for word in words() if word.group in groups}))


def named(text: str, *groups: Group) -> tuple[Word, ...]:
    """What a word means, in these groups or in all; nothing if it is none."""
    return tuple(w for w in words() if w.text == text and (not groups or w.group in groups))


def option_of(statement: str) -> tuple[Word, ...]:
    """The options of a statement, `conv(…)`, or of a function."""
    known = OPTIONS.get(statement, frozenset())
    return tuple(word for word in words() if word.group is Group.OPTION and word.text in known)


def _reserved() -> Mapping[str, frozenset[str]]:
    own = {group.value: frozenset(table) for group, table in _KEYWORDS.items()}
    if both := frozenset().union(*own.values()) ^ KEYWORDS:
        raise KeyError(f"keywords of the grammar or of this table alone: {sorted(both)}")
    return own


def _described(
    tables: Mapping[Group, Mapping[str, str]], names: Mapping[str, frozenset[str]]
) -> Iterator[Word]:
    for group, docs in tables.items():
        if both := names[group.value] ^ docs.keys():
            raise KeyError(f"{group.value}: in one table only: {sorted(both)}")
        yield from (Word(text, group, doc) for text, doc in docs.items())
