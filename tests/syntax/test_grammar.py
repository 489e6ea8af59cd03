"""The grammar: free of conflicts, quick to load, wherever it lies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lark.lexer import PatternStr

from tests.syntax.reading import PROGRAMS
from tnc.syntax import grammar

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fresh() -> Iterator[None]:
    """Tables that are read or made anew, whatever was parsed before."""
    grammar.lark.cache_clear()
    yield
    grammar.lark.cache_clear()


def test_no_conflicts_under_strict_lalr(monkeypatch: pytest.MonkeyPatch, fresh: None) -> None:
    """Strict: neither rules nor terminals are in conflict. It needs interegular."""
    pytest.importorskip("interegular")
    made = grammar.Lark
    monkeypatch.setattr(grammar, "_cache_path", lambda _: None)
    monkeypatch.setattr(grammar, "Lark", lambda *a, **k: made(*a, **{**k, "strict": True}))
    assert grammar.lark().options.strict


def test_the_list_of_keywords_is_that_of_the_grammar() -> None:
    patterns = [terminal.pattern for terminal in grammar.lark().terminals]
    words = {each.value for each in patterns if isinstance(each, PatternStr)}
    assert {word for word in words if word.isalpha()} == grammar.KEYWORDS


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


def test_parsing_starts_without_what_is_slow() -> None:
    slow = {"torch", "numpy", "networkx", "cotengra"}
    assert run(f"{PARSE}\nimport sys; print({slow} & set(sys.modules))") == "1\nset()\n"


def test_there_are_programs_to_read() -> None:
    assert len(PROGRAMS) == 9
