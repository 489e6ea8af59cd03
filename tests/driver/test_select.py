"""What was chosen before is found again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

NET = """tnn 1
from std.nn import Linear
layer Net {
  mode n, s: 4, r: 3
  input x[n, s]
  weight A[s, r], B[r, s]
  let z[n, s] = x * A * B
  output y = z |> Linear(4, 4)
}
"""


@pytest.mark.slow
def test_a_network_is_found_in_a_process_with_other_hashes(tmp_path: Path) -> None:
    """The layers inside hold sets, whose order differs from process to process."""
    home, root = tmp_path / "home", Path(__file__).parents[2]
    (tmp_path / "net.tnn").write_text(NET)
    command = [sys.executable, "-m", "tnc", "plan", "net.tnn:Net"]
    kept = []
    for seed in ("1", "2"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": str(root),
            "XDG_CACHE_HOME": str(home),
        }
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, stdout=subprocess.PIPE)
        kept.append(sorted(home.rglob("*.json")))
    assert kept[0] == kept[1] != []
