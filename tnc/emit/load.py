"""Generated text as a Python module, without a file.

Tracebacks and `inspect` show the code: it is registered with `linecache` under a name that is no
file's. An instance pickles together with the text of its module, so it can be read wherever tnc
and torch are installed, and by any process; the text is stored once per pickle.
"""

from __future__ import annotations

import copyreg
import hashlib
import linecache
import re
import sys
from functools import partial
from threading import RLock
from types import ModuleType

from tnc.emit.errors import ShapeError

PACKAGE = "tnc.generated"
_LOCK = RLock()


def load_module(
    text: str, name: str = "", *, shape_error: type[Exception] = ShapeError
) -> ModuleType:
    """The module of a generated text; the same one whenever the text is the same.

    `name` is shown in tracebacks. `shape_error` takes the place of the module's own `ShapeError`.
    Errors: what the text raises when it is run, in which case no module is left behind.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    stem = re.sub(r"\W", "_", name)
    module_name = f"{PACKAGE}.{stem}_{digest}"
    with _LOCK:
        found = sys.modules.get(module_name)
        return found if found is not None else _run(text, name, module_name, shape_error)


def _run(text: str, name: str, module_name: str, shape_error: type[Exception]) -> ModuleType:
    module = ModuleType(module_name)
    module.__file__ = f"<{module_name}>"
    linecache.cache[module.__file__] = (len(text), None, text.splitlines(True), module.__file__)
    sys.modules[module_name] = module
    try:
        code = compile(text, module.__file__, "exec", dont_inherit=True)
        exec(code, module.__dict__)
    except BaseException:
        del sys.modules[module_name]
        raise
    for made in tuple(vars(module).values()):
        if isinstance(made, type) and hasattr(made, "register_parameter"):
            copyreg.pickle(made, partial(_reduce, text, name))  # type: ignore[arg-type]
    module.__dict__["ShapeError"] = shape_error
    return module


def _reduce(text: str, name: str, instance: object) -> tuple[object, ...]:
    return _blank, (text, name, type(instance).__name__), instance.__getstate__()


def _blank(text: str, name: str, layer: str) -> object:
    """An instance without state, for pickle to fill."""
    made = getattr(load_module(text, name), layer)
    return made.__new__(made)
