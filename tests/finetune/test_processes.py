"""Two processes of torchrun's with half of the data each get what one gets with all of it."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

import tnc
from tests.finetune.work import PROCESSES, labelled, net_with_dropout, sgd, tuned

pytestmark = pytest.mark.slow  # two processes start


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where every process has written what it got."""
    place = tmp_path_factory.mktemp("processes")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launch += ["--nproc-per-node", str(PROCESSES)]
    words = ["-m", "tests.finetune.work", str(place)]
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "CUDA_VISIBLE_DEVICES": ""}
    start = partial(subprocess.run, [*launch, *words], env=environment, cwd=root)
    died = start(check=False, capture_output=True)
    assert died.returncode
    assert [each.name for each in place.iterdir()] == ["killed.pt"]
    start(check=True)
    return place


def read(folder: Path, name: str) -> Any:
    return torch.load(folder / name, weights_only=True)


def test_weights_and_figures(folder: Path) -> None:
    """Factors may differ where they hardly matter: what they make of images does not."""
    net, figures = tuned(labelled, None)
    x, _ = next(labelled(5))
    expected = net(x)
    states = [read(folder, f"{rank}.pt") for rank in range(PROCESSES)]
    for state in states:
        assert state["figures"] == pytest.approx(figures, rel=1e-6)
        net.load_state_dict(state["net"])
        torch.testing.assert_close(
            net(x), expected, rtol=0, atol=1e-5 * expected.abs().max().item()
        )
    first, second = (state["net"] for state in states)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_one_process_writes_the_checkpoint(folder: Path) -> None:
    assert {each.name for each in folder.glob("*e*.pt")} == {"e2e.pt", "seq.pt", "killed.pt"}
    found = read(folder, "e2e.pt")["state"]["network"]
    for name, tensor in read(folder, "0.pt")["net"].items():
        assert torch.equal(found[name], tensor)


def test_statistics(folder: Path) -> None:
    means = torch.stack([x[:, :].movedim(1, 0).flatten(1).mean(1) for x, _ in labelled(0)])
    for rank in range(PROCESSES):
        found = read(folder, f"norms-{rank}.pt")["0.running_mean"]
        torch.testing.assert_close(found, means.mean(0), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rank", range(PROCESSES))
def test_killed_in_an_epoch_all_go_on_from_where_they_were(rank: int, folder: Path) -> None:
    """One by SIGKILL, and so the other. Each goes on with its own random numbers, and with its own
    part of the epoch's loss."""
    runs = read(folder, f"runs-{rank}.pt")
    (whole, losses), (again, told) = runs["whole"], runs["again"]
    assert told == losses
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_another_number_of_processes_does_not_go_on_in_an_epoch(folder: Path) -> None:
    net = net_with_dropout()
    with pytest.raises(ValueError, match="2 processes have begun an epoch, and there are 1"):
        tnc.tune_end_to_end(net, labelled, epochs=3, optimizer=sgd, checkpoint=folder / "torn.pt")
