"""E04xx: a value of the wrong kind, or something outside that cannot be used."""

from tnc.diagnostics.entry import Entry, program, prose

ENTRIES = (
    Entry(
        "E0401",
        "wrong type",
        prose("""
            Parameters are `int`, `float`, `bool`, `str`, `layer`, or lists of these. What is given
            is of another type.
        """),
        program("""
            layer Linear(S: int = [2, 2]) {
              mode n, s: S, t: 8
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x * A
            }
        """),
        program("""
            layer Linear(S: int = 4) {
              mode n, s: S, t: 8
              input x[n, s]
              weight A[s, t]
              output y[n, t] = x * A
            }
        """),
    ),
    Entry(
        "E0402",
        "extern without signature",
        prose("""
            The compiler cannot look into Python code, so an `extern` says which modes it takes and
            gives, `[n, c, ...] -> [n, c, ...]`, unless it is pointwise: `extern(kind: pointwise)`.
        """),
        program("""
            extern Norm(C: int) = torch.nn.GroupNorm(1, C)

            layer Net {
              mode n, c: 4
              input x[n, c]
              output y = x |> Norm(4)
            }
        """),
        program("""
            extern Norm(C: int): [n, c, ...] -> [n, c, ...] = torch.nn.GroupNorm(1, C)

            layer Net {
              mode n, c: 4
              input x[n, c]
              output y = x |> Norm(4)
            }
        """),
        stage="network",
    ),
    Entry(
        "E0403",
        "extern target not importable",
        prose("""
            The dotted path after `=` names nothing that Python can import. Only a build imports
            it; `tnc check` never runs foreign code.
        """),
        program("""
            extern(kind: pointwise) gelu = torch.nn.functional.no_such_function

            layer Net {
              mode n
              input x[n]
              output y[n] = gelu(x)
            }
        """),
        program("""
            extern(kind: pointwise) gelu = torch.nn.functional.gelu

            layer Net {
              mode n
              input x[n]
              output y[n] = gelu(x)
            }
        """),
        stage="build",
        command="tnc compile program.tnn:Net",
    ),
    Entry(
        "E0404",
        "recursion of layers",
        prose("""
            A layer contains itself, directly or through others, so it would never end. A layer
            that is to be repeated is written `repeat (3) Block`. The label is at the call.
        """),
        program("""
            layer Block {
              mode n
              input x[n]
              output y = x |> Block
            }
        """),
        program("""
            layer Block {
              mode n
              input x[n]
              output y[n] = x + x
            }

            layer Net {
              mode n
              input x[n]
              output y = x |> repeat (3) Block
            }
        """),
        stage="network",
    ),
)
