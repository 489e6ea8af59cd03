"""Every program, command and line of Python in the documentation does what the page says."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import torch

import tnc
from tests.docs.blocks import NOT_RUN, PAGES, ROOT, Block, blocks, programs
from tnc.api.library import LayerFactory
from tnc.cli.main import main, parser

SAMPLES = {"int": 24, "[int]": [4, 6]}
"""Values of parameters that a layer must be given."""

LANGUAGES = {"tnn", "python", "console", "text", "sh", "toml", "json", "lua", "elisp"}

PROGRAMS = [
    (block, program)
    for page in PAGES
    for block, program in programs(page)
    if block.runs and not (block.refused or block.beside)
]
SHOWN = [block for page in PAGES for block in blocks(page)]

each_program = pytest.mark.parametrize(
    ("block", "program"), PROGRAMS, ids=[str(block) for block, _ in PROGRAMS]
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with the examples in it, from which Python imports, and nothing configured."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")
    for name, value in {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MASTER_PORT", "0")
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    known = {*sys.modules}
    yield
    for name in {*sys.modules} - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def said(words: list[str]) -> tuple[str, str]:
    """What a command prints on stdout and stderr."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        main(words)
    return out.getvalue(), err.getvalue()


def write_named(page: str, until: int) -> None:
    """The files that a page shows above a line."""
    for block, program in programs(page):
        if block.name and block.line < until:
            Path(block.name).write_text(program, encoding="utf-8")


# ---------------------------------------------------------------------------- programs
@each_program
def test_programs(block: Block, program: str) -> None:
    """Checked without a word, and compiled."""
    write_named(block.page, block.line)
    Path("program.tnn").write_text(program, encoding="utf-8")
    assert [str(each) for each in tnc.check("program.tnn")] == []
    for layer in tnc.load("program.tnn").values():
        settings = sampled(layer)
        assert tnc.compile("program.tnn", layer.__name__, set=settings).source


def sampled(layer: LayerFactory) -> dict[str, object]:
    return {
        each.name: SAMPLES[each.type or "int"]
        for each in layer._declared.parameters
        if each.required
    }


# ---------------------------------------------------------------------------- pages
class Session:
    """The blocks of a page, run from the top to the bottom in one folder."""

    def __init__(self) -> None:
        self.names: dict[str, object] = {"__name__": "__main__"}
        self.printed = ""

    def run(self, block: Block) -> str:
        """What should stand in the block."""
        match block.language:
            case "python" if block.name:
                assert block.text in Path(block.name).read_text(encoding="utf-8"), str(block)
            case "python":
                if block.script:
                    Path(block.script).write_text(block.text, encoding="utf-8")
                self.python(block)
            case "text" if block.previous and block.previous.language == "python":
                return self.printed
            case "text" if block.previous and block.previous.refused:
                return refusal(block.previous)
            case "console":
                commands = re.findall(r"^\$ (.*)\n", block.text, re.MULTILINE)
                return "".join(f"$ {each}\n{answer(each)}" for each in commands)
        return block.text

    def python(self, block: Block) -> None:
        """Places in tracebacks are those of the page."""
        code = compile("\n" * (block.line - 1) + block.text, ROOT / block.page, "exec")
        with redirect_stdout(io.StringIO()) as out:
            exec(code, self.names)
        self.printed = out.getvalue()


def refusal(program: Block) -> str:
    """What is said about a program that is refused, without what a command tells beside it."""
    assert program.refused
    Path("program.tnn").write_text(program.text, encoding="utf-8")
    _, printed = said(shlex.split(program.refused)[1:])
    parts = re.split(r"\n\n|\n(?=wrote )", printed.strip())
    told = [each for each in parts if each.startswith(("error[", "warning["))]
    assert told, f"{program} is accepted"
    return "\n\n".join(told) + "\n"


def answer(command: str) -> str:
    """What a terminal shows: stdout, through what follows behind a `|`, and stderr."""
    words, _, filters = command.partition(" | ")
    first, *rest = shlex.split(words)
    assert first == "tnc", f"only tnc is run, not `{command}`"
    printed, told = said(rest)
    if filters:
        done = subprocess.run(filters, shell=True, input=printed, capture_output=True, text=True)
        printed = done.stdout
    lines = f"{printed}\n{told}".strip("\n").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def filled(page: str) -> str:
    """The page, with what its blocks give now."""
    whole = dict(programs(page))
    lines = (ROOT / page).read_text(encoding="utf-8").split("\n")
    session, text, written = Session(), "", 0
    for block in blocks(page):
        text += "".join(f"{line}\n" for line in lines[written : block.line - 1])
        written = block.line - 1 + block.text.count("\n")
        if block.name and block in whole:
            Path(block.name).write_text(whole[block], encoding="utf-8")
        text += session.run(block) if block.runs else block.text
    return text + "\n".join(lines[written:])


SLOW = {"README.md", "docs/cookbook.md", "docs/tutorial.md"}
GENERATED = {"docs/api.md", "docs/errors.md"}
WRITTEN = [
    pytest.param(page, marks=[pytest.mark.slow] * (page in SLOW))
    for page in PAGES
    if page not in GENERATED
]


@pytest.mark.parametrize("page", WRITTEN)
def test_pages(page: str, golden: Callable[..., None]) -> None:
    golden(page, filled(page), ROOT)


@pytest.mark.parametrize("page", sorted(GENERATED))
def test_generated_pages(page: str) -> None:
    """Others write them, so that `make golden` must not do so here."""
    assert filled(page) == (ROOT / page).read_text(encoding="utf-8")


# ---------------------------------------------------------------------------- what is not run
def test_what_is_refused_is_followed_by_what_is_said() -> None:
    followed = {each.previous for each in SHOWN if each.language == "text"}
    assert [str(each) for each in SHOWN if each.refused and each not in followed] == []


def test_every_block_says_its_language() -> None:
    assert [str(each) for each in SHOWN if each.language not in LANGUAGES] == []


def test_what_is_not_run_says_why() -> None:
    """Markers stand before blocks, and only before those that would be run."""
    for page in PAGES:
        lines = (ROOT / page).read_text(encoding="utf-8").split("\n")
        marked = [each for each in blocks(page) if not each.runs]
        assert len(marked) == sum(NOT_RUN.match(line) is not None for line in lines), page
        assert all(each.language in {"tnn", "python", "console"} for each in marked), page


@pytest.mark.parametrize("block", [each for each in SHOWN if each.language == "sh"], ids=str)
def test_commands_that_are_not_run_are_understood(block: Block) -> None:
    for line in block.text.replace("\\\n", " ").split("\n"):
        words = [word for word in shlex.split(line, comments=True) if not word.startswith(">")]
        if words[:1] == ["tnc"]:
            assert parser().parse_args(words[1:]).command == words[1]
