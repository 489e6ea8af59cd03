"""E05xx and E09xx: the program is right, but cannot be built as asked."""

from tnc.diagnostics.entry import Entry, program, prose

_LINEAR = program("""
    layer Linear {
      mode n, s: 64, t: 64
      input x[n, s]
      weight A[s, t]
      output y[n, t] = x * A
    }
""")

_NETWORK = """\
from torch import nn

net = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
"""

ENTRIES = (
    Entry(
        "E0501",
        "no plan fits the memory limit",
        prose("""
            No order of contraction stays below `--memory-limit`, however much the backward computes
            anew. The message shows the smallest that was found: raise the limit to it, or bind
            smaller run-time sizes with `--bind`.
        """),
        _LINEAR,
        _LINEAR,
        stage="build",
        command="tnc plan program.tnn:Linear --bind n=128 --memory-limit 1KiB",
        accepting="tnc plan program.tnn:Linear --bind n=128 --memory-limit 1MiB",
    ),
    Entry(
        "E0502",
        "cannot write the output",
        prose("""
            The output file could not be written; the message is the system's. Nothing was written:
            an output file is written whole or not at all.
        """),
        _LINEAR,
        _LINEAR,
        stage="build",
        command="tnc compile program.tnn:Linear -o no/such/folder/linear.py",
        accepting="tnc compile program.tnn:Linear -o linear.py",
    ),
    Entry(
        "E0503",
        "a layer that cannot be fitted",
        prose("""
            `tnc.fit`, `tnc.expand` and `tnc compress`, which fits a family to every dense layer,
            take a layer as one kernel: its single input is multiplied by weights, each of them
            once. Functions such as `relu`, layers inside, two inputs, weights that are multiplied
            by themselves, or by positions, have no such kernel. In a network fit its layers one by
            one.
        """),
        program("""
            layer Bent(S: int, T: int, bias: bool = true, R: int = 8) {
              mode s: S, t: T, r: R
              input x[..., s]
              weight A[s, r], B[r, t], b[t]
              let h[..., r] = x * A
              let z[..., t] = relu(h) * B
              output y[..., t] = if bias then z + b else z
            }
        """),
        program("""
            layer Straight(S: int, T: int, bias: bool = true, R: int = 8) {
              mode s: S, t: T, r: R
              input x[..., s]
              weight A[s, r], B[r, t], b[t]
              let z[..., t] = x * A * B
              output y[..., t] = if bias then z + b else z
            }
        """),
        stage="build",
        command="tnc compress net.py:net --family Linear=program.tnn:Bent --dry-run",
        accepting="tnc compress net.py:net --family Linear=program.tnn:Straight --dry-run",
        beside=(("net.py", _NETWORK),),
    ),
    Entry(
        "E0901",
        "internal error",
        prose("""
            The compiler has a mistake. Please report it, with the program and the version
            (`tnc --version`). `--verify` may show which stage is to blame. No program is known that
            provokes it, so none is shown here.
        """),
        "",
        "",
        stage="run",
    ),
)
