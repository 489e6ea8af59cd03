"""E02xx: the modes of an equation do not play together."""

from tnc.diagnostics.entry import Entry, program, prose

ENTRIES = (
    Entry(
        "E0201",
        "wrong number of modes",
        prose("""
            `x[n, u]` renames the modes of `x` by position, so it has as many as the declaration. A
            merged axis `(a, b)` counts as one.
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 8
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x[n] * A
            }
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 8
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x[n, s] * A
            }
        """),
    ),
    Entry(
        "E0202",
        "mode dangles",
        prose("""
            The mode is in one factor alone and not in the result. If it is to be summed, write
            `sum(x, over: s)`; often it was meant to meet a mode of another factor. A mode whose
            size is always 1, such as an end of a tensor train, may dangle.
        """),
        program("""
            layer Total {
              mode n, s: 4
              input x[n, s]
              output y[n] = x
            }
        """),
        program("""
            layer Total {
              mode n, s: 4
              input x[n, s]
              output y[n] = sum(x, over: s)
            }
        """),
    ),
    Entry(
        "E0203",
        "convolution result not kept",
        prose("""
            Factors carry the signal and the taps of a convolution, but its result is nowhere. In
            `h' = h * i` the result is `h'`; keeping `h` instead is a common slip.
        """),
        program("""
            layer Smooth {
              mode n, h, i: 3
              conv(pad: same) h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h] = x * K
            }
        """),
        program("""
            layer Smooth {
              mode n, h, i: 3
              conv(pad: same) h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h'] = x * K
            }
        """),
    ),
    Entry(
        "E0204",
        "convolution factor missing",
        prose("""
            The result of a convolution is kept, but no factor carries its signal, or one of its
            taps.
        """),
        program("""
            layer Smooth {
              mode n, h, i: 3
              conv(pad: same) h' = h * i
              input x[n, h]
              output y[n, h'] = x
            }
        """),
        program("""
            layer Smooth {
              mode n, h, i: 3
              conv(pad: same) h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h'] = x * K
            }
        """),
    ),
    Entry(
        "E0205",
        "no factor carries a mode of the result",
        prose("""
            A product has the modes of its factors, and no others. An addend, however, is repeated
            along the modes of the other addends.
        """),
        program("""
            layer Spread {
              mode n, t: 4
              input x[n]
              output y[n, t] = x
            }
        """),
        program("""
            layer Spread {
              mode n, t: 4
              input x[n]
              weight a[t]
              output y[n, t] = x + a
            }
        """),
    ),
    Entry(
        "E0206",
        "which modes survive?",
        prose("""
            The modes that a product is to keep flow from the left of the `=` inward, through `+`
            and pointwise functions, but not through a layer, a softmax, or a `let` without modes.
            Name the product with its modes, `let z[n, t] = …`, or annotate it, `(x * A)[n, t]`.
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 8
              input x[n, s]
              weight A[s, t]
              let z = x * A
              output y[n, t] = z + z
            }
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 8
              input x[n, s]
              weight A[s, t]
              let z[n, t] = x * A
              output y[n, t] = z + z
            }
        """),
    ),
    Entry(
        "E0207",
        "mode twice in one factor",
        prose("""
            A factor has each mode once. Where `tnc.einsum`, which keeps einsum's convention, would
            take the diagonal of a tensor, a layer multiplies it with a `buffer(init: identity)`.
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 4
              input x[n, s]
              weight A[s, t]
              output y[n] = x * A[s, s]
            }
        """),
        program("""
            layer Linear {
              mode n, s: 4, t: 4
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x * A[s, t]
            }
        """),
    ),
    Entry(
        "E0208",
        "convolved as well as kept",
        prose("""
            A convolution consumes its signal and its taps: the result of the equation cannot keep
            one of them beside the result of the convolution.
        """),
        program("""
            layer Smooth {
              mode n, h, i: 3
              conv(pad: same) h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h, h'] = x * K
            }
        """),
        program("""
            layer Smooth {
              mode n, h, i: 3
              conv(pad: same) h' = h * i
              input x[n, h]
              weight K[i]
              output y[n, h'] = x * K
            }
        """),
    ),
    Entry(
        "E0209",
        "two relations fit",
        prose("""
            The factors and the result carry all modes of two relations which share a mode, so it is
            open which convolution is meant. Give each convolution its own equation.
        """),
        program("""
            layer Smooth {
              mode n, h, i: 3
              conv(pad: same) h' = h * i
              conv(pad: same, dilation: 2) g = h * i
              input x[n, h]
              weight K[i]
              output y[n, h', g] = x * K
            }
        """),
        program("""
            layer Smooth {
              mode n, h, i: 3
              conv(pad: same) h' = h * i
              conv(pad: same, dilation: 2) g = h * i
              input x[n, h]
              weight K[i]
              output y[n, h'] = x * K
              output z[n, g] = x * K
            }
        """),
    ),
    Entry(
        "E0210",
        "result written twice, or output missing",
        prose("""
            A layer has at least one `output`, and binds every name once. The label is at the head
            of the layer.
        """),
        program("""
            layer Square {
              mode n
              input x[n]
              let y[n] = x * x
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
)
