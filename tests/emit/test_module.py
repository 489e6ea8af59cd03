"""The text of a module: what it says, what it needs, and that it is the same every time."""

from __future__ import annotations

import copy
import hashlib
import inspect
import io
import pickle
import subprocess
import sys
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.emit.handmade import CASES, HASH, Case, held, instance, plan_of, tensors, text_of
from tnc.emit import emit
from tnc.emit.errors import ShapeError
from tnc.emit.load import load_module
from tnc.ir.layer import Initial

FORBIDDEN = ("einsum", "tensordot", "autograd.grad", "vjp", "enable_grad", "tnc.")


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]()


@pytest.mark.parametrize("backward", ["derived", "autograd", "auto"])
def test_the_derivative_is_the_code(case: Case, backward: str) -> None:
    text = text_of(case, backward)
    assert [word for word in FORBIDDEN if word in text.replace("by tnc 0.1.0.", "")] == []
    assert ("autograd" in text) == (backward != "autograd" and bool(case.program.routines))


def test_documents_may_mention_what_the_code_may_not() -> None:
    case = CASES["matmul"]()
    doc = 'Like torch.einsum; see autograd.grad, "vjp", enable_grad\\ and """tensordot"""'
    layer = replace(case.program.layer, doc=doc)
    text = emit(
        [(replace(case.program, layer=layer), case.plan)],
        sources=[("my einsum.tnn", HASH)],
        version="1",
    )
    assert [word for word in FORBIDDEN if word in text] == []
    assert "Like torch.Einsum" in load_module(text).Matmul.__doc__


def test_same_input_same_bytes(case: Case) -> None:
    name = case.program.layer.name
    again = [key for key, make in CASES.items() if make().program.layer.name == name]
    assert text_of(CASES[again[0]]()) == text_of(case)
    program = (
        "import hashlib; from tests.emit.handmade import CASES, text_of; "
        f"print(hashlib.sha256(text_of(CASES[{again[0]!r}]()).encode()).hexdigest())"
    )
    if name == "Depthwise":  # one is enough, with several deletions
        for seed in ("1", "2"):
            command = [sys.executable, "-c", program]
            environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": "."}
            found = subprocess.run(
                command, env=environment, check=True, capture_output=True, text=True
            )
            assert found.stdout.strip() == hashlib.sha256(text_of(case).encode()).hexdigest()


def test_header_names_source_parameters_version_and_plan() -> None:
    text = text_of(CASES["matmul"]())
    head = text.split('"""')[1]
    assert head.startswith("Matmul: compiled from hand.tnn by tnc 0.1.0.")
    assert "layers/" not in text
    assert "edit the .tnn" in head
    assert HASH in head
    assert "Matmul(S=5, R=3, T=4)" in head
    assert "planned for n = 32; objective time" in head
    assert "x[n s] * A[r s] -> [n r]" in head
    assert "16.8 M" in head


def test_steps_are_commented_and_traced_to_the_tnn() -> None:
    lines = text_of(CASES["attention"]()).splitlines()
    step = lines.index("    q = torch.matmul(x, Q)")
    assert lines[step - 1] == "    # n t e · e f -> n t f"
    assert '    """a, q by the plan (hand.tnn:5)."""' in lines
    assert "        # causal   hand.tnn:6" in lines
    lines = text_of(CASES["depthwise"]()).splitlines()
    assert "    # c i * c j -> c i j   hand.tnn:5" in lines


def test_values_are_deleted_after_their_last_use() -> None:
    lines = [line.strip() for line in text_of(CASES["matmul"]()).splitlines()]
    assert lines[lines.index("B_bar = torch.mm(u.t(), y_bar)") + 1] == "del u"


def test_classes_describe_themselves() -> None:
    layer = instance(CASES["matmul"]())
    assert repr(layer) == "Matmul(S=5, R=3, T=4)"
    doc = inspect.getdoc(type(layer))
    assert doc.startswith('Two matrices in a row, of which the product is "low rank".')
    assert "output y[n, t] = x * A * B" in doc
    assert "Weight  B[r, t]  the second factor" in doc
    assert list(inspect.signature(layer.forward).parameters) == ["x"]
    signature = inspect.signature(type(layer))
    assert str(signature) == "(*, device=None, dtype=None) -> None"


def test_several_layers_share_a_module() -> None:
    cases = [CASES["matmul"](), CASES["bias"](), CASES["merged"]()]
    made = [(case.program, case.plan) for case in cases]
    text = emit(made, sources=[("a.tnn", HASH)], version="1")
    module = load_module(text)
    assert module.__all__ == ["BiasMatmul", "Matmul", "Merged", "ShapeError"]
    for case in cases:
        layer = getattr(module, case.program.layer.name)(dtype=torch.float64)
        inputs = tensors(case)
        torch.testing.assert_close(layer(*inputs), case.equation(*inputs, *held(layer).values()))
    with pytest.raises(ValueError, match="same name"):
        emit(made[:1] * 2, sources=[("a.tnn", HASH)], version="1")


