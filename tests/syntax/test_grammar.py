"""The grammar: free of conflicts, quick to load, wherever it lies."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import lark
import pytest

from tests.syntax.reading import PROGRAMS
from tnc.diagnostics import Report, Source
from tnc.syntax import compiler, grammar
from tnc.syntax.lexing import lex
from tnc.syntax.machine import Branch, Machine
from tnc.syntax.tables import restored, stored
from tnc.syntax.token import Token

ROOT = Path(__file__).parents[2]


def test_no_conflicts_under_strict_lalr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strict: neither rules nor terminals are in conflict. It needs interegular."""
    pytest.importorskip("interegular")
    made = compiler.Lark
    monkeypatch.setattr(compiler, "Lark", lambda *a, **k: made(*a, **{**k, "strict": True}))
    assert compiler.parser(grammar.text()).options.strict


def test_the_list_of_keywords_is_that_of_the_grammar() -> None:
    words = grammar.tables().spelling.values()
    assert {word for word in words if word.isalpha()} == grammar.KEYWORDS


def test_tables_are_restored_as_they_were() -> None:
    tables, text = compiler.compiled(grammar.text()), grammar.text()
    content = stored(tables, text)
    found = restored(content, text)
    assert found is not None
    assert all(
        getattr(found, name) == getattr(tables, name) for name in type(tables).__match_args__
    )
    assert restored(content, f"{text}\n") is None
    assert restored(b"", text) is None
    assert restored(content[:-1], text) is None


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_lark_reads_the_same(path: Path) -> None:
    """The parse tree, its places and its tokens, beside lark's own parser of the same grammar."""
    text = path.read_text(encoding="utf-8")
    reference = lark.Lark(
        grammar.text(), parser="lalr", lexer="basic", start="file", propagate_positions=True
    )
    machine = Machine("file")
    for token in lex(Source(path.name, text), Report()).tokens:
        assert machine.fits(token.type)
        if token.type != grammar.END:
            machine.feed(token)
    assert _plain(machine.finish()) == _of_lark(reference.parse(_without_comments(text)))


def _without_comments(text: str) -> str:
    """lark is not told to ignore them: the tokens that no rule has are taken out before."""
    return re.sub(r"(?<!#)#(?!#)[^\n]*", lambda found: " " * len(found[0]), text)


def _plain(child: Branch | Token | None) -> object:
    if isinstance(child, Branch):
        return child.name, child.start, child.end, [_plain(each) for each in child.children]
    return child and (child.type, str(child), child.start, child.end)


def _of_lark(child: Any) -> object:
    if isinstance(child, lark.Tree):
        meta = child.meta
        place = (-1, -1) if meta.empty else (meta.start_pos, meta.end_pos)
        return str(child.data), *place, [_of_lark(each) for each in child.children]
    return child and (child.type, str(child), child.start_pos, child.end_pos)


def run(program: str, **environment: str | None) -> str:
    """What a new process prints; an environment variable that is None is not set."""
    changed = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={name: value for name, value in changed.items() if value is not None},
    ).stdout


PARSE = """
from tnc.diagnostics import Report, Source
from tnc.syntax.parse import parse
print(len(parse(Source("m.tnn", "tnn 1\\nlayer L { mode n }"), Report()).items))
"""


def test_the_tables_are_cached(tmp_path: Path) -> None:
    assert run(PARSE, XDG_CACHE_HOME=str(tmp_path)) == "1\n"
    (cached,) = (tmp_path / "tnc").iterdir()
    written = cached.stat().st_mtime_ns
    assert run(PARSE, XDG_CACHE_HOME=str(tmp_path)) == "1\n"
    assert cached.stat().st_mtime_ns == written
    cached.write_bytes(cached.read_bytes()[:1000])  # as after a full disk
    assert run(PARSE, XDG_CACHE_HOME=str(tmp_path)) == "1\n"
    assert cached.stat().st_size > 1000


def test_tables_with_a_wrong_byte_are_not_believed() -> None:
    content = bytearray(stored(grammar.tables(), grammar.text()))
    assert restored(bytes(content), grammar.text()) is not None
    assert restored(bytes(content), "another grammar") is None
    for at in range(0, len(content), len(content) // 200):
        content[at] ^= 1
        assert restored(bytes(content), grammar.text()) is None
        content[at] ^= 1


def test_no_folder_for_a_cache_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "tnc").write_text("a file where the folder should be")
    assert run(PARSE, XDG_CACHE_HOME=str(tmp_path)) == "1\n"
    assert run(PARSE, XDG_CACHE_HOME=None, HOME=str(tmp_path / "tnc")) == "1\n"
    unknown = "import pathlib\ndef home(): raise RuntimeError\npathlib.Path.home = home\n"
    assert run(unknown + PARSE, XDG_CACHE_HOME="relative") == "1\n"


def test_the_grammar_is_found_in_a_wheel_too(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tnc", tmp_path / "tnc")
    shutil.copytree(ROOT / "grammar", tmp_path / "tnc" / "grammar")
    assert run(PARSE, PYTHONPATH=str(tmp_path), XDG_CACHE_HOME=str(tmp_path)) == "1\n"


def test_parsing_starts_without_what_is_slow(tmp_path: Path) -> None:
    slow = {"torch", "numpy", "networkx", "cotengra", "lark"}
    again = f"{PARSE}\nimport sys; print({slow} & set(sys.modules))"
    assert "lark" in run(again, XDG_CACHE_HOME=str(tmp_path))
    assert run(again, XDG_CACHE_HOME=str(tmp_path)) == "1\nset()\n"


def test_there_are_programs_to_read() -> None:
    assert len(PROGRAMS) == 9
