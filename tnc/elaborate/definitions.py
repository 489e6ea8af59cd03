"""What a name can stand for that is known when a layer is compiled, layers among it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from enum import Enum
from typing import TypeAlias

from tnc.diagnostics import Source, Span
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.record import record
from tnc.syntax import tree


class Unknown(Enum):
    """What cannot be known: it was reported already, or depends on a parameter that is not set."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


@record(eq=False)
class Definition:
    """A layer or an extern of a file, and the names that its text sees. Identity is equality."""

    node: tree.Layer | tree.Extern
    home: FileNames

    @property
    def name(self) -> str:
        return self.node.name.text

    @property
    def params(self) -> tuple[tree.Param, ...]:
        return self.node.params or ()

    @property
    def pointwise(self) -> bool:
        """Whether it is an extern that keeps the modes of its input, whatever they are."""
        options = self.node.options if isinstance(self.node, tree.Extern) else ()
        return any(
            isinstance(each, tree.Argument)
            and isinstance(each.value, tree.Name)
            and each.value.text == "pointwise"
            for each in options
        )

    @property
    def function(self) -> str | None:
        """The Python function that a pointwise extern without parameters stands for."""
        node = self.node
        if not isinstance(node, tree.Extern) or not self.pointwise:
            return None
        return None if isinstance(node.target, tree.Call) else node.target.span.text


@record
class Partial:
    """A layer with some of its parameters given: `CP`, `CP(R: 16)`. The value of parameters of
    type `layer`."""

    definition: Definition
    settings: tuple[tuple[str, Constant], ...] = ()

    @property
    def given(self) -> dict[str, Constant]:
        return dict(self.settings)


@record
class BuiltIn:
    """A function of the language, such as `relu`: a layer without parameters, too."""

    name: str


Constant: TypeAlias = (
    int | float | str | Size | Scalar | Unknown | Partial | BuiltIn | tuple["Constant", ...]
)
Imported: TypeAlias = "Definition | FileNames | Constant"


@record(eq=False)
class FileNames:
    """What stands outside of the layers of a file.

    `module`: how imports call the file. `layers`: layers and externs. `values`: its lets.
    `imported`: names from other files. `spans`: where each name is declared. `poisoned`: names that
    may have been declared in what was lost. `members`: the files of a folder, such as `std`.
    `functions`: those of the language that it passes on. `head`: where a line can be added to the
    imports, as an edit may do.
    """

    module: str
    source: Source
    layers: Mapping[str, Definition]
    values: Mapping[str, Constant]
    imported: Mapping[str, Imported]
    spans: Mapping[str, Span]
    poisoned: frozenset[str]
    members: Mapping[str, FileNames] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    head: Span | None = None

    @property
    def offered(self) -> frozenset[str]:
        """The names that `public` knows."""
        return frozenset({*self.layers, *self.members, *self.values, *self.functions})

    def poisoning(self, lost: frozenset[str]) -> FileNames:
        """The same names as a layer sees them in which some more were lost."""
        return replace(self, poisoned=self.poisoned | lost) if lost else self

    def public(self, name: str) -> Imported | None:
        """What other files get under this name."""
        if name in self.layers:
            return self.layers[name]
        found = self.members.get(name) or self.values.get(name)
        return BuiltIn(name) if found is None and name in self.functions else found


NO_FILE = FileNames("", Source("", ""), {}, {}, {}, {}, frozenset())
