"""What is written: readable by others, loadable without tnc, and back to dense."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import itertools
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from safetensors.torch import load, save_file
from torch import Tensor, nn

import tnc
from tests.compression.models import Conv1D, Net, Tied, Together, exact, net
from tnc.compression.expansion import dense_state
from tnc.compression.loader import load_, read_safetensors
from tnc.compression.tensors import Unreadable, read_checkpoint, read_state, serialised

ROOT = Path(__file__).parent.parent.parent
SETTINGS: dict[str, Any] = {"family": "CP", "rank": 1}


def by_the_specification(content: bytes) -> tuple[dict[str, numpy.ndarray[Any, Any]], Any]:
    """A reader of the format in numpy, after its README: header, then one buffer without holes."""
    types = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "U8": "u1", "BOOL": "?"}
    length = int.from_bytes(content[:8], "little")
    assert length % 8 == 0
    assert content[8:9] == b"{"
    header, buffer = json.loads(content[8 : 8 + length]), content[8 + length :]
    metadata = header.pop("__metadata__")
    assert all(isinstance(value, str) for value in metadata.values())
    found, end = {}, 0
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        assert first == end
        end = last
        found[name] = numpy.frombuffer(buffer[first:last], types[entry["dtype"]]).reshape(
            entry["shape"]
        )
    assert end == len(buffer)
    return found, metadata


def state() -> dict[str, Tensor]:
    base = torch.arange(12.0).reshape(3, 4)
    return {
        "b": torch.tensor([True, False, True]),
        "transposed": base.T,
        "half": base.half()[1],
        "double": base.double(),
        "count": torch.tensor(7),
        "none": torch.zeros(0, 3),
        "same": base.T,
    }


def test_checkpoints_are_what_the_format_says() -> None:
    found, metadata = by_the_specification(serialised(state(), {"format": "pt"}))
    assert metadata["format"] == "pt"
    assert json.loads(metadata["tnc.aliases"]) == {"same": "transposed"}
    assert found.keys() == state().keys() - {"same"}
    for name, value in found.items():
        assert numpy.array_equal(value, state()[name].numpy()), name
    offsets = [value.dtype.itemsize for value in found.values()]
    assert offsets == sorted(offsets, reverse=True)  # so that every tensor is aligned


def test_the_formats_own_library_reads_and_writes_the_same(tmp_path: Path) -> None:
    bfloat = {**state(), "bfloat": torch.randn(5).bfloat16()}
    found = load(serialised(bfloat, {}))
    assert all(torch.equal(value, bfloat[name]) for name, value in found.items())
    kept = {name: value.contiguous() for name, value in bfloat.items() if name != "same"}
    save_file(kept, tmp_path / "theirs.safetensors", {"format": "pt"})
    read, metadata = read_safetensors(tmp_path / "theirs.safetensors")
    assert metadata == {"format": "pt"}
    assert read.keys() == kept.keys()
    assert all(torch.equal(value, kept[name]) for name, value in read.items())


def test_every_type_round_trips(tmp_path: Path) -> None:
    given = {**state(), "bfloat": torch.randn(5).bfloat16(), "byte": torch.arange(3).to(torch.int8)}
    (tmp_path / "x.safetensors").write_bytes(serialised(given, {}))
    found = read_state(tmp_path / "x.safetensors")
    assert found.keys() == given.keys()
    assert all(torch.equal(value, given[name]) for name, value in found.items())
    assert all(value.dtype == given[name].dtype for name, value in found.items())


@pytest.mark.parametrize("wrapped", [False, True])
def test_state_dictionaries_of_torch_are_read(tmp_path: Path, wrapped: bool) -> None:
    given = {f"module.{name}": value for name, value in state().items()}
    torch.save({"state_dict": given, "epoch": 3} if wrapped else given, tmp_path / "x.pt")
    found = read_state(tmp_path / "x.pt")
    assert found.keys() == state().keys()


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("unpickled",)


@pytest.mark.parametrize(
    "content", [b"", b"\x10" + b"\0" * 7, b"\xff" * 30, b"\x02" + b"\0" * 7 + b"[]"]
)
def test_what_is_no_checkpoint_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(Unreadable):
        read_state(tmp_path / "x.safetensors")


def test_nothing_but_tensors_is_unpickled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"a": Evil()}, tmp_path / "x.pt")
    with pytest.raises(Unreadable):
        read_state(tmp_path / "x.pt")
    assert "unpickled" not in capsys.readouterr().out


def test_states_that_are_no_tensors_are_refused() -> None:
    with pytest.raises(ValueError, match="`a` of the state is a int"):
        serialised({"a": 3}, {})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="`a` has no values"):
        serialised({"a": torch.zeros(3, device="meta")}, {})


# ---------------------------------------------------------------- without tnc

LOADS = """
import sys
sys.modules["tnc"] = None
sys.path[:0] = [{folder!r}, {root!r}]
import torch
from compressed import compress_
from tests.compression import models
model = compress_({make})
assert not any(name.startswith("tnc.") for name in sys.modules)
names = [name for name, _ in model.named_parameters()]
torch.save((model(torch.load("x.pt")), names), "y.pt")
"""


def loaded(
    folder: Path, x: Tensor, make: str, *, module: str = "models"
) -> tuple[Tensor, list[str]]:
    """What a process without tnc makes of the files."""
    torch.save(x, folder / "x.pt")
    text = LOADS.format(folder=str(folder), root=str(ROOT), make=make)
    subprocess.run([sys.executable, "-c", text], cwd=folder, check=True)
    found: tuple[Tensor, list[str]] = torch.load(folder / "y.pt")
    return found


def test_the_files_are_loaded_without_tnc(tmp_path: Path) -> None:
    done = tnc.compress(net(), family="rTT", ratio=0.5)
    assert sorted(path.name for path in done.write(tmp_path / "small").iterdir()) == [
        "checkpoint.safetensors",
        "compressed.py",
        "compressed_layers.py",
        "compressed_layers.tnn",
    ]
    assert done.model is not None
    x = torch.randn(2, 3, 9, 9)
    found, names = loaded(tmp_path / "small", x, "models.Net()")
    assert torch.equal(found, done.model(x))
    assert names == [name for name, _ in done.model.named_parameters()]


@pytest.mark.parametrize(("make", "include"), [(Tied, ["*"]), (Together, [])])
def test_what_is_shared_is_shared_when_loaded(
    tmp_path: Path, make: type[nn.Module], include: list[str]
) -> None:
    """Weights, and a bias of layers with other weights."""
    torch.manual_seed(0)
    done = tnc.compress(make(), family="SVD", rank=1, include=include)
    done.write(tmp_path)
    assert done.model is not None
    x = torch.randn(2, 8)
    found, names = loaded(tmp_path, x, f"models.{make.__name__}()")
    assert torch.equal(found, done.model(x))
    assert names == [name for name, _ in done.model.named_parameters()]


def test_the_spec_compiles_to_the_module(tmp_path: Path) -> None:
    done = tnc.compress(net(), **SETTINGS)
    done.write(tmp_path)
    again = tnc.compile(tmp_path / "compressed_layers.tnn")
    assert again.source.encode() == (tmp_path / "compressed_layers.py").read_bytes()


def test_the_files_are_formatted_and_the_same_each_time(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        tnc.compress(net(), **SETTINGS).write(tmp_path / name)
        contents.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert contents[0] == contents[1]
    command = [sys.executable, "-m", "ruff", "format", "--check", "--line-length=100", "."]
    subprocess.run(command, cwd=tmp_path / "a", check=True, capture_output=True)
    assert tnc.check(tmp_path / "a" / "compressed_layers.tnn") == []


def test_a_users_family_is_written_with_what_it_imports(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "low.tnn").write_text(
        "tnn 1\nlayer Low(S: int, T: int, R: int) {\n  mode s: S, t: T, r: R\n  input x[..., s]\n"
        "  weight A[s, r], B[r, t]\n  output y[..., t] = x * A * B\n}\n"
    )
    (tmp_path / "mine.tnn").write_text("tnn 1\nimport parts.low\nlet Mine = low.Low(R: 1)\n")
    model = nn.Sequential(exact(nn.Linear(8, 12, bias=False)))
    family = f"{tmp_path / 'mine.tnn'}:Mine"
    done = tnc.compress(model, family=family, include="*")
    done.write(tmp_path / "small")
    assert (tmp_path / "small" / "parts" / "low.tnn").is_file()
    again = tnc.compile(tmp_path / "small" / "compressed_layers.tnn")
    assert again.source == done.source
    weight = dense_state(tmp_path / "small" / "checkpoint.safetensors")["0.weight"]
    torch.testing.assert_close(weight, model[0].weight.detach())  # type: ignore[union-attr, operator]


def test_a_checkpoint_of_another_model_changes_nothing(tmp_path: Path) -> None:
    done = tnc.compress(net(), **SETTINGS)
    done.write(tmp_path / "small")
    sys.path.insert(0, str(tmp_path / "small"))
    try:
        from compressed import compress_  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(tmp_path / "small"))
        sys.modules.pop("compressed", None)
        sys.modules.pop("compressed_layers", None)
    model = Net()
    model.head = nn.Linear(24, 11)
    layers = dict(model.named_modules())
    with pytest.raises(
        ValueError, match=r"head.weight has shape \(10, 24\), the model's \(11, 24\)"
    ):
        compress_(model)
    assert dict(model.named_modules()) == layers


# ---------------------------------------------------------------- one set of files or another


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two compressions of one model whose layers have the same names and shapes."""
    found = []
    for stride in (1, 2):
        torch.manual_seed(0)
        model = nn.Sequential(exact(nn.Conv2d(8, 8, 3, stride=stride)))
        folder = tmp_path_factory.mktemp(f"stride{stride}")
        found.append(tnc.compress(model, family="CP", rank=1, include="*").write(folder))
    return found


