"""E01xx: a name means nothing, or too much."""

from tnc.diagnostics.entry import Entry, program, prose

ENTRIES = (
    Entry(
        "E0101",
        "undefined mode",
        prose("""
            Every mode is declared by a `mode` statement, or as the result of a `conv` relation.
            Modes have names of their own: a parameter or a tensor of that name does not count.
        """),
        program("""
            layer Linear {
              mode n, s: 4
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x * A
            }
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 8
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x * A
            }
        """),
    ),
    Entry(
        "E0102",
        "undefined tensor",
        prose("""
            A factor is an `input`, `weight`, `buffer` or `let` of the same layer. A `let` sees only
            what stands above it.
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 8
              input x[n, s]
              output y[n, t] = x * A
            }
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 8
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x * A
            }
        """),
    ),
    Entry(
        "E0103",
        "undefined layer or function",
        prose("""
            What is called or piped into must be a layer of the file, an import, an `extern` or
            built in. Activations are imported: `from std.nn import relu`.
        """),
        program("""
            from std.nn import relu

            layer Twice {
              mode n
              input x[n]
              let z[n] = relu(x)
              output y[n] = relo(z)
            }
        """),
        program("""
            from std.nn import relu

            layer Twice {
              mode n
              input x[n]
              let z[n] = relu(x)
              output y[n] = relu(z)
            }
        """),
    ),
    Entry(
        "E0104",
        "name declared twice",
        prose("""
            Inputs, weights, buffers, lets, outputs and parameters of a layer share their names;
            modes have a second set of names; the layers, imports and lets of a file a third.
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 8
              input x[n, s]
              weight A[s, t]
              weight A[t]
              output y[n, t] = x * A
            }
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 8
              input x[n, s]
              weight A[s, t]
              weight b[t]
              output y[n, t] = x * A + b
            }
        """),
    ),
    Entry(
        "E0105",
        "unknown parameter",
        prose("""
            The layer, function or statement has no parameter or option of this name.
        """),
        program("""
            layer Smooth {
              mode n, h, i: 3
              conv(strides: 2) h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h'] = x * K
            }
        """),
        program("""
            layer Smooth {
              mode n, h, i: 3
              conv(stride: 2) h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h'] = x * K
            }
        """),
    ),
    Entry(
        "E0106",
        "missing parameter",
        prose("""
            A parameter without a default must be given wherever the layer is used.
        """),
        program("""
            layer Linear(S: int, T: int) {
              mode n, s: S, t: T
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x * A
            }

            layer Net {
              mode n, s: 4
              input x[n, s]
              output y = x |> Linear(4)
            }
        """),
        program("""
            layer Linear(S: int, T: int) {
              mode n, s: S, t: T
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x * A
            }

            layer Net {
              mode n, s: 4
              input x[n, s]
              output y = x |> Linear(4, 8)
            }
        """),
        stage="network",
    ),
    Entry(
        "E0107",
        "module not found",
        prose("""
            `import .a.b` looks for `a/b.tnn` beside the file, one more dot looks one folder up,
            and `std.` is the library that comes with the compiler. The message lists the paths
            that were tried.
        """),
        program("""
            from .nowhere import Linear

            layer Net {
              mode n, s: 4
              input x[n, s]
              output y = x |> Linear(4, 8)
            }
        """),
        program("""
            from .linear import Linear

            layer Net {
              mode n, s: 4
              input x[n, s]
              output y = x |> Linear(4, 8)
            }
        """),
        stage="network",
        beside=(
            (
                "linear.tnn",
                program("""
                    layer Linear(S: int, T: int) {
                      mode n, s: S, t: T
                      input x[n, s]
                      weight A[s, t]
                      output y[n, t] = x * A
                    }
                """),
            ),
        ),
    ),
    Entry(
        "E0108",
        "import cycle",
        prose("""
            Files import one another in a circle; the message names all of them. Move what both
            need into a third file.
        """),
        program("""
            from .linear import Linear

            layer Twice {
              mode n
              input x[n]
              output y[n] = x + x
            }

            layer Net {
              mode n, s: 4
              input x[n, s]
              output y = x |> Linear
            }
        """),
        program("""
            layer Twice {
              mode n
              input x[n]
              output y[n] = x + x
            }
        """),
        stage="network",
        beside=(
            (
                "linear.tnn",
                program("""
                    from .program import Twice

                    layer Linear {
                      mode n, s: 4, t: 8
                      input x[n, s]
                      weight A[s, t]
                      output y[n, t] = x * A
                    }
                """),
            ),
        ),
    ),
    Entry(
        "E0109",
        "family without an index",
        prose("""
            `s[i in 1..d]` declares several modes, `K[i in 1..d][…]` several tensors. One of them is
            `s[1]`; all of them are `s...`, and `(s...)` is all of them merged into one axis.
        """),
        program("""
            layer Sum {
              mode n, s[i in 1..2]: 3
              input x[n, s]
              output y[n] = sum(x, over: (s...))
            }
        """),
        program("""
            layer Double {
              mode n, s[i in 1..2]: 3
              input x[n, (s...)]
              output y[n, (s...)] = x + x
            }
        """),
    ),
    Entry(
        "E0110",
        "index outside of the family",
        prose("""
            A family is indexed from the first to the last number of its declaration, both
            included. Lists are indexed from 1.
        """),
        program("""
            layer Linear {
              mode n, t: 8, s[i in 1..2]: 3
              input x[n, (s...)]
              weight A[s[1], s[3], t]
              output y[n, t] = x * A
            }
        """),
        program("""
            layer Linear {
              mode n, t: 8, s[i in 1..2]: 3
              input x[n, (s...)]
              weight A[s[1], s[2], t]
              output y[n, t] = x * A
            }
        """),
    ),
)
