"""What may be done about one token that does not fit, tried in this order.

A keyword is read as a name; a misspelt keyword as that keyword; what is missing is put in; a wrong
token is replaced; a token too many is left out. Each only if what follows then fits.
"""

from collections.abc import Callable, Iterator
from itertools import islice, takewhile

from tnc.diagnostics import Edit, Help, Label, Span, closest
from tnc.syntax.grammar import END, KEYWORDS, spelling
from tnc.syntax.habits import comment_sign, power
from tnc.syntax.lexing import retyped
from tnc.syntax.run import OF_A_BODY, OF_A_FILE, Run
from tnc.syntax.token import Token
from tnc.syntax.wording import expected, found

_STATEMENTS = frozenset(each.lower() for each in OF_A_FILE | OF_A_BODY)
_TYPES = frozenset(["int", "float", "bool", "str", "layer"])
_AFTER_A_NAME = frozenset({
    "LSQB", "EQUAL", "COLON", "LPAR", "COMMA", "RSQB", "RPAR", "STAR", "PLUS", "MINUS", "SLASH",
})  # fmt: skip
_REPLACED_BY = {"EQUAL": ("COLON", "CMP"), "COLON": ("EQUAL",), "CMP": ("EQUAL",),
                "RPAR": ("RSQB",), "RSQB": ("RPAR",), "_RANGE": ("_SPLAT",)}  # fmt: skip
_DISPENSABLE = frozenset({
    "COMMA", "COLON", "EQUAL", "RPAR", "RSQB", "RBRACE", "STAR", "PLUS", "SLASH",
})  # fmt: skip
_CLOSERS = frozenset({"RPAR", "RSQB"})
_SAFELY_DISPENSABLE = _CLOSERS | {"COMMA", "RBRACE"}
_TAKE_OPTIONS = frozenset({"CONV", "WEIGHT", "BUFFER", "EXTERN"})
_OPERANDS = frozenset({"NAME", "INT", "FLOAT"})
_APART = {"STAR", "EQUAL", "LBRACE", "RBRACE"}


def keyword_as_name(run: Run) -> bool:
    """`weight A[in, out]`"""
    word, after = run.token, run.following.type
    begins = word in _STATEMENTS and run.first_on_line(run.at)
    if word not in KEYWORDS or (begins and after not in _AFTER_A_NAME):
        return False
    # `weight (init: zeros) …` on a line of its own is a statement after an unfinished one.
    if after == "LPAR" and (word == "repeat" or run.first_on_line(run.at)):
        return False
    # At the end of the text a brace that is still open is another mistake.
    if not run.machine.fits("NAME", "RBRACE" if after == END and run.open else after):
        return False
    span = run.span(word)
    help = Help(f"choose another name, such as `{word}_`", (Edit(span, f"{word}_"),))
    if word == "conv" and run.tokens[run.at - 1].type == "_PIPE":
        help = Help("a layer that convolves is `Conv`: `from std.convolution import Conv`")
    run.report.error("E0005", f"keyword `{word}` used as a name", span,
                     "keywords are reserved everywhere", help=[help])  # fmt: skip
    run.tokens[run.at] = retyped(word, "NAME")
    return True


def misspelt_keyword(run: Run) -> bool:
    """`weights A[r, s]`"""
    word = run.token
    if word.type != "NAME" or not run.first_on_line(run.at):
        return False
    keyword, *others = closest(word, _STATEMENTS) or ("",)
    if not keyword or others or not run.machine.fits(keyword.upper(), run.following.type):
        return False
    span = run.span(word)
    run.report.error("E0002", f"unexpected `{word}`, expected `{keyword}`", span,
                     "no statement begins with this word",
                     help=[Help(f"did you mean `{keyword}`?", (Edit(span, keyword),))])  # fmt: skip
    run.tokens[run.at] = retyped(word, keyword.upper())
    return True