def test_tiny_layers_are_plain_and_say_so() -> None:
    case = CASES["matmul"]()
    small, large = (
        emit([(case.program, plan)], sources=[("a", "")], version="", backward="auto")
        for plan in (plan_of(case.program.layer, macs=1_000), case.plan)
    )
    assert "autograd.Function" in large
    assert "autograd.Function)" not in small
    assert "2,000 multiply-adds are so few" in small
    x = torch.randn(case.shapes[0])
    layer = load_module(small).Matmul()
    torch.testing.assert_close(layer(x), case.equation(x, layer.A, layer.B))


def test_initial_values() -> None:
    layer = instance(CASES["attention"]())
    torch.testing.assert_close(layer.Q.T @ layer.Q, torch.eye(3))
    assert torch.equal(layer.V, torch.eye(4, 3))
    assert torch.equal(layer.scale, torch.ones(()))
    assert "scale" not in dict(layer.named_parameters())
    assert "scale" in layer.state_dict()
    assert instance(CASES["attention"](), dtype=torch.bfloat16).Q.dtype == torch.bfloat16
    biased = instance(CASES["bias"]())
    assert biased.b.max() < 1
    assert -1 <= biased.b.min() < 0
    torch.manual_seed(0)
    weights = torch.cat([instance(CASES["matmul"]()).A.flatten() for _ in range(200)])
    assert abs(weights.std().item() - 0.5) < 0.02


def test_an_unknown_initial_value_is_refused() -> None:
    case = CASES["matmul"]()
    weights = (replace(case.program.layer.weights[0], initial=Initial("kaiming")),)
    program = replace(case.program, layer=replace(case.program.layer, weights=weights))
    with pytest.raises(ValueError, match="kaiming"):
        emit([(program, case.plan)], sources=[("a", "")], version="")


ALONE = """
import copy, importlib, pickle, sys
import torch
sys.path.insert(0, ".")
sys.modules["tnc"] = None
for module, layer, shapes in {cases}:
    print(module, flush=True)
    generated = importlib.import_module(module)
    made = copy.deepcopy(pickle.loads(pickle.dumps(getattr(generated, layer)())))
    result = made(*map(torch.ones, shapes))
    first = result[0] if isinstance(result, tuple) else result
    first.sum().backward()
    assert issubclass(generated.ShapeError, ValueError)
"""


def test_needs_no_tnc(tmp_path: Path) -> None:
    """Run on their own in a place where tnc cannot be imported."""
    cases = []
    for number, make in enumerate(CASES.values()):
        case = make()
        (tmp_path / f"generated_{number}.py").write_text(text_of(case))
        cases.append((f"generated_{number}", case.program.layer.name, [*map(tuple, case.shapes)]))
    command = [sys.executable, "-I", "-c", ALONE.format(cases=cases)]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [module for module, _, _ in cases]


def test_copies_and_state(case: Case) -> None:
    layer = instance(case, dtype=torch.float64)
    inputs = tensors(case)
    wanted = layer(*inputs)
    twin = copy.deepcopy(layer)
    assert type(twin) is type(layer)
    torch.testing.assert_close(twin(*inputs), wanted)
    assert all(a is not b for a, b in zip(twin.parameters(), layer.parameters(), strict=True))
    fresh = instance(case, dtype=torch.float64)
    fresh.load_state_dict(layer.state_dict())
    torch.testing.assert_close(fresh(*inputs), wanted)
    names = [weight.name for weight in case.program.layer.weights]
    assert list(layer.state_dict()) == names


def test_pickle_is_read_by_another_process(tmp_path: Path) -> None:
    """Also when the module was never loaded there; the text is stored once for many instances."""
    case = CASES["attention"]()
    layers = nn.Sequential(instance(case), nn.ReLU()).eval()
    layers.append(copy.deepcopy(layers[0]))
    layers[0].note = "kept"
    torch.save(layers, tmp_path / "layers.pt")
    x = torch.randn(2, 3, 4)
    torch.save((x, layers[0](x)), tmp_path / "values.pt")
    program = (
        "import torch\n"
        "layers = torch.load('layers.pt', weights_only=False)\n"
        "x, wanted = torch.load('values.pt')\n"
        "torch.testing.assert_close(layers[0](x), wanted)\n"
        "assert not layers[0].training and layers[0].note == 'kept'\n"
        "layers[0](x).sum().backward()\n"
    )
    root = Path(__file__).parents[2]
    environment = {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert pickle.dumps(layers).count(b"class Attention") == 1


def test_loading_twice_gives_the_same_module() -> None:
    text = text_of(CASES["matmul"]())
    module = load_module(text, "hand")
    assert load_module(text, "hand") is module
    assert sys.modules[module.__name__] is module
    assert load_module(text + "\n", "hand") is not module
    assert load_module(text).ShapeError is ShapeError


def test_a_text_that_fails_leaves_nothing_behind() -> None:
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        load_module("__all__ = []\n1 / 0")
    assert set(sys.modules) == before


def test_tracebacks_and_inspect_show_the_code() -> None:
    layer = instance(CASES["matmul"]())
    with pytest.raises(ShapeError) as caught:
        layer(torch.ones(2))
    shown = io.StringIO()
    traceback.print_exception(caught.value, file=shown)
    assert "raise ShapeError(" in shown.getvalue()
    assert "_check_Matmul(x)" in shown.getvalue()
    assert "class Matmul(nn.Module):" in inspect.getsource(type(layer))
