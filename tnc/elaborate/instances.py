"""The layers that a layer contains, each an attribute of its module."""

from __future__ import annotations

from dataclasses import dataclass, field

from tnc.ir.layer import Instance


@dataclass(slots=True)
class Instances:
    """`f` for `let f = Block(16)`; `Block_1`, `Block_2`, … for those written inline, numbered per
    name in the order of the text. `names` are those that a `let` gives to a layer, each with the
    attribute (`let g = f` is another name of f), `shared` the instances that are in use of these.
    """

    names: dict[str, str] = field(default_factory=dict)
    shared: dict[str, Instance] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _calls: int = 0

    def next_name(self, base: str) -> str:
        """The attribute of the next inline instance of a layer called `base`."""
        self._counts[base] = self._counts.get(base, 0) + 1
        return f"{base}_{self._counts[base]}"

    def next_call(self) -> int:
        """A number for a call."""
        self._calls += 1
        return self._calls
