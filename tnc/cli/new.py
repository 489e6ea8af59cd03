"""`tnc new`: a file to start from."""

from __future__ import annotations

import argparse
import re
from keyword import iskeyword
from pathlib import Path
from shlex import quote

from tnc.cli import terminal
from tnc.cli.exits import Exit, usage
from tnc.cli.writing import create
from tnc.diagnostics import nearest

SUMMARY = "write a commented file to start from"
DESCRIPTION = """\
Write a small .tnn file to start from. Its comments explain the language by what is there: a layer
in the family that is asked for, with a test. It has no mistakes, compiles as it is, and is never
written over a file that exists."""
EPILOG = """\
examples:
  tnc new mylayer.tnn                  a dense layer, in the file and called MyLayer
  tnc new conv.tnn --family CP         a convolution whose kernel is in CP form
  tnc new --list                       every family
  tnc new - --family TT                on stdout

exit codes: 0 written, 2 wrong usage, 3 the file exists or cannot be written"""

FOLDER = Path(__file__).parent / "starters"
SUFFIX = ".tnn"
DEFAULT = "dense"
STDOUT = "-"
HEADER = {
    "check": "every mistake, with what to write instead",
    "plan": "the order in which the tensors are multiplied, and its cost",
    "compile": "a PyTorch module, in Python that can be read",
    "test": "the tests at the end",
}
"""What can be done with the file."""

_NAME = "Starter"
_SUMMARY = re.compile(r"^## (.*?)\.?$", re.MULTILINE)


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", metavar="FILE.tnn", help="the .tnn file to write, or - for stdout"
    )
    parser.add_argument(
        "--family",
        metavar="NAME",
        help=f"what the layer is: {', '.join(families())} (default: {DEFAULT})",
    )
    parser.add_argument("--list", action="store_true", help="list the families")


def run(arguments: argparse.Namespace) -> int:
    if bool(arguments.file) == arguments.list or (arguments.list and arguments.family):
        raise usage("name a file, as in `tnc new conv.tnn --family CP`, or list with `--list`")
    if arguments.list:
        width = max(map(len, families()))
        terminal.data("\n".join(f"{each:<{width}}  {about(each)}" for each in families()))
        return Exit.OK
    family = _family(arguments.family or DEFAULT)
    if arguments.file == STDOUT:
        terminal.exactly(starter(family, Path(f"layer{SUFFIX}")).encode())
        return Exit.OK
    path = Path(arguments.file)
    if path.name == SUFFIX:
        raise usage(f"`{path}` is an ending without a name; such as `layer{SUFFIX}` is meant")
    if path.suffix != SUFFIX:
        raise usage(
            f"`{path}` does not end in `{SUFFIX}`; did you mean `{path.with_suffix(SUFFIX)}`?"
        )
    create(path, starter(family, path).encode())
    terminal.tell(f"wrote {path}; `tnc compile {quote(str(path))}` makes a PyTorch module of it")
    return Exit.OK


def _family(word: str) -> str:
    """The family that is meant, in whatever case."""
    found = next((each for each in families() if each.casefold() == word.casefold()), None)
    if found is None:
        close = nearest(word, families())
        hint = f"did you mean `{close}`?" if close else f"there are {', '.join(families())}"
        raise usage(f"there is no family `{word}`; {hint}")
    return found


def families() -> tuple[str, ...]:
    """What a file can start from, the default first."""
    names = sorted((path.stem for path in FOLDER.glob(f"*{SUFFIX}")), key=str.casefold)
    return DEFAULT, *(name for name in names if name != DEFAULT)


def starter(family: str, path: Path) -> str:
    """The text of a new file at this place; its layer is called after it."""
    text = (FOLDER / f"{family}{SUFFIX}").read_text(encoding="utf-8")
    edition, rest = text.split("\n", 1)
    commands = {f"tnc {command} {quote(str(path))}": what for command, what in HEADER.items()}
    width = max(map(len, commands))
    lines = "".join(f"#   {each:<{width}}   {what}\n" for each, what in commands.items())
    return f"{edition}\n\n{lines}{rest}".replace(_NAME, _name(path.stem, rest))


def _name(stem: str, text: str) -> str:
    """`my_layer` as the name of a layer, `MyLayer`, that the text does not use otherwise."""
    words = (word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", stem))
    name = "".join(words)
    if not name.isidentifier() or not name.isascii() or iskeyword(name):
        name = f"Layer{name}" if name.isascii() else "Layer"
    return f"My{name}" if re.search(rf"\b{name}\b", text) else name


def about(family: str) -> str:
    """What the layer of a family is, in a line."""
    found = _SUMMARY.search((FOLDER / f"{family}{SUFFIX}").read_text(encoding="utf-8"))
    assert found is not None, "a starter documents its layer"
    return found[1]
