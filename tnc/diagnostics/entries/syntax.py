"""E00xx: the text cannot be read."""

from tnc.diagnostics.entry import Entry, program, prose

ENTRIES = (
    Entry(
        "E0001",
        "unexpected character",
        prose("""
            The character is not part of the language. Where it is plain what was meant, that is
            read instead, so that the rest of the text is checked as well: `×`, `·` and `⊗` are
            read as `*`. Names are made of letters, digits and `_`; modes may end in primes (`h'`),
            but tensors, layers and parameters may not, since they are names of Python objects.
        """),
        program("""
            layer Square {
              mode n
              input x[n]
              output y[n] = x × x
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
        "E0002",
        "unexpected token",
        prose("""
            Something stands where it cannot stand; the message lists what can. Reading goes on at
            the next statement keyword, so further mistakes are found in the same run. Nesting
            deeper than 200 levels is refused under this code too.
        """),
        program("""
            layer Square {
              mode n
              input x[n]
              output y[n] = x * * x
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
        "E0003",
        "bracket is never closed",
        prose("""
            A bracket is open where it no longer can be: at the end of a statement or of the text,
            or where the next layer begins. The second label shows that place.
        """),
        program("""
            layer Square {
              mode n
              input x[n
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
        "E0004",
        "missing `)`, `*`, `=`, `,`, `:` or `{`",
        prose("""
            With this one token put in, the text can be read; so it is put in and reading goes on.
            Mind that a product needs its `*`: `A B` is not `A * B`.
        """),
        program("""
            layer Square {
              mode n
              input x[n]
              output y[n] = x x
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
        "E0005",
        "keyword used as a name",
        prose("""
            Keywords are reserved everywhere, because every statement is recognised by its keyword
            alone. The keyword is read as the name it was meant to be, and reading goes on.
        """),
        program("""
            layer Square {
              mode in
              input x[in]
              output y[in] = x * x
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
        "E0006",
        "string is never closed",
        prose("""
            A string ends on the line on which it begins. Inside of it, `\\"` is a quotation mark
            and `\\n` a line break.
        """),
        program("""
            layer Square(S: int = 4) {
              require S > 0, "S must be positive
              mode s: S
              input x[s]
              output y[s] = x * x
            }
        """),
        program("""
            layer Square(S: int = 4) {
              require S > 0, "S must be positive"
              mode s: S
              input x[s]
              output y[s] = x * x
            }
        """),
    ),
    Entry(
        "E0007",
        "unknown edition",
        prose("""
            A text begins with the edition of the language in which it is written. This compiler
            does not know that edition: a newer one may.
        """),
        program(
            """
            layer Square {
              mode n
              input x[n]
              output y[n] = x * x
            }
            """,
            edition="tnn 99\n",
        ),
        program("""
            layer Square {
              mode n
              input x[n]
              output y[n] = x * x
            }
        """),
    ),
)
