"""A file together with the files that it imports."""

from collections.abc import Mapping

from tnc.diagnostics.span import Source
from tnc.record import record
from tnc.syntax import tree


@record(eq=False, weakref_slot=True)
class Module:
    """A parsed file. `name` is what imports call it (`std.nn`), "" for the file that is compiled.
    `imports` holds the module of every import by its path as written, without those that were
    reported. What others know of a module they may keep as long as it is there: weakly."""

    name: str
    source: Source
    file: tree.File
    imports: Mapping[str, "Module"]


def written(path: tree.ModulePath) -> str:
    """`.zoo.tt` as it stands in the text."""
    return "." * path.dots + ".".join(name.text for name in path.names)
