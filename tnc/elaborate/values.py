"""Values that are known when a layer is compiled, and the arithmetic on them.

An integer may be a `Size`: a formula of run-time sizes or, while checking, of parameters that are
not set. A number that is computed from a run-time size by a function or by `/` is a `Scalar`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator

from tnc.elaborate.definitions import UNKNOWN, BuiltIn, Constant, Partial, Unknown
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size

UNSET = "$"
"""Begins the symbols which stand for parameters that are not set; no run-time symbol does."""


class Mismatch(Exception):
    """An operation was applied to values that it does not take; the message says which."""


def is_number(value: Constant) -> bool:
    return isinstance(value, int | float | Size | Scalar) and not isinstance(value, bool)


def is_integer(value: Constant) -> bool:
    return isinstance(value, int | Size) and not isinstance(value, bool)


def simplified(size: Size) -> int | Size:
    """The integer, where the size is one."""
    return size if size.value is None else size.value


def unset(size: Size) -> bool:
    """Whether the size depends on a parameter that is not set."""
    return any(name.startswith(UNSET) for name in size.symbols)


def undecided(size: Size) -> bool:
    """Whether the size depends on what no formula of parameters tells, such as a condition that is
    not decided: the names of such things are the compiler's own, and have blanks."""
    return any(name.startswith(UNSET) and " " in name for name in size.symbols)


def scalar(value: Constant) -> Scalar:
    """The number as it stands beside tensors."""
    if isinstance(value, Scalar):
        return value
    if isinstance(value, int | float | Size):
        return Scalar.of(value)
    raise Mismatch(f"expected a number, found `{type_name(value)}`")


def _scalar_value(result: Scalar) -> int | float | Scalar:
    return result if result.value is None else result.value


# ---------------------------------------------------------------- operators

_WHOLE: dict[str, Callable[[Size, Size], Size]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "mod": operator.mod,
}
_PLAIN: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "mod": operator.mod,
}
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def arithmetic(op: str, left: Constant, right: Constant) -> Constant:
    """`left op right`; `//` and `mod` as in Python, `/` of integers is a float."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if isinstance(left, tuple) and isinstance(right, tuple) and op == "+":
        return left + right
    if not (is_number(left) and is_number(right)):
        raise Mismatch(f"`{op}` does not take `{type_name(left)}` and `{type_name(right)}`")
    try:
        return _number_arithmetic(op, left, right)
    except ZeroDivisionError:
        raise Mismatch("division by zero") from None


def _number_arithmetic(op: str, left: Constant, right: Constant) -> Constant:
    if isinstance(left, int | float) and isinstance(right, int | float):
        return _PLAIN[op](left, right)
    if isinstance(left, int | Size) and isinstance(right, int | Size) and op != "/":
        return simplified(_WHOLE[op](Size.of(left), Size.of(right)))
    if op in {"//", "mod"}:
        raise Mismatch(f"`{op}` takes integers where a run-time size takes part")
    return _scalar_value(Scalar.apply(op, scalar(left), scalar(right)))


def compare(op: str, left: Constant, right: Constant) -> bool | Unknown:
    """`left op right`, unless it depends on a parameter that is not set."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if isinstance(left, tuple) and isinstance(right, tuple) and op in {"==", "!="}:
        return _compare_lists(op, left, right)
    if is_number(left) and is_number(right):
        return _compare_numbers(op, left, right)
    if type(left) is type(right) and isinstance(left, str | bool) and op in {"==", "!="}:
        return (left == right) is (op == "==")
    raise Mismatch(f"`{op}` does not compare `{type_name(left)}` and `{type_name(right)}`")


def _compare_numbers(op: str, left: Constant, right: Constant) -> bool | Unknown:
    if isinstance(left, int | float) and isinstance(right, int | float):
        return _ORDER[op](left, right)
    if isinstance(left, int | Size) and isinstance(right, int | Size):
        gap = (Size.of(left) - Size.of(right)).value
        if gap is not None:
            return _ORDER[op](gap, 0)
    symbols = symbols_of(scalar(left)) | symbols_of(scalar(right))
    if all(name.startswith(UNSET) for name in symbols):
        return UNKNOWN
    raise Mismatch("a run-time size is not known when the layer is compiled")


