"""Collecting diagnostics, and the exception that carries them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tnc.diagnostics.diagnostic import Diagnostic, Help, Label
from tnc.diagnostics.render import human
from tnc.diagnostics.span import Span


class CompileError(Exception):
    """The program is refused; `diagnostics` says why, `str()` shows it with the source lines."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return human(self.diagnostics)


@dataclass(slots=True)
class Report:
    """What a run of the compiler has to say, collected so that it is said all at once."""

    _said: list[Diagnostic] = field(default_factory=list)

    def error(
        self,
        code: str,
        message: str,
        span: Span,
        label: str,
        *others: Label,
        notes: Iterable[str] = (),
        help: Iterable[Help] = (),
    ) -> None:
        """Report an error at `span`, of which `label` says what is wrong there; `others` are
        further places it is about."""
        labels = (Label(span, label, primary=True), *others)
        self.add(Diagnostic(code, "error", message, labels, tuple(notes), tuple(help)))

    def warning(
        self,
        code: str,
        message: str,
        span: Span,
        label: str,
        *others: Label,
        notes: Iterable[str] = (),
        help: Iterable[Help] = (),
    ) -> None:
        """Report a warning at `span`, of which `label` says what is wrong there; `others` are
        further places it is about."""
        labels = (Label(span, label, primary=True), *others)
        self.add(Diagnostic(code, "warning", message, labels, tuple(notes), tuple(help)))

    def add(self, *diagnostics: Diagnostic) -> None:
        """Report what is already put into words."""
        self._said.extend(diagnostics)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything said, once each, by file and position."""
        return tuple(sorted(dict.fromkeys(self._said), key=_order))

    @property
    def failed(self) -> bool:
        """Whether any error, as opposed to a warning, was reported."""
        return any(each.severity == "error" for each in self._said)

    def raise_errors(self) -> None:
        """Raise `CompileError` with everything said, if any of it is an error."""
        if self.failed:
            raise CompileError(self.diagnostics)


def _order(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    span = diagnostic.span
    return span.file, span.start, span.end, diagnostic.code, diagnostic.message
