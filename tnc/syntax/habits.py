"""What those write who know other languages: `x ** 2`, `// a comment`, `return y`."""

from tnc.diagnostics import Edit, Help
from tnc.syntax.run import Run
from tnc.syntax.wording import POWERS, expected

_WORDS = {"return": "what a layer gives is an equation: `output y[…] = …`"}


def power(run: Run) -> bool:
    """`x ** 2`, which goes on as a product."""
    token, before = run.token, run.tokens[run.at - 1]
    if token.type != "STAR" or before.type != "STAR" or before.end != token.start:
        return False
    span = run.span(before).to(run.span(token))
    run.report.error("E0002", "unexpected `**`, expected `*`", span, "there is no such operator",
                     help=[Help(POWERS)])  # fmt: skip
    del run.tokens[run.at]
    return True


def comment_sign(run: Run) -> bool:
    """`// a comment`, where no quotient can stand: the rest of the line is left out."""
    if run.token.type != "_FLOORDIV":
        return False
    span, wanted = run.span(run.token), expected(run.machine.expected())
    help = Help("a comment begins with `#`", (Edit(span, "#"),))
    run.report.error("E0002", f"unexpected `//`, expected {wanted}", span, "not expected here",
                     help=[help])  # fmt: skip
    last = len(run.tokens) - 1
    end = next((k for k in range(run.at + 1, last) if run.first_on_line(k)), last)
    del run.tokens[run.at : end]
    return True


def advice(run: Run) -> list[Help]:
    """What a word of another language is called here."""
    return [Help(_WORDS[run.token])] if run.token in _WORDS else []
