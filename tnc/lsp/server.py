"""The server: open texts, one thread that reads them, and what is published by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import FeatureNotificationError, JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from tnc.diagnostics import Diagnostic, Source
from tnc.diagnostics.span import universal
from tnc.driver.front import check
from tnc.driver.imports import read
from tnc.editor.costs import Costs
from tnc.editor.desk import SYNTAX, Desk, Document
from tnc.lsp.convert import Converter
from tnc.version import VERSION

PAUSE = 0.01
"""Seconds without a keystroke after which a text is checked."""

IDLE = 0.25
"""Seconds after which there is time for what can wait: layers that use the one that is written, and
the index of names."""

LONG_PAUSE = 0.6
"""Seconds after which a text that does not parse is read as a whole once more: where a bracket is
missing, its pieces may be told otherwise."""

_Result = TypeVar("_Result")


def _is_no_refusal(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], JsonRpcException))


# That a request is refused, such as a renaming, is an answer: nothing has failed.
logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_no_refusal)


class Absent(Exception):
    """A text that is neither open nor on the disk."""


class Server(LanguageServer):
    """Texts are read by one thread, one after another, so that the others can answer at once."""

    def __init__(self) -> None:
        super().__init__("tnc", VERSION)
        self.desk = Desk()
        self.costs = Costs()
        self.uris: dict[Path, str] = {}
        self._reader = ThreadPoolExecutor(1, "reader")
        self._planner = ThreadPoolExecutor(1, "planner")
        self._checks: dict[Path, asyncio.Task[None]] = {}

    # ------------------------------------------------------------ texts
    def path(self, uri: str) -> Path:
        """The file of a URI; of a text that was never saved, its name."""
        name = to_fs_path(uri) if uri.startswith("file:") else None
        path = Path(name).resolve() if name else Path(uri.rpartition(":")[2]).resolve()
        self.uris[path] = uri
        return path

    def document(self, uri: str) -> Document:
        """A text as it is now: in the editor, else as it is saved. Errors: Absent."""
        path, known = self.path(uri), self.workspace.get_text_document(uri)
        if known.version is not None:  # only what is open has one
            return self.desk.put(path, universal(known.source))
        try:
            return Document(path, read(path).text, self.desk)
        except (OSError, ValueError):
            raise Absent(uri) from None

    @property
    def converter(self) -> Converter:
        """What makes records of the protocol."""
        encoding = types.PositionEncodingKind(self.workspace.position_encoding)
        return Converter(self.desk, encoding.value, self.uris)

    # ------------------------------------------------------------ work
    async def work(self, task: Callable[..., _Result], *arguments: Any) -> _Result:
        """Done by the thread that reads texts."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, partial(task, *arguments))

    async def plan(self, task: Callable[[], _Result], seconds: float) -> _Result | None:
        """Done by a thread that waits for plans; None if that takes longer. It goes on, and is
        known at the next time."""
        future = asyncio.get_running_loop().run_in_executor(self._planner, task)
        try:
            return await asyncio.wait_for(asyncio.shield(future), seconds)
        except TimeoutError:
            return None

    # ------------------------------------------------------------ diagnostics
    def check(self, document: Document) -> None:
        """Check a text after the next pause, and then those that may import it."""
        self._schedule(document, PAUSE)
        self._check_stale(document)

    def _check_stale(self, *sooner: Document) -> None:
        for other in self.desk.open.values():
            if other.stale and other not in sooner:
                self._schedule(other, LONG_PAUSE)

    def _schedule(self, document: Document, pause: float) -> None:
        before = self._checks.pop(document.path, None)
        if before is not None:
            before.cancel()
        task = asyncio.ensure_future(self._checked(document, pause))
        self._checks[document.path] = task

    async def _checked(self, document: Document, pause: float) -> None:
        await asyncio.sleep(pause)
        try:
            state = await self.work(document.read)
            self._publish(document, state.source, state.diagnostics)
            await asyncio.sleep(IDLE if document.read_once else 0)
            await self.work(document.indexed)  # completion asks what is known of the text
            if not state.complete:
                state = await self.work(document.read, False)
                self._publish(document, state.source, state.diagnostics)
            if any(each.code.startswith(SYNTAX) for each in state.diagnostics):
                await asyncio.sleep(LONG_PAUSE)
                self._publish(document, state.source, await self.work(check, state.source))
        except Exception as error:
            # Nobody awaits this task: whatever is raised here would be lost without a word, and
            # what was said of an earlier text would stand as if it were true.
            logging.getLogger(__name__).exception("a text could not be checked")
            self.report_server_error(error, FeatureNotificationError)

    def _publish(
        self, document: Document, source: Source, diagnostics: Iterable[Diagnostic]
    ) -> None:
        uri = self.converter.uri(document.path)
        now = self.workspace.get_text_document(uri)
        if universal(now.source) != source.text or document.path not in self.desk.open:
            return  # it was written on meanwhile, or closed
        made = [self.converter.diagnostic(each, source) for each in diagnostics]
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, made, version=now.version)
        )

    def close(self, uri: str) -> None:
        """A text is no longer open: what was said of it goes; others import it as it is saved."""
        path = self.path(uri)
        self.desk.open.pop(path, None)
        if (task := self._checks.pop(path, None)) is not None:
            task.cancel()
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
        self.desk.touch()
        self._check_stale()
