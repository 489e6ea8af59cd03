"""The laws of the house that import-linter cannot state, read off the syntax trees.

Each law is a function from a file's path and tree to the places that break it. Beside the real
files, every law is shown a small program that breaks it, so that it is known to see.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import networkx
import pytest

ROOT = Path(__file__).parent.parent
PATHS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tnc").rglob("*.py"))
TREES = {path: ast.parse((ROOT / path).read_text(encoding="utf-8"), path) for path in PATHS}

FILE_LINES, FUNCTION_LINES, FRONT_LINES = 400, 60, 60
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
NOUNS = ("tnc/diagnostics/", "tnc/syntax/", "tnc/ir/", "tnc/ops/")
COLLECTORS = {"Report"}  # filled by one stage, then read: the only ones that may change

# Where a package may be imported at all.
DOORS = {
    "lark": ("tnc/syntax/",),
    "cotengra": ("tnc/plan/",),
    "cotengrust": ("tnc/plan/",),
    "pygments": ("tnc/editor/lexer.py",),
    "pygls": ("tnc/lsp/",),
    "lsprotocol": ("tnc/lsp/",),
    "torch": (
        "tnc/emit/load.py",
        "tnc/plan/profile.py",
        *("tnc/api/", "tnc/build/", "tnc/cli/", "tnc/compression/", "tnc/explore/", "tnc/fitting/"),
        "tnc/finetune/",
    ),
}

# Who may import inside a function, and what: the front defers everything, so that `tnc check`
# starts without torch; a door defers its own package.
DEFERRED = {
    "tnc/__init__.py": {"tnc", "torch"},
    "tnc/__main__.py": {"tnc"},
    "tnc/api/": {"tnc", "torch"},
    "tnc/cli/": {"tnc", "torch"},
    "tnc/emit/load.py": {"torch"},
    "tnc/plan/profile.py": {"torch"},
    "tnc/plan/search.py": {"cotengra", "cotengrust"},
    "tnc/syntax/grammar.py": {"tnc"},
}

Law = Callable[[str, ast.Module], Iterator[str]]


def imported(node: ast.AST) -> list[str]:
    """The top-level packages that one statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return ["tnc" if node.level else (node.module or "").partition(".")[0]]
    return []


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        for package in imported(node):
            yield package, node.lineno


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def short_files(path: str, tree: ast.Module) -> Iterator[str]:
    bound = FRONT_LINES if path == "tnc/__init__.py" else FILE_LINES
    lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    if lines > bound:
        yield f"{path} has {lines} lines, above {bound}"


def short_functions(path: str, tree: ast.Module) -> Iterator[str]:
    for node in functions(tree):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES:
            yield f"{path}:{node.lineno} {node.name} has {lines} lines, above {FUNCTION_LINES}"


def named_for_a_purpose(path: str, tree: ast.Module) -> Iterator[str]:
    for part in path.removesuffix(".py").split("/"):
        if part in NAMELESS:
            yield f"{path}: `{part}` says nothing about what is in it"


def through_the_doors(path: str, tree: ast.Module) -> Iterator[str]:
    for package, line in imports(tree):
        if package in DOORS and not path.startswith(DOORS[package]):
            yield f"{path}:{line} imports {package}, which only {', '.join(DOORS[package])} may"


def declared(path: str, tree: ast.Module) -> Iterator[str]:
    """Nothing beyond the standard library and what pyproject.toml asks of users."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    entries = [*project["dependencies"], *extras["lsp"], *extras["highlight"]]
    wanted = {re.split(r"[^\w-]", entry)[0] for entry in entries}
    for package, line in imports(tree):
        if package not in wanted | {"tnc"} | sys.stdlib_module_names:
            yield f"{path}:{line} imports {package}, which pyproject.toml does not list"


def at_the_top(path: str, tree: ast.Module) -> Iterator[str]:
    """A function-local import hides a cycle, unless it is there for a quick start."""
    allowed = {
        package for place, some in DEFERRED.items() if path.startswith(place) for package in some
    }
    places = {place for node in functions(tree) for place in imports(node)}
    for package, line in sorted(places, key=lambda place: place[1]):
        if package not in allowed:
            yield f"{path}:{line} imports {package} inside a function"


def quick_start(path: str, tree: ast.Module) -> Iterator[str]:
    """The command line, and `import tnc`, start without torch."""
    if path.startswith(("tnc/cli/", "tnc/__init__.py")):
        inside = {line for node in functions(tree) for _, line in imports(node)}
        for package, line in imports(tree):
            if package == "torch" and line not in inside:
                yield f"{path}:{line} imports torch at the top"


def frozen_nouns(path: str, tree: ast.Module) -> Iterator[str]:
    """What passes between the rooms cannot change after it was made."""
    for node in ast.walk(tree):
        if not path.startswith(NOUNS):
            return
        if isinstance(node, ast.ClassDef) and node.name not in COLLECTORS:
            for decorator in map(ast.unparse, node.decorator_list):
                if decorator.startswith("dataclass") and "frozen=True" not in decorator:
                    yield f"{path}:{node.lineno} {node.name} is not frozen"


def records(path: str, tree: ast.Module) -> Iterator[str]:
    """What is frozen and slotted is a `record`, which is quicker to define and to make."""
    for node in ast.walk(tree):
        for decorator in getattr(node, "decorator_list", []):
            if ast.unparse(decorator).startswith("dataclass(frozen=True, slots=True"):
                yield f"{path}:{node.lineno} {node.name} is no record"


def labelled(path: str, tree: ast.Module) -> Iterator[str]:
    """What is underlined in a program has words beneath it."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="error" | "warning"), args=[_, _, _, ast.Constant(""), *_]
            ):
                yield f"{path}:{node.lineno} underlines without a word"
            case _:
                pass


