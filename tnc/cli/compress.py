"""`tnc compress`: the dense layers of a model become compiled ones of a family."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnc.cli import terminal, values
from tnc.cli.configuration import configured
from tnc.cli.exits import Exit, Stop, reason, unreadable, unwritable, usage
from tnc.cli.writing import is_same

if TYPE_CHECKING:
    from tnc.compression.compress import Compressed
    from tnc.compression.example import Example

SUMMARY = "replace the dense layers of a PyTorch model by compiled ones"
DESCRIPTION = """\
Replace the dense layers of a model, nn.Linear, nn.Conv1d, 2d, 3d and the Conv1D of transformers,
by compiled layers of a family of tensor networks, fitted to their weights.

MODEL is your own code, which is imported and called: `package.module:callable`, or
`file.py:callable`; the callable gives the dense model, or is it. The table of what becomes of each
layer is printed; into a folder are written

  checkpoint.safetensors   the state of the compressed model, the layers in its metadata
  compressed.py            `compress_(model)` sets the layers into the dense model and loads them
  compressed_layers.py     the layers, as `tnc compile` makes them: PyTorch is all they need
  compressed_layers.tnn    what they were made of

Depthwise convolutions, the first convolution and the classifier are left alone unless `--include`
names them."""
EPILOG = """\
examples:
  tnc compress resnet:resnet50 --weights resnet50.pt --family rCP --ratio 0.1 \\
      --input 1,3,224,224 --dry-run                    the table only
  tnc compress resnet:resnet50 --weights resnet50.pt --family rCP --ratio 0.1 -o small/
  tnc compress net.py:Net --family Conv=TK --family 'Linear=rTT(d: 3)' --error 0.2
  tnc compress net.py:Net --family mine.tnn:Block --rank 8 --include 'layers.*'
  tnc compress net.py:Net --family TT --budget 25%       of all parameters, shared by gain
  tnc expand small/checkpoint.safetensors              back to a dense checkpoint

