"""Wxxxx: the program can be built, but something about it is odd."""

from tnc.diagnostics.entry import Entry, program, prose

ENTRIES = (
    Entry(
        "W0001",
        "no edition",
        prose("""
            A text begins with its edition, `tnn 1`, so that it keeps its meaning when the language
            changes. Without, the newest edition is assumed.
        """),
        program(
            """
            layer Square {
              mode n
              input x[n]
              output y[n] = x * x
            }
            """,
            edition="",
        ),
        program("""
            layer Square {
              mode n
              input x[n]
              output y[n] = x * x
            }
        """),
    ),
    Entry(
        "W0002",
        "stray doc comment",
        prose("""
            `##` documents the layer, weight, buffer, let, extern or parameter that follows on the
            next line. Elsewhere it is read as a comment: write `#`.
        """),
        program("""
            layer Square {
              ## The batch.
              mode n
              input x[n]
              output y[n] = x * x
            }
        """),
        program("""
            ## The square of each number.
            layer Square {
              mode n  # the batch
              input x[n]
              output y[n] = x * x
            }
        """),
    ),
    Entry(
        "W0101",
        "weight never used",
        prose("""
            No output depends on the weight, whatever the parameters are, so it is not created.
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 8
              input x[n, s]
              weight A[s, t], b[t]
              output y[n, t] = x * A
            }
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 8
              input x[n, s]
              weight A[s, t], b[t]
              output y[n, t] = x * A + b
            }
        """),
    ),
    Entry(
        "W0102",
        "mode, parameter or import never used",
        prose("""
            The name is declared, but nothing mentions it.
        """),
        program("""
            layer Square {
              mode n, s: 4
              input x[n]
              output y[n] = x * x
            }
        """),
        program("""
            layer Square {
              mode n
              input x[n]
              output y[n] = x * x
            }
        """),
    ),
    Entry(
        "W0103",
        "name hides another",
        prose("""
            The name also stands for something in the file, which this layer can no longer reach.
        """),
        program("""
            let width = 4

            layer Linear {
              mode n, s: 4, t: 8
              input x[n, s]
              weight width[s, t]
              output y[n, t] = x * width
            }
        """),
        program("""
            let width = 4

            layer Linear {
              mode n, s: width, t: 8
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x * A
            }
        """),
    ),
    Entry(
        "W0201",
        "outer product",
        prose("""
            The factors share no mode and the result keeps all of theirs, so it has as many elements
            as their sizes multiply to. Often a mode was meant to be the same in both.
        """),
        program("""
            layer Pairs {
              mode s: 8192, t: 8192
              input x[s], z[t]
              output y[s, t] = x * z
            }
        """),
        program("""
            layer Pairs {
              mode s: 8192
              input x[s], z[s]
              output y[s] = x * z
            }
        """),
    ),
    Entry(
        "W0202",
        "the factorisation saves no time",
        prose("""
            By the device profile, a step of training takes over 10 % longer than with the dense
            layer, at the sizes of the plan. The notes say from which batch on, or up to which rank,
            the factors are predicted to pay. What a machine really takes, `tnc bench` tells.

            It is said where time is what the plan is made for, without a limit of memory; of a
            batch that was not bound, only where no batch would pay; of a network, where all sizes
            are bound and its layers that do not pay lose a tenth of its time.
        """),
        program("""
            layer LowRank {
              mode n, s: 1024, r: 700, t: 1024
              input x[n, s]
              weight A[s, r], B[r, t]
              output y[n, t] = x * A * B
            }
        """),
        program("""
            layer LowRank {
              mode n, s: 1024, r: 64, t: 1024
              input x[n, s]
              weight A[s, r], B[r, t]
              output y[n, t] = x * A * B
            }
        """),
        stage="build",
        command="tnc compile program.tnn:LowRank --bind n=128",
    ),
    Entry(
        "W0203",
        "rank above the useful maximum",
        prose("""
            A bond between two parts of a network is useful up to the smaller of the two products of
            open sizes on its sides: `A[s, r] * B[r, t]` has at most the rank min(S, T). Anything
            above costs time and parameters, and represents nothing more. Ranks and sizes
            that depend on parameters are looked at when these have their values, by `tnc plan` and
            `tnc compile`.
        """),
        program("""
            layer LowRank {
              mode n, s: 16, r: 64, t: 16
              input x[n, s]
              weight A[s, r], B[r, t]
              output y[n, t] = x * A * B
            }
        """),
        program("""
            layer LowRank {
              mode n, s: 16, r: 2, t: 16
              input x[n, s]
              weight A[s, r], B[r, t]
              output y[n, t] = x * A * B
            }
        """),
    ),
    Entry(
        "W0303",
        "asymmetric padding",
        prose("""
            With an even number of taps `pad: same` pads one side more than the other, so the result
            is shifted by half a step. An odd kernel avoids this; `pad: (a, b)` says it openly.
        """),
        program("""
            layer Smooth {
              mode n, h, i: 4
              conv(pad: same) h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h'] = x * K
            }
        """),
        program("""
            layer Smooth {
              mode n, h, i: 4
              conv(pad: (1, 2)) h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h'] = x * K
            }
        """),
    ),
)