@cache
def two() -> list[tnc.Compressed]:
    return [tnc.compress(net(), family="CP", rank=rank) for rank in (1, 2)]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_files(
    step: str, number: int, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = two()
    old.write(tmp_path)
    before, calls = contents(tmp_path), itertools.count(1)
    home, kept = (os, os.fsync) if step == "fsync" else (Path, Path.replace)

    def failing(*given: Any) -> Any:
        if next(calls) == number:
            raise error
        return kept(*given)

    monkeypatch.setattr(home, step, failing)
    with pytest.raises(type(error)):
        new.write(tmp_path)
    assert contents(tmp_path) == before


def test_a_failure_leaves_no_new_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.name == "compressed.py":
            raise OSError(28, "No space left on device")
        return kept(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="No space"):
        tnc.compress(net(), **SETTINGS).write(tmp_path / "small")
    assert contents(tmp_path / "small") == {}


def imported(folder: Path) -> Any:
    """`compressed.py` of a folder, in a package of its own."""
    name = f"set_{folder.name}"
    package = importlib.util.module_from_spec(importlib.machinery.ModuleSpec(name, None))
    package.__path__ = [str(folder)]
    sys.modules[name] = package
    importlib.invalidate_caches()
    return importlib.import_module(f"{name}.compressed")


def test_files_of_two_compressions_are_refused(sets: list[Path], tmp_path: Path) -> None:
    """Every mixture, whichever of the files are new."""
    names, refusals = sorted(contents(sets[0])), {}
    for chosen in itertools.product((0, 1), repeat=len(names)):
        folder = tmp_path / "".join(map(str, chosen))
        folder.mkdir()
        for name, number in zip(names, chosen, strict=True):
            shutil.copy(sets[number] / name, folder / name)
        model = nn.Sequential(nn.Conv2d(8, 8, 3, stride=chosen[1] + 1))
        try:
            imported(folder).compress_(model)
        except ValueError as error:
            refusals[chosen] = str(error)
            assert type(model[0]) is nn.Conv2d
        else:
            assert type(model[0]).__name__ == "CP_1"
    assert names[:3] == ["checkpoint.safetensors", "compressed.py", "compressed_layers.py"]
    whole = {chosen for chosen in itertools.product((0, 1), repeat=4) if len({*chosen[:3]}) == 1}
    assert refusals.keys() == {*itertools.product((0, 1), repeat=4)} - whole
    assert refusals[0, 0, 1, 0] == (
        "`compressed_layers.py` is of another compression than this file: write both anew"
    )
    assert refusals[1, 0, 0, 0] == (
        "the checkpoint is of another compression than this file: write both anew"
    )


def test_a_checkpoint_that_others_wrote_is_loaded(sets: list[Path], tmp_path: Path) -> None:
    state, _ = read_checkpoint(sets[0] / "checkpoint.safetensors")
    tuned = {name: value + 1 for name, value in state.items()}
    save_file(tuned, tmp_path / "tuned.safetensors")
    model = nn.Sequential(nn.Conv2d(8, 8, 3))
    imported(sets[0]).compress_(model, tmp_path / "tuned.safetensors")
    assert all(torch.equal(value, tuned[name]) for name, value in model.state_dict().items())


# ---------------------------------------------------------------- back to dense


def test_expanded_checkpoints_are_the_dense_models(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.ModuleDict(
        {
            "conv": exact(nn.Conv2d(8, 12, (3, 1), groups=2)),
            "point": exact(nn.Conv2d(8, 12, 1, bias=False)),
            "line": exact(nn.Linear(8, 12)),
            "gpt": exact(Conv1D(12, 8)),
            "norm": nn.BatchNorm1d(3),
        }
    )
    tnc.compress(model, family="CP", rank=1, include="*").write(tmp_path)
    found = dense_state(tmp_path / "checkpoint.safetensors")
    wanted = model.state_dict()
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-6)


def test_shared_weights_are_shared_when_expanded(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Tied()
    tnc.compress(model, family="SVD", rank=1, include="*").write(tmp_path)
    found = dense_state(tmp_path / "checkpoint.safetensors")
    assert found.keys() == model.state_dict().keys()
    pointers = {name: value.data_ptr() for name, value in found.items()}
    assert len({pointers[f"{name}.weight"] for name in "abcd"}) == 1
    assert pointers["e.weight"] != pointers["a.weight"]
    again = Tied()
    again.load_state_dict(found)
    x = torch.randn(3, 8)
    torch.testing.assert_close(again(x), model(x), rtol=1e-4, atol=1e-4)


def test_only_checkpoints_of_ours_are_expanded(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(serialised(state(), {}))
    with pytest.raises(Unreadable, match="its metadata name no layers"):
        dense_state(tmp_path / "x.safetensors")


@pytest.mark.parametrize("name", ["../out.tnn", "/tmp/out.tnn", "a/../../out.tnn"])
def test_a_checkpoint_writes_nothing_outside(tmp_path: Path, name: str) -> None:
    metadata = {"tnc.layers": "[]", "tnc.sources": json.dumps({name: "tnn 1\n"})}
    (tmp_path / "x.safetensors").write_bytes(serialised(state(), metadata))
    with pytest.raises(Unreadable, match="outside of its folder"):
        dense_state(tmp_path / "x.safetensors")


def test_weights_are_shared_when_loaded_into_a_model_without_values() -> None:
    with torch.device("meta"):
        model = Tied()
    shared = [name for name, _ in Tied().named_parameters()]
    load_(model, Tied().state_dict())
    assert [name for name, _ in model.named_parameters()] == shared


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tnc.layers", "{"),
        ("tnc.layers", "[{}]"),
        ("tnc.layers", '[{"names": ["x"], "class": "CP_1", "bias": null}]'),
        ("tnc.sources", "[]"),
        ("tnc.sources", "3"),
    ],
)
def test_spoiled_metadata_are_told(key: str, value: str, tmp_path: Path) -> None:
    tnc.compress(net(), **SETTINGS).write(tmp_path)
    found, metadata = read_checkpoint(tmp_path / "checkpoint.safetensors")
    del metadata["tnc.aliases"]
    (tmp_path / "x.safetensors").write_bytes(serialised(found, {**metadata, key: value}))
    with pytest.raises(Unreadable, match="its metadata"):
        dense_state(tmp_path / "x.safetensors")
