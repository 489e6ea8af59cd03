"""E03xx: sizes do not fit."""

from tnc.diagnostics.entry import Entry, program, prose

ENTRIES = (
    Entry(
        "E0301",
        "mode size differs from axis size",
        prose("""
            One mode, one size, always. The size of a convolution result follows from the sizes of
            signal and taps, from stride, dilation and pad; where it is declared, it must agree.
        """),
        program("""
            layer Smooth {
              mode n, h: 8, g: 5, i: 3
              conv g = h * i
              input x[n, h]
              weight K[i]
              output y[n, g] = x * K
            }
        """),
        program("""
            layer Smooth {
              mode n, h: 8, g: 6, i: 3
              conv g = h * i
              input x[n, h]
              weight K[i]
              output y[n, g] = x * K
            }
        """),
    ),
    Entry(
        "E0302",
        "factorisation does not multiply out",
        prose("""
            The sizes of merged modes multiply to the size of the axis. `factor(96, 3)` computes a
            balanced factorisation: `[4, 4, 6]`.
        """),
        program("""
            layer Linear {
              let S = [4, 4, 5]
              mode n, t: 8, c: 96, s[i in 1..3]: S[i]
              input x[n, c]
              weight A[s..., t]
              output y[n, t] = x[n, (s...)] * A
            }
        """),
        program("""
            layer Linear {
              let S = factor(96, 3)
              mode n, t: 8, s[i in 1..3]: S[i]
              input x[n, (s...)]
              weight A[s..., t]
              output y[n, t] = x * A
            }
        """),
    ),
    Entry(
        "E0303",
        "non-positive size",
        prose("""
            Sizes of modes, strides and dilations are at least 1.
        """),
        program("""
            layer Smooth {
              mode n, h, i: 3
              conv(stride: 0) h' = h * i
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
        "E0304",
        "size cannot be inferred",
        prose("""
            The sizes of run-time modes are found from the axes of the inputs and through
            convolutions. A transposed convolution with a stride above 1 could have results of
            several sizes, so its size is declared; so is the size of every mode of a weight.
        """),
        program("""
            layer Upsample {
              mode n, h, h', i: 4
              conv(stride: 2, pad: 1) h' = h * i
              input x[n, h']
              weight K[i]
              output y[n, h] = x * K
            }
        """),
        program("""
            layer Upsample {
              mode n, h', h: 2 * size(h'), i: 4
              conv(stride: 2, pad: 1) h' = h * i
              input x[n, h']
              weight K[i]
              output y[n, h] = x * K
            }
        """),
    ),
    Entry(
        "E0305",
        "`require` failed",
        prose("""
            The author of the layer demands a condition which these parameters do not meet. The
            label shows both sides of it, evaluated.
        """),
        program("""
            layer Heads(E: int = 10, heads: int = 4) {
              require E mod heads == 0, "E must be a multiple of heads"
              mode n, m: heads, c: E // heads
              input x[n, (m, c)]
              output y[n, m, c] = x
            }
        """),
        program("""
            layer Heads(E: int = 12, heads: int = 4) {
              require E mod heads == 0, "E must be a multiple of heads"
              mode n, m: heads, c: E // heads
              input x[n, (m, c)]
              output y[n, m, c] = x
            }
        """),
    ),
    Entry(
        "E0306",
        "the addends' modes differ",
        prose("""
            `+` repeats an addend along the modes it lacks, but only along modes that the left side
            writes. An addend cannot have a mode that the left side does not have.
        """),
        program("""
            layer Shift {
              mode n, s: 4
              input x[n]
              weight b[s]
              output y[n] = x + b
            }
        """),
        program("""
            layer Shift {
              mode n, s: 4
              input x[n, s]
              weight b[s]
              output y[n, s] = x + b
            }
        """),
    ),
    Entry(
        "E0307",
        "kernel larger than the padded signal",
        prose("""
            The taps, spread by the dilation, reach further than the signal with its padding, so
            that there is no result. A smaller kernel or dilation, or a larger pad, fits.
        """),
        program("""
            layer Smooth {
              mode n, h: 4, i: 7
              conv h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h'] = x * K
            }
        """),
        program("""
            layer Smooth {
              mode n, h: 4, i: 7
              conv(pad: 3) h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h'] = x * K
            }
        """),
    ),
    Entry(
        "E0308",
        "stride does not divide a circular mode",
        prose("""
            With `pad: circular` indices wrap around the signal; with a stride this is regular only
            if the stride divides the size of the signal.
        """),
        program("""
            layer Ring {
              mode n, h: 7, i: 3
              conv(stride: 2, pad: circular) h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h'] = x * K
            }
        """),
        program("""
            layer Ring {
              mode n, h: 8, i: 3
              conv(stride: 2, pad: circular) h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h'] = x * K
            }
        """),
    ),
    Entry(
        "E0309",
        "stage input mismatch in a pipe",
        prose("""
            A stage of a pipe takes what the stage before it gives: as many axes, of equal sizes.
            They are matched by position; the names of modes do not matter, as each layer has its
            own.
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
              output y = x |> Linear(4, 8) |> Linear(6, 2)
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
              output y = x |> Linear(4, 8) |> Linear(8, 2)
            }
        """),
        stage="network",
    ),
    Entry(
        "E0310",
        "`assert` failed",
        prose("""
            What a `test` says of a layer is not so. The label shows both sides, evaluated. In tests
            `params(L)` are the parameters of a layer, `shape(L, [2, 3])` and `macs(L, [2, 3])` its
            results' sizes and its multiply-adds for an input of that shape, `close(a, b)` compares
            numbers, and `gradcheck(L, [2, 3])` compares gradients with differences.
        """),
        program("""
            layer Linear(S: int, T: int) {
              mode n, s: S, t: T
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x * A
            }

            test "small" {
              assert params(Linear(8, 4)) < 32, "at most half of a dense layer"
            }
        """),
        program("""
            layer Linear(S: int, T: int) {
              mode n, s: S, t: T
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x * A
            }

            test "small" {
              assert params(Linear(8, 4)) <= 32, "at most half of a dense layer"
            }
        """),
        stage="build",
        command="tnc test program.tnn",
    ),
)
