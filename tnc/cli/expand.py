"""`tnc expand`: a compressed checkpoint becomes a dense one."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING

from tnc.cli import terminal
from tnc.cli.exits import Exit, reason, unreadable, usage
from tnc.cli.writing import is_same, write_whole

if TYPE_CHECKING:
    from tnc.compression.dense import State

SUMMARY = "turn a compressed checkpoint back into a dense one"
DESCRIPTION = """\
Multiply out the factors of a checkpoint that `tnc compress` wrote, so that the dense model loads
it. Names, shapes and types are those of the dense model; other tensors stay as they are. The
model's code is not needed."""
EPILOG = """\
examples:
  tnc expand small/checkpoint.safetensors              writes small/dense.safetensors
  tnc expand small -o dense.pt                         for torch.load

exit codes: 0 written, 1 the layers in the checkpoint have errors, 2 wrong usage,
3 a file cannot be read or written"""

CHECKPOINT = "checkpoint.safetensors"
DENSE = "dense.safetensors"
PICKLED = (".pt", ".pth", ".bin")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "checkpoint", metavar="FILE", help="the checkpoint, or the folder that it is in"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help=f"the file to write, .safetensors or .pt (default: {DENSE} beside the checkpoint)",
    )


def run(arguments: argparse.Namespace) -> int:
    from tnc.compression.expansion import dense_state
    from tnc.compression.tensors import SUFFIX, Unreadable

    given = Path(arguments.checkpoint)
    source = given / CHECKPOINT if given.is_dir() else given
    target = Path(arguments.output) if arguments.output else source.with_name(DENSE)
    if target.suffix not in {SUFFIX, *PICKLED}:
        raise usage(f"`{target}` ends neither in {SUFFIX} nor in {', '.join(PICKLED)}")
    if is_same(target, source):
        raise usage(f"`{target}` is what is read: it cannot be written as well")
    try:
        state = dense_state(source)
    except OSError as error:
        raise unreadable(str(source), reason(error)) from None
    except Unreadable as error:
        raise unreadable(str(source), str(error)) from None
    write_whole(target, _content(state, target.suffix))
    terminal.tell(f"wrote {target}: {len(state)} tensors")
    return Exit.OK


def _content(state: State, suffix: str) -> bytes:
    import torch

    from tnc.compression.tensors import SUFFIX, serialised

    if suffix == SUFFIX:
        return serialised(state, {"format": "pt"})
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()
