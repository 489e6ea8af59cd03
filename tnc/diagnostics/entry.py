"""What there is to say about one code: an entry of the catalogue."""

from textwrap import dedent
from typing import Literal

from tnc.diagnostics.diagnostic import Severity
from tnc.record import record

Stage = Literal["check", "network", "build", "run"]
"""When a code is raised: by `check` within one layer; by `check` where layers use one another;
by a build, with particular options; or never by a text alone."""


@record
class Entry:
    """The page of a diagnostic (`tnc explain CODE`), and two programs that keep it true.

    `refused` raises the code under `command`, and `accepted` does not under the same or, where that
    is given, under `accepting`; each lies in a file `program.tnn` with the files `beside` next to
    it. They are "" where no program is known, as `explanation` then says.
    """

    code: str
    title: str
    explanation: str
    refused: str
    accepted: str
    stage: Stage = "check"
    command: str = "tnc check program.tnn"
    accepting: str = ""
    beside: tuple[tuple[str, str], ...] = ()

    @property
    def severity(self) -> Severity:
        """Codes of warnings begin with W."""
        return "warning" if self.code.startswith("W") else "error"


def program(text: str, edition: str = "tnn 1\n") -> str:
    """A `.tnn` text written in an indented string."""
    return edition + dedent(text).lstrip("\n")


def prose(text: str) -> str:
    """Paragraphs written in an indented string, one line each."""
    paragraphs = dedent(text).strip().split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs)
