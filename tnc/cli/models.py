"""Users' models: imported by a Python path, with the states that they are given."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnc.cli.exits import Exit, Stop, reason, unreadable, usage
from tnc.diagnostics import nearest

if TYPE_CHECKING:
    from types import ModuleType

    from tnc.compression.dense import Module


def model_of(word: str) -> Module:
    """The model that `package.module:callable` or `file.py:callable` is or gives. It is the user's
    code, which is run. Stop where that raises, or gives no model."""
    home, colon, name = word.rpartition(":")
    if not colon or not home or not all(part.isidentifier() for part in name.split(".")):
        raise usage(f"`{word}` is no model; models are written `package.module:callable`")
    with _run(word):
        module = _from_file(home) if home.endswith(".py") else _imported(home)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            known = [each for each in vars(found) if not each.startswith("_")]
            close = nearest(part, known)
            hint = f"; did you mean `{close}`?" if close else ""
            raise usage(f"`{home}` has no `{part}`{hint}")
        found = getattr(found, part)
    return _called(word, found)


def _called(word: str, found: Any) -> Module:
    from torch import nn

    if not isinstance(found, nn.Module):
        if not callable(found):
            raise usage(f"`{word}` is a {type(found).__name__}, neither a model nor a callable")
        with _run(word):
            found = found()
    if not isinstance(found, nn.Module):
        raise usage(f"`{word}` gives a {type(found).__name__}, not a torch.nn.Module")
    return found


def _imported(name: str) -> ModuleType:
    """A module, as `python -m` would find it from the current folder."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise usage(f"`{name}` is no name of a module, nor of a .py file")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # something that the module imports
        raise unreadable(name, f"there is no module `{error.name}`") from None


def _from_file(path: str) -> ModuleType:
    place = Path(path)
    if not place.is_file():
        raise unreadable(path, "there is no such file")
    sys.path.insert(0, str(place.parent))  # as `python file.py` does
    spec = importlib.util.spec_from_file_location(place.stem, place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(place.stem, module)  # where pickle and dataclasses look for it
    spec.loader.exec_module(module)
    return module


@contextmanager
def _run(word: str) -> Iterator[None]:
    """What users' code raises is told in a line, without a traceback."""
    try:
        yield
    except Stop:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001
        from tnc.compression.example import raised

        raise Stop(Exit.REFUSED, f"error: {raised(f'`{word}`', error)}") from None


def load(model: Module, path: str) -> None:
    """Load a checkpoint, all of whose names must be the model's. Stop otherwise."""
    from tnc.compression.loader import load_
    from tnc.compression.tensors import Unreadable, read_state

    try:
        state = read_state(path)
    except OSError as error:
        raise unreadable(path, reason(error)) from None
    except Unreadable as error:
        raise unreadable(path, str(error)) from None
    try:
        load_(model, state)
    except ValueError as error:
        raise Stop(Exit.REFUSED, f"error: `{path}`: {error}") from None
