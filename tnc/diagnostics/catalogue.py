"""The one table of diagnostics: tests, `tnc explain` and the documentation are made from it."""

from tnc.diagnostics.entries import build, names, roles, sizes, syntax, types, warnings
from tnc.diagnostics.entry import Entry

GROUPS: dict[str, tuple[Entry, ...]] = {
    "syntax": syntax.ENTRIES,
    "names": names.ENTRIES,
    "roles": roles.ENTRIES,
    "sizes": sizes.ENTRIES,
    "types": types.ENTRIES,
    "build": build.ENTRIES,
    "warnings": warnings.ENTRIES,
}

CATALOGUE: dict[str, Entry] = {
    entry.code: entry for entries in GROUPS.values() for entry in entries
}
