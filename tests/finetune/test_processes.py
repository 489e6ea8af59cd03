"""Two processes with half of the data each get what one gets with all of it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.finetune.work import PROCESSES, labelled, tuned, work

pytestmark = pytest.mark.slow  # two processes start


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where every process has written what it got."""
    place = tmp_path_factory.mktemp("processes")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        (place / "port").write_text(str(free.getsockname()[1]))
    torch.multiprocessing.spawn(work, (str(place),), nprocs=PROCESSES)
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
    assert sorted(each.name for each in folder.glob("*e*.pt")) == ["e2e.pt", "seq.pt"]
    found = read(folder, "e2e.pt")["state"]["network"]
    for name, tensor in read(folder, "0.pt")["net"].items():
        assert torch.equal(found[name], tensor)


def test_statistics(folder: Path) -> None:
    means = torch.stack([x[:, :].movedim(1, 0).flatten(1).mean(1) for x, _ in labelled(0)])
    for rank in range(PROCESSES):
        found = read(folder, f"norms-{rank}.pt")["0.running_mean"]
        torch.testing.assert_close(found, means.mean(0), rtol=1e-12, atol=1e-12)
