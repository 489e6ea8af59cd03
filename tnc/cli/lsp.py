"""`tnc lsp`: the language server."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from tnc.cli.exits import Exit, Stop

SUMMARY = "serve an editor: diagnostics, hover, completion, renaming, formatting"
DESCRIPTION = """\
The language server for .tnn files. An editor starts it and speaks with it over stdin and stdout
(Language Server Protocol); docs/editors.md says how to set up VS Code, Neovim, Helix and Emacs.
It needs pygls: pip install "tnc[lsp]"."""
EPILOG = """\
example:
  tnc lsp          as an editor runs it; it ends when the editor does

exit codes: 0 ok, 2 wrong usage, 3 pygls is not installed"""


TURN = 0.0005
"""Seconds after which a thread that reads a text lets others answer; Python's own choice is ten
times as much, and an answer waits for its turn several times."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stdio", action="store_true", help="speak over stdin and stdout, as is done anyway"
    )


def run(arguments: argparse.Namespace) -> int:
    try:
        features = import_module("tnc.lsp.features")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"pygls", "lsprotocol"}:
            raise
        message = 'error: the language server needs pygls: pip install "tnc[lsp]"'
        raise Stop(Exit.IO, message) from None
    sys.setswitchinterval(TURN)
    # The server closes what it is given; the process's own streams are for others.
    with os.fdopen(os.dup(0), "rb") as stdin, os.fdopen(os.dup(1), "wb") as stdout:
        features.server.start_io(stdin, stdout)
    return Exit.OK