exit codes: 0 ok, 1 the model or the family has errors, or nothing is replaced, 2 wrong usage,
3 a file cannot be read or written, 4 the budget is too small, 130 interrupted"""

KIND = re.compile(r"(?P<kind>\w+)\s*=\s*(?P<family>.+)", re.DOTALL)
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
BUDGET = re.compile(r"(?P<number>[0-9]{1,15}(\.[0-9]+)?)(?P<unit>[kMG%]?)")
SHAPE = re.compile(r"(?P<sizes>[0-9]{1,9}(,[0-9]{1,9})*)(:(?P<type>\w+))?")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", help="your model, imported: `package.module:callable`"
    )
    parser.add_argument(
        "--weights", metavar="FILE", help="its checkpoint: .safetensors, or what torch.save wrote"
    )
    parser.add_argument(
        "--family",
        action="append",
        default=[],
        metavar="[KIND=]FAMILY",
        help="what layers are replaced by (default: rCP): `rCP`, `TK(R1: 8)`, "
        "`std.convolution.CP`, `FILE.tnn:LAYER`; for layers of one kind only as `Conv2d=TT`, "
        "`Conv=TT`, `Linear=rTT`",
    )
    _add_sizes(parser)
    parser.add_argument(
        "--include", action="append", default=[], metavar="GLOB", help="only layers of such names"
    )
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="GLOB", help="no layers of such names"
    )
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="SIZES[:TYPE]",
        help="an input of the model, 1,3,224,224 or 1,128:int64, for which costs are predicted and "
        "layers planned; once for each input",
    )
    parser.add_argument("-o", "--output", metavar="FOLDER", help="where files are written")
    parser.add_argument("--dry-run", action="store_true", help="write nothing, show the table")
    parser.add_argument(
        "--json", action="store_true", help="the table as JSON (schema tnc.compress/1)"
    )
    _add_fit(parser)


def _add_sizes(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--ratio",
        metavar="X",
        help="the largest ranks with at most this part of the parameters of each kernel: 0.1",
    )
    group.add_argument(
        "--error", metavar="X", help="the smallest ranks that meet each kernel to within this part"
    )
    group.add_argument(
        "--budget",
        metavar="N",
        help="parameters of the whole model, shared by what they gain: 2.5M, 300k, 10%%",
    )
    group.add_argument("--rank", metavar="R", help="every rank")


def _add_fit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--iterations", default="50", metavar="N", help="sweeps of a fit, at most (default: 50)"
    )
    parser.add_argument(
        "--restarts", default="1", metavar="N", help="starts of a fit, the best counts (default: 1)"
    )
    parser.add_argument("--seed", default="0", metavar="N", help="of random starts (default: 0)")
    parser.add_argument(
        "--bind",
        action="append",
        default=[],
        metavar="MODE=SIZE,...",
        help="sizes for which layers are planned where there is no `--input`: n=128",
    )
    parser.add_argument(
        "--profile",
        metavar="cpu|cuda|machine|FILE",
        help="the machine that plans and predictions are made for (default: cpu)",
    )


def run(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    place = None if arguments.dry_run else _place(arguments)
    progress = terminal.Progress(None)
    try:
        with redirect_stdout(sys.stderr):  # what the model prints is not what was asked for
            made = _compressed(arguments, settings, progress.step)
    finally:
        progress.clear()
    terminal.show(made.diagnostics)
    if arguments.json:
        terminal.data(json.dumps(made.table.to_json(), indent=2, ensure_ascii=False))
    else:
        terminal.data(str(made.table))
    if not made.table.replaced:
        raise Stop(Exit.REFUSED, "error: no layer is replaced; the table says why")
    if place is not None:
        _write(made, place)
    return Exit.OK


# ---------------------------------------------------------------- what is asked for


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    configuration = configured()
    sizes = values.sizes(configuration.binding(arguments.bind))
    return {
        "family": _families(arguments.family),
        "ratio": _number("--ratio", arguments.ratio),
        "error": _number("--error", arguments.error),
        "budget": _budget(arguments.budget),
        "rank": None if arguments.rank is None else values.whole("--rank", arguments.rank),
        "include": arguments.include,
        "exclude": arguments.exclude,
        "iterations": values.whole("--iterations", arguments.iterations),
        "restarts": values.whole("--restarts", arguments.restarts),
        "seed": _seed(arguments.seed),
        "bind": sizes,
        "profile": configuration.profile(arguments.profile, "cpu"),
        "dry_run": arguments.dry_run,
        "inplace": True,
    }


def _families(words: Sequence[str]) -> str | dict[str, str]:
    if not words:
        return "rCP"
    pairs = [KIND.fullmatch(word) for word in words]
    named = {found["kind"]: found["family"] for found in pairs if found}
    if not named and len(words) == 1:
        return words[0]
    if len(named) < len(words):
        raise usage("several families need the kinds of layers that they are for: `Conv=TK`")
    return named


def _number(flag: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise usage(f"`{flag} {text}`: give a number like 0.1") from None


def _budget(text: str | None) -> float | None:
    """A part of the model, at most 1, or a number of parameters."""
    if text is None:
        return None
    found = BUDGET.fullmatch(text)
    number = Decimal(found["number"] if found else 0)
    if found is None or not number:
        raise usage(f"`--budget {text}`: give parameters like 2.5M, or a part of them like 10%")
    if found["unit"] == "%":
        if number > 100:
            raise usage(f"`--budget {text}`: a part of the model is at most 100%")
        return float(number / 100)
    if not found["unit"] and number < 1:
        return float(number)
    parameters = number * UNITS[found["unit"]]
    if parameters == 1:
        raise usage(f"`--budget {text}`: say 1% or 100%, or give parameters like 2.5M")
    if parameters < 1 or parameters % 1:
        raise usage(f"`--budget {text}`: {parameters.normalize():f} is no number of parameters")
    return int(parameters)


def _seed(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise usage(f"`--seed {text}`: give a whole number")
    return int(text)


def _example(words: Sequence[str]) -> Example | None:
    import torch

    made = []
    source = torch.Generator().manual_seed(0)
    for word in words:
        found = SHAPE.fullmatch(word)
        dtype = getattr(torch, found["type"] or "float32", None) if found else None
        if found is None or not isinstance(dtype, torch.dtype):
            raise usage(f"`--input {word}`: give sizes like 1,3,224,224, or 1,128:int64")
        sizes = [int(size) for size in found["sizes"].split(",")]
        floating = dtype.is_floating_point or dtype.is_complex
        try:
            made.append(
                torch.randn(sizes, generator=source).to(dtype)
                if floating
                else torch.zeros(sizes, dtype=dtype)
            )
        except RuntimeError as error:  # too large, or a type that has no zero
            why = str(error).split("\n")[0]
            raise usage(f"`--input {word}`: PyTorch cannot make it: {why}") from None
    return tuple(made) or None


# ---------------------------------------------------------------- doing it


def _compressed(
    arguments: argparse.Namespace, settings: dict[str, Any], step: Callable[[str], None]
) -> Compressed:
    from tnc.cli.models import load, model_of
    from tnc.compression.budget import Infeasible
    from tnc.compression.compress import compress
    from tnc.compression.example import ExampleFailed

    example = _example(arguments.input)
    step(f"import {arguments.model}")
    model = model_of(arguments.model)
    if arguments.weights is not None:
        step(f"read {arguments.weights}")
        load(model, arguments.weights)
    try:
        return compress(model, example=example, progress=step, **settings)
    except ExampleFailed as error:
        help = "`--input` has all sizes of what a call takes, the batch among them: 1,3,224,224"
        raise Stop(Exit.REFUSED, f"error: {error}\n  = help: {help}") from None
    except Infeasible as error:
        raise Stop(Exit.LIMIT, f"error: the budget cannot be met: {error}") from None
    except FileNotFoundError as error:
        raise unreadable(str(error.filename), reason(error)) from None
    except ValueError as error:
        raise usage(str(error)) from None


# ---------------------------------------------------------------- writing


def _place(arguments: argparse.Namespace) -> Path:
    """The folder to write into. One that nobody named is only written into where there is nothing
    else than what this command wrote."""
    named = arguments.output is not None
    own = f"{arguments.model.rpartition(':')[2]}_compressed"
    place = Path(arguments.output if named else own)
    if place.exists() and not place.is_dir():
        raise unwritable(str(place), "it is no folder")
    _spare(arguments, place)
    if not named and place.exists() and not (place / "compressed.py").is_file():
        raise unwritable(str(place), f"it is there already; `-o {place}` writes into it")
    return place


def _spare(arguments: argparse.Namespace, place: Path) -> None:
    """Stop where the model's code or its checkpoint would be written over."""
    from tnc.compression.saved import CHECKPOINT, LOADER
    from tnc.compression.spec import FILE, STEM

    home = arguments.model.rpartition(":")[0]
    code = home if home.endswith(".py") else f"{home.replace('.', '/')}.py"
    for source in filter(None, (arguments.weights, code)):
        for name in (CHECKPOINT, LOADER, FILE, f"{STEM}.py"):
            if is_same(place / name, Path(source)):
                raise usage(f"`{source}` is what is read: `-o` must name another folder")


def _write(made: Compressed, place: Path) -> None:
    try:
        made.write(place)
    except OSError as error:
        raise unwritable(str(place), reason(error)) from None
    except ValueError as error:
        raise Stop(Exit.REFUSED, f"error: {error}") from None
    names = ", ".join(sorted(each.name for each in place.iterdir() if each.is_file()))
    terminal.tell(f"wrote {place}: {names}")