def keyword_missing(run: Run) -> bool:
    """`y[n, t] = x * A` on a line of its own"""
    name = run.token
    if name.type != "NAME" or not run.first_on_line(run.at) or run.brackets:
        return False
    if not (_binds(run) and run.machine.fits("LET", "NAME")):
        return False
    end = run.tokens[run.at - 1].type
    if end in {"COMMA", "EQUAL", "COLON"}:  # the statement before goes on here
        return False
    word = "output" if _lacks_output(run) else "let"
    before = Span(run.source, name.start, name.start)
    help = [Help(f"write `{word} {name}`", (Edit(before, f"{word} "),))]
    run.report.error("E0002", f"unexpected `{name}`, expected a statement", run.span(name),
                     "a statement begins with its keyword", help=help)  # fmt: skip
    run.tokens.insert(run.at, Token(word.upper(), word, name.start, name.start))
    return True


def _lacks_output(run: Run) -> bool:
    """Whether the layer has no output, and this is the last line that could be one. The next such
    line ends the search, so that many of them take no longer than they are long."""
    if not run.machine.fits("OUTPUT", "NAME"):
        return False
    for at in range(run.at + 1, len(run.tokens)):
        token = run.tokens[at]
        if token.type in OF_A_FILE or token.type == END:
            break
        if token.type == "OUTPUT" or (token.type == "NAME" and run.first_on_line(at)):
            return False
    before = (run.tokens[at].type for at in reversed(range(run.at)))
    return "OUTPUT" not in takewhile(lambda type_: type_ not in OF_A_FILE, before)


def _binds(run: Run) -> bool:
    """Whether what begins here is `name =` or `name[…] =`."""
    depth = 0
    for at in range(run.at + 1, len(run.tokens)):
        token = run.tokens[at]
        depth += {"LSQB": 1, "RSQB": -1}.get(token.type, 0)
        if token.type == "EQUAL":
            return depth == 0
        if (depth <= 0 and token.type != "RSQB") or token.type in OF_A_FILE | OF_A_BODY:
            return False
    return False


def parentheses_for_brackets(run: Run) -> bool:
    """`input x(n, s)`"""
    if run.token.type != "LPAR" or not run.machine.fits("LSQB", run.following.type):
        return False
    depth = 0
    for at in range(run.at, len(run.tokens)):
        token = run.tokens[at]
        depth += {"LPAR": 1, "RPAR": -1}.get(token.type, 0)
        if token.type == END or (at > run.at and run.begins_statement(at)):
            return False
        if not depth:
            break
    pair = run.token, run.tokens[at]
    edits = tuple(Edit(run.span(each), text) for each, text in zip(pair, "[]", strict=True))
    help = [Help("write `[` and `]`", edits)]
    run.report.error("E0002", "unexpected `(`, expected `[`", run.span(pair[0]),
                     "modes stand in brackets", help=help)  # fmt: skip
    run.tokens[run.at] = pair[0].read_as("LSQB", "[")
    run.tokens[at] = pair[1].read_as("RSQB", "]")
    return True


def something_missing(run: Run) -> bool:
    """`relu(x * A`, `x A`, `output y[n] x`, `mode n h`"""
    type_ = run.token.type
    follow = [type_] if type_ == END else [type_, run.following.type]
    for missing in _missing(run):
        if run.machine.fits(*missing, *follow):
            return _put_in(run, missing)
    # One token further there may be another mistake, which does not hide this one.
    for missing in _surely_missing(run):
        if run.machine.fits(*missing, type_):
            return _put_in(run, missing)
    return False


def _surely_missing(run: Run) -> Iterator[tuple[str, ...]]:
    yield from _closers(run)
    if run.token.type in _OPERANDS and not run.first_on_line(run.at):
        yield ("STAR",)


def _closers(run: Run) -> Iterator[tuple[str, ...]]:
    brackets = [each.closer for each in reversed(run.brackets)]
    if brackets:
        yield (brackets[0],)
        yield tuple(brackets)
    if run.open and (run.token.type == END or run.begins_statement(run.at)):
        yield (*brackets, "RBRACE")


