"""What the fuzzers damage: small programs of every kind, and single layers of long files."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from tnc.diagnostics.catalogue import CATALOGUE
from tnc.driver.front import read

ROOT = Path(__file__).parent.parent.parent
FILES = [*sorted((ROOT / "examples").glob("*.tnn")), *sorted((ROOT / "tnc" / "std").glob("*.tnn"))]
LONGEST = 800
"""Characters of a program: a case is to take milliseconds."""

TOKEN = re.compile(r"\s+|#[^\n]*|\"[^\"\n]*\"|\w+'*|\.\.\.|\.\.|//|\|>|[<>=!]=|->|.", re.DOTALL)
_ITEM = re.compile(r"(?m)^(?=##|layer |extern|let |test )")


@cache
def programs() -> tuple[str, ...]:
    """Complete programs; the layers of long files one by one, each after the file's head."""
    written = [text for entry in CATALOGUE.values() for text in (entry.refused, entry.accepted)]
    texts = [text for text in written if text]
    for path in FILES:
        head, *items = _ITEM.split(read(path).text)
        whole = head + "".join(items)
        texts += [whole] if len(whole) <= LONGEST else [head + each for each in items]
    return tuple(dict.fromkeys(text for text in texts if len(text) <= LONGEST))


@cache
def tokens() -> tuple[str, ...]:
    """Every token that is written somewhere."""
    found = {token for text in programs() for token in TOKEN.findall(text)}
    return tuple(sorted(token for token in found if token.strip() and not token.startswith("#")))
