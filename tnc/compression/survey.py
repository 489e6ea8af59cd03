"""Which layers of a model are there to be replaced, and why the others are left alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from torch import nn

from tnc.compression.dense import FIXED, Dense, Unfit, described, size_of
from tnc.diagnostics import nearest
from tnc.record import record


@record(eq=False)
class Site:
    """A dense layer of a model, with every name under which it stands there. `reason` says why it
    is left alone; "" means that it is to be replaced."""

    names: tuple[str, ...]
    module: nn.Module
    dense: Dense | None
    reason: str = ""

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def parameters(self) -> int:
        return size_of(self.module.parameters(recurse=False))

    def left(self, reason: str) -> Site:
        """The same layer, left alone."""
        return replace(self, reason=reason)


def surveyed(model: nn.Module, include: Sequence[str], exclude: Sequence[str]) -> list[Site]:
    """The dense layers of a model, in order.

    Left alone are, unless a glob of `include` names them: depthwise convolutions, the first
    convolution, and the classifier, which is the last dense layer behind which there is no
    convolution; and always what `exclude` names, what `include` does not, where it is given, and
    what cannot be replaced.

    Errors: ValueError for a glob that names no layer.
    """
    sites = list(_dense_layers(model))
    names = [name for site in sites for name in site.names]
    for glob in (*include, *exclude):
        if not any(_matches(name, glob) for name in names):
            raise ValueError(_no_layer(glob, names))
    sites = [_selected(site, include, exclude) for site in sites]
    return sites if include else _spared(sites)


def _dense_layers(model: nn.Module) -> Iterator[Site]:
    names: dict[nn.Module, list[str]] = {}
    owners: dict[nn.Module, str] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        names.setdefault(module, []).append(name)
        for why in (why for kind, why in FIXED.items() if isinstance(module, kind)):
            owners.update(dict.fromkeys(module.modules(), why))
    for module, known in names.items():
        try:
            dense = described(module)
        except Unfit as error:
            yield Site(tuple(known), module, None, str(error))
            continue
        if dense is not None:
            whole = "it is the whole model" if known == [""] else ""
            yield Site(tuple(known), module, dense, owners.get(module, whole))


def _matches(name: str, glob: str) -> bool:
    return fnmatchcase(name, glob)


def _no_layer(glob: str, names: Sequence[str]) -> str:
    if not names:
        return f"`{glob}` names no layer: the model has neither nn.Linear nor nn.Conv1d, 2d or 3d"
    close = nearest(glob, names)
    hint = f"did you mean `{close}`?" if close else f"there are {_listed(names)}"
    return f"`{glob}` names no layer that could be replaced; {hint}"


def _listed(names: Sequence[str]) -> str:
    more = f", and {len(names) - 6} more" if len(names) > 6 else ""
    return f"{', '.join(f'`{each}`' for each in names[:6])}{more}"


def _selected(site: Site, include: Sequence[str], exclude: Sequence[str]) -> Site:
    if site.reason:
        return site
    for glob in exclude:
        if any(_matches(name, glob) for name in site.names):
            return site.left(f"excluded by `{glob}`")
    if include and not any(_matches(name, glob) for name in site.names for glob in include):
        return site.left("not included")
    return site


def _spared(sites: Sequence[Site]) -> list[Site]:
    """The layers that are left alone by default."""
    convolutions = [site for site in sites if site.dense and site.dense.dimensions]
    dense = [site for site in sites if site.dense]
    spared = {}
    if dense and not dense[-1].dense.dimensions:  # type: ignore[union-attr]
        spared[dense[-1]] = "the classifier"
    if convolutions:
        spared[convolutions[0]] = "the first convolution"
    for site in convolutions:
        if site.dense and site.dense.depthwise:
            spared[site] = "depthwise"
    return [
        site.left(spared[site]) if site in spared and not site.reason else site for site in sites
    ]


def with_own_weights(model: nn.Module, sites: Sequence[Site]) -> list[Site]:
    """Those whose weight is also that of something that is not replaced are left alone."""
    replaced = {site.module for site in sites if not site.reason}
    owners = owned(model, replaced)
    found = []
    for site in sites:
        shared = owners.get(id(getattr(site.module, "weight", None)))
        if shared and not site.reason:
            site = site.left(f"its weight is `{shared[0]}` as well")
        found.append(site)
    return found


def owned(model: nn.Module, without: Collection[nn.Module] = ()) -> dict[int, list[str]]:
    """The parameters of a model by their ids: one name for each module, of those not in `without`,
    that has it."""
    found: dict[int, list[str]] = {}
    for name, module in model.named_modules():
        if module not in without:
            for last, parameter in module.named_parameters(recurse=False):
                found.setdefault(id(parameter), []).append(f"{name}.{last}".lstrip("."))
    return found
