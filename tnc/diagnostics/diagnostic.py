"""What the compiler tells its user: a message, the places it is about, and the next step."""

from typing import Literal, TypedDict

from tnc.diagnostics.span import Span
from tnc.record import record

Severity = Literal["error", "warning"]


@record
class Edit:
    """Replace the text at `span`; an empty span inserts."""

    span: Span
    replacement: str


@record
class Help:
    """A suggestion. With edits it can be applied by a machine (`tnc check --fix`)."""

    message: str
    edits: tuple[Edit, ...] = ()


@record
class Label:
    """A remark at one place. The primary label is where the mistake is."""

    span: Span
    text: str
    primary: bool = False


class LabelRecord(TypedDict):
    """A label as JSON; `end_line` and `end_column` are those of the first character after it."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str
    primary: bool


class EditRecord(TypedDict):
    """An edit as JSON."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    replacement: str


class HelpRecord(TypedDict):
    """A suggestion as JSON."""

    message: str
    edits: list[EditRecord]


class DiagnosticRecord(TypedDict):
    """A diagnostic as JSON."""

    code: str
    severity: Severity
    message: str
    labels: list[LabelRecord]
    notes: list[str]
    help: list[HelpRecord]


@record
class Diagnostic:
    """One error or warning. `labels[0]` is the primary label; messages are lower case, no stop."""

    code: str
    severity: Severity
    message: str
    labels: tuple[Label, ...]
    notes: tuple[str, ...] = ()
    help: tuple[Help, ...] = ()

    @property
    def span(self) -> Span:
        """Where the mistake is."""
        return self.labels[0].span

    def to_json(self) -> DiagnosticRecord:
        """The diagnostic as plain lists and dictionaries, for `--format json`."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "labels": [_label_record(label) for label in self.labels],
            "notes": list(self.notes),
            "help": [_help_record(help) for help in self.help],
        }


def _label_record(label: Label) -> LabelRecord:
    span = label.span
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "text": label.text,
        "primary": label.primary,
    }


def _edit_record(edit: Edit) -> EditRecord:
    span = edit.span
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "replacement": edit.replacement,
    }


def _help_record(help: Help) -> HelpRecord:
    return {"message": help.message, "edits": [_edit_record(edit) for edit in help.edits]}
