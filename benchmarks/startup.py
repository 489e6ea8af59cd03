"""How long commands take that need no PyTorch: `python -m benchmarks.startup`.

Each is a process of its own, as from a shell or a hook of an editor; the first run, which may write
the grammar's tables and Python's bytecode, is not counted. Processor time is told besides, for
machines that have other work to do.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from tnc.driver.imports import FOLDER

LINES = 1000
EXAMPLES = Path(__file__).parent.parent / "examples"
_EDITION = "tnn 1\n"
_DECLARED = re.compile(r"^(?:layer|let) (\w+)", re.MULTILINE)
_IMPORTS = re.compile(r"^from .*\n", re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often (default: 15)")
    rounds = parser.parse_args().rounds
    print("command                                      seconds (median, least)   processor")
    with tempfile.TemporaryDirectory() as folder:
        for name, words in _commands(Path(folder)):
            _run(words)
            times = [_run(words) for _ in range(rounds)]
            clock, processor = zip(*times, strict=True)
            print(f"{name:<45}{_told(clock):>23}{_told(processor):>14}")


def _commands(folder: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """What is run, with a name."""
    small = str(FOLDER / "dense.tnn")
    yield "tnc --version", ["--version"]
    yield "tnc explain E0301", ["explain", "E0301"]
    yield "tnc fmt --check dense.tnn", ["fmt", "--check", small]
    yield "tnc check dense.tnn", ["check", small]
    modules = (FOLDER / "convolution.tnn", FOLDER / "nets.tnn")
    texts = {f"std.{each.stem}": each.read_text(encoding="utf-8") for each in modules}
    for name, text in {"the examples": examples(), **texts}.items():
        text = repeated(text, LINES)
        file = folder / f"{name.split(maxsplit=1)[-1]}.tnn"
        file.write_text(text, encoding="utf-8")
        count = len(text.splitlines())
        yield f"tnc check, {count} lines like {name}", ["check", str(file)]


def examples() -> str:
    """The layers of all examples that import nothing, in one file."""
    texts = [each.read_text(encoding="utf-8") for each in sorted(EXAMPLES.glob("*.tnn"))]
    return _EDITION + "\n".join(
        text.replace(_EDITION, "") for text in texts if not _IMPORTS.search(text)
    )


def repeated(text: str, lines: int) -> str:
    """A file of about so many lines: the items of `text` again and again under other names."""
    head, _, body = text.partition("\n")
    imports, body = "".join(_IMPORTS.findall(body)), _IMPORTS.sub("", body)
    names = "|".join(sorted(_DECLARED.findall(body), key=len, reverse=True))
    used = re.compile(rf"\b({names})\b(?!\s*:)")
    times = max(1, round(lines / len(body.splitlines())))
    copies = (_renamed(body, used, k) for k in range(times))
    return f"{head}\n{imports}{''.join(copies)}"


def _renamed(body: str, used: re.Pattern[str], k: int) -> str:
    return used.sub(lambda found: f"{found[1]}_{k}", body)


def _run(words: Sequence[str]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time."""
    before, start = os.times(), perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "tnc", *words], capture_output=True, text=True, check=False
    )
    after, end = os.times(), perf_counter()
    if done.returncode:
        raise SystemExit(f"tnc {' '.join(words)}: {done.stderr}")
    used = after.children_user + after.children_system
    return end - start, used - before.children_user - before.children_system


def _told(times: Sequence[float]) -> str:
    return f"{median(times):.2f}, {min(times):.2f}"


if __name__ == "__main__":
    main()