def symbols_of(number: Scalar) -> frozenset[str]:
    """The sizes on which a number depends."""
    own = number.size.symbols if number.size is not None else frozenset()
    return own.union(*(symbols_of(operand) for operand in number.operands))


def _compare_lists(
    op: str, left: tuple[Constant, ...], right: tuple[Constant, ...]
) -> bool | Unknown:
    if len(left) != len(right):
        return op == "!="
    same = [compare("==", a, b) for a, b in zip(left, right, strict=True)]
    if False in same:
        return op == "!="
    return UNKNOWN if UNKNOWN in same else op == "=="


# ---------------------------------------------------------------- functions of numbers

_FLOAT_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
}
_WHOLE_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "round": round,
    "floor": math.floor,
    "ceil": math.ceil,
}
NUMBER_FUNCTIONS = frozenset({*_FLOAT_FUNCTIONS, *_WHOLE_FUNCTIONS})


def function_of_number(name: str, value: Constant) -> Constant:
    """`name` is one of `NUMBER_FUNCTIONS`."""
    if value is UNKNOWN:
        return UNKNOWN
    if not is_number(value):
        raise Mismatch(f"`{name}` takes a number, not `{type_name(value)}`")
    if name in _FLOAT_FUNCTIONS:
        try:
            return _scalar_value(Scalar.apply(name, scalar(value)))
        except (ValueError, OverflowError):
            raise Mismatch(f"`{name}({literal(value)})` is not a number") from None
    if isinstance(value, int | float):
        return _WHOLE_FUNCTIONS[name](value)
    if isinstance(value, Size):
        return value  # sizes are not negative, and whole
    raise Mismatch(f"`{name}` does not take a number that is known at run time only")


def extreme(name: str, values: tuple[Constant, ...]) -> Constant:
    """`min` or `max` of numbers."""
    if not values:
        raise Mismatch(f"`{name}` of nothing")
    if UNKNOWN in values:
        return UNKNOWN
    plain = [value for value in values if isinstance(value, int | float)]
    if len(plain) == len(values):
        return max(plain) if name == "max" else min(plain)
    sizes = [Size.of(value) for value in values if isinstance(value, int | Size)]
    if len(sizes) != len(values):
        raise Mismatch(f"`{name}` takes numbers")
    found = sizes[0]
    for size in sizes[1:]:
        larger = Size.max(found, size)
        found = larger if name == "max" else found + size - larger
    return simplified(found)


# ---------------------------------------------------------------- words


def type_name(value: Constant) -> str:
    """The type as the language writes it."""
    match value:
        case bool():
            return "bool"
        case int() | Size():
            return "int"
        case float() | Scalar():
            return "float"
        case str():
            return "str"
        case Partial() | BuiltIn():
            return "layer"
        case tuple():
            return f"[{type_name(value[0])}]" if value else "[]"
        case _:
            return "unknown"


def literal(value: Constant) -> str:
    """The value as `.tnn` text."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{escaped}"'
        case tuple():
            return f"[{', '.join(literal(item) for item in value)}]"
        case Size():
            return str(value).replace(UNSET, "")
        case Scalar():
            return value.python().replace(UNSET, "")
        case Unknown():
            return "?"
        case BuiltIn(name):
            return name
        case Partial():
            given = ", ".join(_given(value))
            return f"{value.definition.name}({given})" if given else value.definition.name
        case _:
            return repr(value)


def _given(value: Partial) -> Iterator[str]:
    """What is given to a layer, but for what is written in its declaration as the default."""
    params = {param.name.text: param for param in value.definition.params}
    for name, each in value.settings:
        text, default = literal(each), params[name].default
        if default is None or default.span.text != text:
            yield f"{name}: {text}"
