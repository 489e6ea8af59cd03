"""`import tnc.importer`: from then on `from mylayers import CPConv` reads `mylayers.tnn`.

A module of Python's with the same name comes first. Layers are what `tnc.load` gives; each is
compiled when it is called.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from tnc.api.library import load

SUFFIX = ".tnn"


class LayerLoader(Loader):
    """Fills a module with the layers of the file at `path`."""

    def __init__(self, path: str) -> None:
        self.path = path

    def exec_module(self, module: ModuleType) -> None:
        """Errors: `tnc.CompileError` for a text that does not parse."""
        library = load(self.path)
        module.__doc__ = f"The layers of {Path(self.path).name}."
        module.__dict__.update(library)
        module.__dict__["__all__"] = [*library]


class LayerFinder(MetaPathFinder):
    """Finds `name.tnn` where Python would look for `name.py`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        name = fullname.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            place = Path(folder) / f"{name}{SUFFIX}"
            if place.is_file():
                return spec_from_file_location(fullname, place, loader=LayerLoader(str(place)))
        return None


if not any(isinstance(each, LayerFinder) for each in sys.meta_path):
    sys.meta_path.append(LayerFinder())
