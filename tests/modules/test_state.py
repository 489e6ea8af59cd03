"""Copies, pickles and saved states."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.modules.layers import SUBJECTS, Subject, named, total
from tests.oracle import as_tuple, close

each_layer = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)


@each_layer
def test_deepcopy(subject: Subject) -> None:
    """A copy computes the same and shares no memory."""
    layer, x = subject.build(), subject.input()
    twin = copy.deepcopy(layer)
    for a, b in zip(as_tuple(twin(x)), as_tuple(layer(x)), strict=True):
        assert torch.equal(a, b)
    places = {p.data_ptr() for p in layer.parameters()}
    assert not places & {p.data_ptr() for p in twin.parameters()}
    total(twin(x)).backward()
    assert all(p.grad is None for p in layer.parameters())


@each_layer
def test_pickle(subject: Subject) -> None:
    layer, x = subject.build(), subject.input()
    twin = pickle.loads(pickle.dumps(layer))
    assert type(twin) is type(layer)
    for a, b in zip(as_tuple(twin(x)), as_tuple(layer(x)), strict=True):
        assert torch.equal(a, b)


@each_layer
def test_state_dict(subject: Subject) -> None:
    """Through torch.save, into a layer of other values; only the names of the `.tnn` are stored."""
    layer, other, x = subject.build(), subject.build(), subject.input()
    torch.save(layer.state_dict(), stored := io.BytesIO())
    stored.seek(0)
    state = torch.load(stored, weights_only=True)
    assert set(state) == {name for name, _ in layer.named_parameters()}
    other.load_state_dict(state)
    for a, b in zip(as_tuple(other(x)), as_tuple(layer(x)), strict=True):
        assert torch.equal(a, b)


def test_names_do_not_depend_on_the_plan() -> None:
    assert set(named("cp").build().state_dict()) == {"A", "U", "V", "B"}
    assert set(named("tt").build().state_dict()) == {"K_1", "K_2"}


@each_layer
def test_initial_values_are_drawn_anew_and_reproducible(subject: Subject) -> None:
    made = getattr(subject.made().module, subject.layer)
    torch.manual_seed(1)
    first = made()
    torch.manual_seed(1)
    second = made()
    different = False
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.isfinite().all()
    first.reset_parameters()
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        different |= not torch.equal(a, b)
    assert different


READER = """
import pickle, sys
sys.modules["tnc"] = None  # an import of it would fail
with open(sys.argv[1], "rb") as stream:
    layer, x, y = pickle.load(stream)
difference = (layer(x) - y).abs().max().item()
print("same" if difference < 1e-12 else difference)
"""


def test_pickle_into_a_fresh_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer of a written module, read where tnc is not installed."""
    subject = named("tt")
    subject.made().write(tmp_path / "written_rtt.py")
    monkeypatch.syspath_prepend(tmp_path)
    import written_rtt  # type: ignore[import-not-found]

    layer, x = written_rtt.rTT(dtype=torch.float64), subject.input()
    close(layer(x), layer(x), "itself")
    with (tmp_path / "layer.pickle").open("wb") as stream:
        pickle.dump((layer, x, layer(x).detach()), stream)
    (tmp_path / "reader.py").write_text(READER)
    command = [sys.executable, "reader.py", "layer.pickle"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.stdout == "same\n", answer.stderr
