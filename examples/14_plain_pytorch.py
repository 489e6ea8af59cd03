"""y[n,t₁…t_d] = Σ_{s₁…s_d,r} x[n,s₁…s_d] K₁[r,s₁,t₁] … K_d[r,s_d,t_d] + b[t₁…t_d], without tnc

    tnc compile examples/02_rcp_dense.tnn --set 'S=[8,8],T=[8,8],R=4' -o rcp_dense.py
    python examples/14_plain_pytorch.py rcp_dense.py

The generated file is a module like any other: it needs PyTorch, and tnc need not be installed.
"""

import importlib.util
import sys
from types import ModuleType

import torch
from torch import nn
from torch.nn.functional import mse_loss


def generated(path: str) -> ModuleType:
    """The module in a file; where the file lies on the path, `import rcp_dense` does it."""
    spec = importlib.util.spec_from_file_location("rcp_dense", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(path: str) -> list[float]:
    """Learn y = x² from random numbers; the losses."""
    torch.manual_seed(0)
    hidden = generated(path).RCPDense()
    network = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), hidden, nn.ReLU(), nn.Linear(64, 4))
    print(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for step in range(1, 101):
        x = torch.randn(128, 4)
        optimizer.zero_grad()
        loss = mse_loss(network(x), x.square())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if step % 20 == 0:
            print(f"step {step}: loss {losses[-1]:.3f}")
    torch.save(network.state_dict(), path.removesuffix(".py") + ".pt")
    assert "tnc" not in sys.modules
    return losses


if __name__ == "__main__":
    main(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
