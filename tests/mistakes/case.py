"""One mistake in a program that is right otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"

CP = EXAMPLES / "01_cp_conv.tnn"
RCP = EXAMPLES / "02_rcp_dense.tnn"
TT = EXAMPLES / "03_rtt_dense.tnn"
RTK = EXAMPLES / "05_rtk_conv.tnn"
LOW_RANK = EXAMPLES / "06_low_rank.tnn"
TUCKER = EXAMPLES / "07_tk_conv.tnn"
RCP_CONV = EXAMPLES / "08_rcp_conv.tnn"
SEPARABLE = EXAMPLES / "10_separable.tnn"
ATTENTION = EXAMPLES / "11_attention.tnn"
DIGITS = EXAMPLES / "12_digits.tnn"


@dataclass(frozen=True, slots=True)
class Case:
    """What is wrong, the program, all that is said with its places, and what is written instead
    of what: each stands once in the program."""

    title: str
    program: Path
    said: str
    changes: tuple[tuple[str, str], ...]

    @property
    def code(self) -> str:
        """What it is about: the first error, or the first warning."""
        codes = [each.split()[0] for each in self.said.split(", ")]
        return next((each for each in codes if each.startswith("E")), codes[0])

    def text(self) -> str:
        """The program with the mistake."""
        text = self.program.read_text(encoding="utf-8")
        for old, new in self.changes:
            assert text.count(old) == 1, (self.title, old)
            text = text.replace(old, new)
        return text


def case(title: str, program: Path, said: str, *changes: tuple[str, str]) -> Case:
    return Case(title, program, said, changes)
