"""`record`: a frozen dataclass with slots that is quick to define, and quick to make instances of.

`dataclass(frozen=True, slots=True)` compiles seven methods for each class, one after the other: for
the classes that `tnc check` needs, that took half of what it takes to start. Here `__init__` alone
is compiled; it fills the slots by their descriptors, in two thirds of the time that
`object.__setattr__` takes. `fields`, `replace`, `asdict` and `match` see a dataclass.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform, overload

_Class = TypeVar("_Class")


@overload
def record(cls: type[_Class], /) -> type[_Class]: ...


@overload
def record(
    *, eq: bool = True, weakref_slot: bool = False
) -> Callable[[type[_Class]], type[_Class]]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field, Field))
def record(cls: type[Any] | None = None, /, *, eq: bool = True, weakref_slot: bool = False) -> Any:
    """What `dataclass(frozen=True, slots=True)` makes of the class; with `eq=False`, instances are
    equal if they are one; `weakref_slot`: they can be referred to weakly. Fields with `init=False`
    are set by `__post_init__`."""
    make = partial(_recorded, eq=eq, weakref_slot=weakref_slot)
    return make if cls is None else make(cls)


def _recorded(cls: type[Any], *, eq: bool, weakref_slot: bool) -> type[Any]:
    cls.__doc__ = cls.__doc__ or cls.__name__  # or dataclass writes its signature there, slowly
    written = {name for name, value in vars(cls).items() if value is not None}
    made: type[Any] = dataclass(
        init=False, repr=False, eq=False, slots=True, weakref_slot=weakref_slot
    )(cls)
    methods = _METHODS | {"__init__": _initial(made)}
    if eq:
        methods |= _comparing(tuple(each.name for each in fields(made) if each.compare))
    for name, method in methods.items():
        if name not in written:
            setattr(made, name, method)
    return made


def _initial(cls: type[Any]) -> Callable[..., None]:
    """`def __init__(self, a, b): __set_a(self, a); …`, with the defaults of the fields."""
    names: dict[str, Any] = {"__MISSING": MISSING}
    parameters, defaults, lines = ["self"], list[object](), list[str]()
    for each in fields(cls):
        if not each.init:
            continue
        name = value = each.name
        parameters.append(name)
        if each.default_factory is not MISSING:
            names[f"__make_{name}"] = each.default_factory
            value = f"__make_{name}() if {name} is __MISSING else {name}"
        if value != name or each.default is not MISSING:
            defaults.append(each.default)
        names[f"__set_{name}"] = getattr(cls, name).__set__
        lines.append(f"__set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n " + "\n ".join(lines or ["pass"]), names)
    made: Callable[..., None] = names["__init__"]
    made.__defaults__ = tuple(defaults)
    made.__qualname__, made.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return made


def _comparing(names: tuple[str, ...]) -> dict[str, Callable[..., Any]]:
    """`__eq__` and `__hash__` by the attributes of these names."""
    content: Callable[[object], Any] = attrgetter(*names) if names else lambda _: ()
    if len(names) == 1:
        only = content
        content = lambda each: (only(each),)  # noqa: E731

    def __eq__(self: object, other: object) -> Any:  # noqa: N807
        if other.__class__ is not self.__class__:
            return NotImplemented
        return content(self) == content(other)

    def __hash__(self: object) -> int:  # noqa: N807
        return hash(content(self))

    return {"__eq__": __eq__, "__hash__": __hash__}


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _setattr(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _setstate(self: object, state: tuple[None, Mapping[str, object]]) -> None:
    for name, value in state[1].items():  # as `object.__getstate__` gives them
        object.__setattr__(self, name, value)


_METHODS: dict[str, Callable[..., Any]] = {
    "__repr__": _repr,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
    "__setstate__": _setstate,
}