def _missing(run: Run) -> Iterator[tuple[str, ...]]:
    yield from _closers(run)
    if run.token in _TYPES:
        yield ("COLON",)
    if _lists_modes(run):
        yield ("COMMA",)
    if run.token.type in _OPERANDS:
        yield ("STAR",)
    if not run.machine.fits("COLON"):  # else it is as likely as `=`
        yield ("EQUAL",)
    yield ("COMMA",)
    yield ("LBRACE",)


def _lists_modes(run: Run) -> bool:
    """Whether commas separate what stands here: in `[ ]`, and in a group `(g, s)` that is one of
    the items there."""
    opened = list(run.brackets)
    if opened and opened[-1].token.type == "LPAR" and opened[-1].before in {"LSQB", "COMMA"}:
        opened.pop()
    return bool(opened) and opened[-1].token.type == "LSQB"


def _put_in(run: Run, missing: tuple[str, ...]) -> bool:
    for type_ in missing:
        if not run.excused:
            _report_missing(run, type_)
        run.put_in(type_)
    return True


def _report_missing(run: Run, type_: str) -> None:
    text = spelling(type_) or ""
    help = Help(f"write `{text}` here", (Edit(run.here, f" {text}" if type_ in _APART else text),))
    if type_ in {"RSQB", "RBRACE"}:
        run.report_open(run.open[-1], [help] if type_ == "RSQB" else ())
        return
    opened = [Label(run.span(run.open[-1].token), "opened here")] if type_ == "RPAR" else []
    run.report.error("E0004", f"missing `{text}`", run.here, f"`{text}` expected here", *opened,
                     help=[help])  # fmt: skip


def wrong_token(run: Run) -> bool:
    """`Conv(3, stride=2)`, `x[n, t)`, `let d == 3`"""
    token, after = run.token, run.following.type
    for wanted in _REPLACED_BY.get(token.type, ()):
        text = spelling(wanted) or "=="
        if token == text or not run.machine.fits(wanted, after):
            continue
        span = run.span(token)
        run.report.error("E0002", f"unexpected {found(token)}, expected `{text}`", span,
                         f"should be `{text}`",
                         help=[Help(f"write `{text}`", (Edit(span, text),))])  # fmt: skip
        run.tokens[run.at] = token.read_as(wanted, text)
        return True
    return False


def options_missing(run: Run) -> bool:
    """`conv() h' = h * i`, `weight() A[r, s]`"""
    if run.token.type != "RPAR" or not run.brackets:
        return False
    opened = run.brackets[-1]
    if run.tokens[run.at - 1] is not opened.token or opened.before not in _TAKE_OPTIONS:
        return False
    span = run.span(opened.token).to(run.span(run.token))
    run.report.error("E0002", "unexpected `)`, expected an option", run.span(run.token),
                     "no option is given",
                     help=[Help(f"leave `{span.text}` out", (Edit(span, ""),))])  # fmt: skip
    run.cut(opened.size - 1)
    del run.tokens[run.at - 1 : run.at + 1]
    run.at -= 1
    return True


def token_too_many(run: Run) -> bool:
    """`mode n,, h`, `relu(x))`"""
    token = run.token
    if token.type in _CLOSERS and not run.brackets:
        following = islice(run.tokens, run.at, None)
        extra = sum(1 for _ in takewhile(lambda each: each.type in _CLOSERS, following))
    elif token.type in _DISPENSABLE and run.machine.fits(run.following.type):
        extra = 1
    else:
        return False
    span = run.span(token).to(run.span(run.tokens[run.at + extra - 1]))
    wanted, safe = expected(run.machine.expected()), token.type in _SAFELY_DISPENSABLE
    help = [Help(f"leave `{span.text}` out", (Edit(span, ""),))] if safe else []
    run.report.error("E0002", f"unexpected {found(token)}, expected {wanted}", span,
                     "not expected here", help=help)  # fmt: skip
    del run.tokens[run.at : run.at + extra]
    return True


REMEDIES: tuple[Callable[[Run], bool], ...] = (
    power,
    comment_sign,
    keyword_as_name,
    misspelt_keyword,
    keyword_missing,
    options_missing,
    parentheses_for_brackets,
    something_missing,
    wrong_token,
    token_too_many,
)