def files_imported(tree: ast.Module, paths: Iterable[str]) -> Iterator[str]:
    """The files among `paths` that a file imports at any depth, for types alone included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if file_of(name, paths) else str(node.module) for name in inner]
        else:
            continue
        yield from filter(None, (file_of(name, paths) for name in names))


def file_of(module: str, paths: Iterable[str]) -> str | None:
    stem = module.replace(".", "/")
    return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in paths), None)


def circle(trees: Mapping[str, ast.Module]) -> list[str]:
    """Files that import each other in a circle, in order; none where imports point one way."""
    edges = [(path, other) for path in trees for other in files_imported(trees[path], trees)]
    try:
        return [edge[0] for edge in networkx.find_cycle(networkx.DiGraph(edges))]
    except networkx.NetworkXNoCycle:
        return []


LAWS: list[tuple[Law, str, str]] = [
    (short_functions, "tnc/ir/x.py", "def f():\n" + "    1\n" * FUNCTION_LINES),
    (named_for_a_purpose, "tnc/ir/utils.py", ""),
    (through_the_doors, "tnc/lower/x.py", "def f():\n    from torch.nn import Linear"),
    (through_the_doors, "tnc/emit/text.py", "import torch"),
    (through_the_doors, "tnc/ir/x.py", "import networkx, cotengra.core"),
    (declared, "tnc/plan/x.py", "import opt_einsum"),
    (at_the_top, "tnc/ir/x.py", "def f():\n    from tnc.ops import leaf"),
    (at_the_top, "tnc/plan/search.py", "def f():\n    import tnc.lower"),
    (at_the_top, "tnc/ir/x.py", "class A:\n    def f(self):\n        from . import op"),
    (quick_start, "tnc/cli/x.py", "import torch\ndef f():\n    import torch"),
    (frozen_nouns, "tnc/ir/x.py", "@dataclass(slots=True)\nclass Value: ..."),
    (frozen_nouns, "tnc/ops/x.py", "@dataclass\nclass Value: ..."),
    (records, "tnc/emit/x.py", "@dataclass(frozen=True, slots=True)\nclass Value: ..."),
    (labelled, "tnc/elaborate/x.py", 'report.error("E0401", text, expr.span, "", other)'),
]


@pytest.mark.parametrize("path", PATHS)
def test_the_laws_hold(path: str) -> None:
    laws = dict.fromkeys([short_files, *(law for law, _, _ in LAWS)])
    assert [place for law in laws for place in law(path, TREES[path])] == []


@pytest.mark.parametrize(("law", "path", "text"), LAWS)
def test_each_law_sees_what_breaks_it(law: Law, path: str, text: str) -> None:
    assert len(list(law(path, ast.parse(text)))) == 1


def test_a_long_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    (tmp_path / "long.py").write_text("1\n" * (FILE_LINES + 1))
    assert list(short_files("long.py", ast.Module([], []))) == ["long.py has 401 lines, above 400"]


def test_deferring_is_allowed_where_it_is_listed() -> None:
    tree = ast.parse("def f():\n    import torch")
    assert list(at_the_top("tnc/emit/load.py", tree)) == []
    assert list(quick_start("tnc/cli/compile.py", tree)) == []


def test_imports_point_one_way() -> None:
    assert circle(TREES) == []


def test_a_circle_of_imports_is_seen() -> None:
    texts = {
        "tnc/ir/a.py": "if TYPE_CHECKING:\n    from tnc.ir.b import B",
        "tnc/ir/b.py": "from tnc.ir import c",
        "tnc/ir/c.py": "def f():\n    import tnc.ir.a",
        "tnc/ir/__init__.py": "from tnc.ir.a import A",
    }
    trees = {path: ast.parse(text) for path, text in texts.items()}
    assert sorted(circle(trees)) == ["tnc/ir/a.py", "tnc/ir/b.py", "tnc/ir/c.py"]
    assert circle(trees | {"tnc/ir/c.py": ast.parse("import tnc.ops.a")}) == []


def test_there_is_one_grammar_and_one_parser() -> None:
    made = [
        f"{path}:{node.lineno}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and re.fullmatch(r"(lark\.)?Lark(\.open\w*|\.load)?", ast.unparse(node.func))
    ]
    assert len(made) == 1, made
    assert made[0].startswith("tnc/syntax/")
    assert [path.name for path in ROOT.glob("grammar/*")] == ["tnn.lark"]


def test_there_is_one_table_of_operations() -> None:
    tables = [
        path
        for path, tree in TREES.items()
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if ast.unparse(target) == "OPERATIONS"
    ]
    assert len(tables) == 1, tables
    assert tables[0].startswith("tnc/ops/")


@pytest.mark.parametrize("module", ["tnc", "tnc.cli.main", "tnc.syntax", "tnc.diagnostics"])
def test_starts_without_torch(module: str) -> None:
    program = f"import sys, {module}; print('torch' in sys.modules)"
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert answer.stdout == "False\n"
