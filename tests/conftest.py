"""What every test shares: one thread, fixed seeds, hypothesis profiles, golden files."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything imports torch

import difflib
import random
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

GOLDEN = Path(__file__).parent / "golden"

settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough",
    max_examples=2000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci")  # --hypothesis-profile=thorough overrides it


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="run only the tests that compare with golden files, and write those files anew",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--update-golden"):
        chosen = [item for item in items if "golden" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")


@pytest.fixture(autouse=True)
def _seed() -> None:
    """The same random numbers in every run, whatever ran before."""
    random.seed(0)
    np.random.seed(0)
    if torch := sys.modules.get("torch"):  # tests that do without torch stay quick
        torch.manual_seed(0)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`golden("cp_conv.py", text)`: the text must equal tests/golden/cp_conv.py. `folder` is
    another one, for what is generated and read elsewhere."""
    update = request.config.getoption("--update-golden")

    def compare(name: str, text: str, folder: Path = GOLDEN) -> None:
        path = folder / name
        shown = path.relative_to(Path(__file__).parent.parent).as_posix()
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        elif not path.exists():
            pytest.fail(f"there is no {shown}: `make golden` writes it", pytrace=False)
        elif (stored := path.read_bytes().decode()) != text:
            pytest.fail(_difference(shown, stored, text), pytrace=False)

    return compare


def _difference(name: str, stored: str, text: str) -> str:
    lines = difflib.unified_diff(
        stored.splitlines(keepends=True), text.splitlines(keepends=True), name, "this run"
    )
    shown = "".join(line if line.endswith("\n") else line + "\n(no newline)\n" for line in lines)
    return f"{name} differs (`make golden` accepts the change):\n{shown}"
