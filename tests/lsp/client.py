"""A client of the language server that shares no code with it: JSON-RPC over the stdio of a
process, positions counted in UTF-16 as the protocol does unless something else is agreed on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue
from typing import Any

SECONDS = 60.0
"""After which a test fails that waits for an answer."""


class Failed(Exception):
    """An answer that says that the request failed."""


class Client:
    """Starts `tnc lsp` and speaks with it."""

    def __init__(self, folder: Path, able: dict[str, Any] | None = None) -> None:
        """`able`: the capabilities that the client says it has."""
        self.folder = folder
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "tnc",
                "lsp",
            ],  # -P: as the command does, nothing from here
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            cwd=folder,
        )
        self._received: Queue[dict[str, Any]] = Queue()
        self._unread: list[dict[str, Any]] = []
        self._next = 0
        self._versions: dict[str, int] = {}
        self.texts: dict[str, str] = {}
        self.errors: list[bytes] = []
        self._threads = [
            threading.Thread(target=each, daemon=True) for each in (self._read, self._listen)
        ]
        for thread in self._threads:
            thread.start()
        self.capabilities = self.request(
            "initialize",
            processId=None,
            rootUri=folder.as_uri(),
            workspaceFolders=[{"uri": folder.as_uri(), "name": "work"}],
            capabilities=able or {},
        )["capabilities"]
        self.notify("initialized")

    # ------------------------------------------------------------ messages
    def send(self, **message: Any) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        self.process.stdin.flush()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.removeprefix(b"Content-Length: "))
            while stream.readline().strip():
                pass
            self._received.put(json.loads(stream.read(length)))

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)

    def receive(self, wanted: Any, seconds: float = SECONDS) -> dict[str, Any]:
        """The first message that is wanted; the others are kept."""
        for k, message in enumerate(self._unread):
            if wanted(message):
                return self._unread.pop(k)
        while True:
            try:
                message = self._received.get(timeout=seconds)
            except Empty:
                raise AssertionError(b"".join(self.errors).decode() or "no answer") from None
            if wanted(message):
                return message
            self._unread.append(message)

    def request(self, method: str, **params: Any) -> Any:
        """The result. Errors: Failed."""
        self._next += 1
        number = self._next
        self.send(id=number, method=method, params=params)
        answer = self.receive(lambda message: message.get("id") == number)
        if "error" in answer:
            raise Failed(answer["error"]["message"])
        return answer["result"]

    def notify(self, method: str, **params: Any) -> None:
        self.send(method=method, params=params)

    # ------------------------------------------------------------ texts
    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str) -> None:
        uri = self.uri(name)
        self._versions[uri], self.texts[name] = 1, text
        document = {"uri": uri, "languageId": "tnn", "version": 1, "text": text}
        self.notify("textDocument/didOpen", textDocument=document)

    def replace(self, name: str, old: str, new: str) -> None:
        """Write `new` where `old` stands first, as an editor tells of it."""
        text = self.texts[name]
        start = text.index(old)
        change = {"range": self.range(text, start, start + len(old)), "text": new}
        uri = self.uri(name)
        self._versions[uri] += 1
        self.texts[name] = text[:start] + new + text[start + len(old) :]
        document = {"uri": uri, "version": self._versions[uri]}
        self.notify("textDocument/didChange", textDocument=document, contentChanges=[change])

    def diagnostics(self, name: str) -> list[dict[str, Any]]:
        """What is published of the text as it is."""
        uri = self.uri(name)

        def wanted(message: dict[str, Any]) -> bool:
            params = message.get("params", {})
            published = message.get("method") == "textDocument/publishDiagnostics"
            right = published and params["uri"] == uri
            return right and params.get("version") == self._versions[uri]

        found: list[dict[str, Any]] = self.receive(wanted)["params"]["diagnostics"]
        return found

    def ask(self, what: str, name: str, place: str, **params: Any) -> Any:
        """Ask of the place that is marked with `¦` in a part of the text."""
        before, _, after = place.partition("¦")
        text = self.texts[name]
        at = text.index(before + after) + len(before)
        return self.request(
            f"textDocument/{what}",
            textDocument={"uri": self.uri(name)},
            position=self.position(text, at),
            **params,
        )

    @staticmethod
    def position(text: str, offset: int) -> dict[str, int]:
        line = text.count("\n", 0, offset)
        start = text.rfind("\n", 0, offset) + 1
        return {"line": line, "character": len(text[start:offset].encode("utf-16-le")) // 2}

    @classmethod
    def range(cls, text: str, start: int, end: int) -> dict[str, dict[str, int]]:
        return {"start": cls.position(text, start), "end": cls.position(text, end)}

    @staticmethod
    def offset(text: str, position: dict[str, int]) -> int:
        line = text.split("\n")[position["line"]]
        start = sum(len(each) + 1 for each in text.split("\n")[: position["line"]])
        return start + len(
            line.encode("utf-16-le")[: 2 * position["character"]].decode("utf-16-le")
        )

    def shown(self, name: str, range: dict[str, Any], text: str | None = None) -> str:
        """What stands in a range."""
        text = self.texts[name] if text is None else text
        return text[self.offset(text, range["start"]) : self.offset(text, range["end"])]

    def edited(self, name: str, edits: list[dict[str, Any]], text: str | None = None) -> str:
        """The text with edits."""
        text = self.texts[name] if text is None else text
        places = [
            (self.offset(text, e["range"]["start"]), self.offset(text, e["range"]["end"]), e)
            for e in edits
        ]
        for start, end, edit in sorted(places, key=lambda place: place[:2], reverse=True):
            text = text[:start] + edit["newText"] + text[end:]
        return text

    def close(self) -> int:
        """End the server as an editor does; its exit code."""
        self.request("shutdown")
        self.notify("exit")
        return self.ended()

    def ended(self) -> int:
        """Wait for the end of the server; its exit code."""
        code = self.process.wait(timeout=SECONDS)
        for thread in self._threads:
            thread.join(SECONDS)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                stream.close()
        return code
