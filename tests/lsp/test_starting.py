"""Starting and ending, with and without what the server needs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lsp.client import Client
from tnc.editor.desk import Document
from tnc.lsp.server import Server

ROOT = Path(__file__).parents[2]

WITHOUT = """\
import sys
sys.modules["{package}"] = None
sys.path.insert(0, {root!r})
from tnc.cli.main import main
sys.exit(main(["lsp"]))
"""


def test_without_pygls_it_says_what_to_install() -> None:
    for package in ("pygls", "lsprotocol"):
        script = WITHOUT.format(package=package, root=str(ROOT))
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
        assert done.returncode == 3
        message = 'error: the language server needs pygls: pip install "tnc[lsp]"\n'
        assert done.stderr.decode() == message


def test_the_server_ends_with_its_editor(tmp_path: Path) -> None:
    client = Client(tmp_path)
    assert client.process.stdin is not None
    client.process.stdin.close()
    assert client.ended() == 0


def test_the_server_does_not_import_torch(tmp_path: Path) -> None:
    """Nor anything that a text names: an extern is looked at when it is built."""
    (tmp_path / "mine.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    script = "import sys, tnc.lsp.features as f\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
    client = Client(tmp_path)
    client.open("a.tnn", "tnn 1\nextern f: [n] -> [n] = mine.f()\n")
    assert client.diagnostics("a.tnn") == []
    assert "extern f" in client.ask("hover", "a.tnn", "extern ¦f")["contents"]["value"]
    assert client.close() == 0


def test_a_check_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """To whoever reads the log of the server, and to whoever writes the text."""

    def broken(document: Document, soon: bool = True) -> None:
        raise RecursionError("a layer within itself")

    async def checked(server: Server) -> None:
        server.check(server.desk.put(tmp_path / "a.tnn", "tnn 1\n"))
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    server, shown = Server(), list[str]()
    monkeypatch.setattr(Document, "read", broken)
    monkeypatch.setattr(server, "window_show_message", lambda each: shown.append(each.message))
    asyncio.run(checked(server))
    assert "RecursionError" in caplog.text
    assert shown == ["Error in server: a layer within itself"]
