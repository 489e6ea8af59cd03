"""Ways to damage a text. Everything follows from the generator that is given."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.fuzz.texts import TOKEN, programs, tokens

ODD = (
    *"\x00\t\r\n\x0b\x1b\x7f\"'`$;\\%@²ª￼",
    *("\ufeff", "\u2028", "\u0301", "ß", "ﬁ", "名", "𝔸", "ن", "×", "…", "\r\n", "##", "//", "|>"),
)


def damaged(chance: Random) -> str:
    """A program with up to four of its tokens wrong."""
    pieces = TOKEN.findall(chance.choice(programs()))
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        chance.choice(_OF_TOKENS)(pieces, chance)
    return "".join(pieces)


def scrambled(chance: Random) -> bytes:
    """Bytes that are nearly a program, or nothing like one."""
    return chance.choice(_OF_BYTES)(chance)


# ---------------------------------------------------------------- of tokens
def _remove(pieces: list[str], chance: Random) -> None:
    del pieces[_place(pieces, chance)]


def _double(pieces: list[str], chance: Random) -> None:
    at = _place(pieces, chance)
    pieces.insert(at, pieces[at] + chance.choice(["", " "]))


def _swap(pieces: list[str], chance: Random) -> None:
    one, other = _place(pieces, chance), _place(pieces, chance)
    pieces[one], pieces[other] = pieces[other], pieces[one]


def _replace(pieces: list[str], chance: Random) -> None:
    pieces[_place(pieces, chance)] = chance.choice(tokens())


def _replace_alike(pieces: list[str], chance: Random) -> None:
    """A name by a name of this text, a number by a number: what still parses."""
    at = _place(pieces, chance)
    words = [each for each in pieces if each[:1].isalpha()]
    if pieces[at].isdigit():
        pieces[at] = str(chance.choice([0, 1, 2, 3, 7, 64, 10**6, 10**18, 10**20]))
    elif words:
        pieces[at] = chance.choice(words)


def _place(pieces: list[str], chance: Random) -> int:
    """Where a token stands, rather than white space; texts are never empty for long."""
    if not pieces:
        pieces.append(chance.choice(tokens()))
    places = [at for at, piece in enumerate(pieces) if piece.strip()]
    return chance.choice(places or [0])


_OF_TOKENS: tuple[Callable[[list[str], Random], None], ...] = (
    *(_remove, _double, _swap, _replace, _replace_alike, _replace_alike),
)


# ---------------------------------------------------------------- of bytes
def _random(chance: Random) -> bytes:
    return chance.randbytes(chance.randrange(120))


def _unicode(chance: Random) -> bytes:
    planes = (0x80, 0x800, 0xD800, 0xD800)
    return "".join(chr(chance.randrange(chance.choice(planes))) for _ in range(40)).encode()


def _truncated(chance: Random) -> bytes:
    content = chance.choice(programs()).encode()
    return content[: chance.randrange(len(content))]


def _spliced(chance: Random) -> bytes:
    one, other = (chance.choice(programs()).encode() for _ in range(2))
    return one[: chance.randrange(len(one))] + other[chance.randrange(len(other)) :]


def _flipped(chance: Random) -> bytes:
    content = bytearray(chance.choice(programs()).encode())
    for _ in range(chance.choice([1, 2, 8])):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def _odd(chance: Random) -> bytes:
    text = chance.choice(programs())
    for _ in range(chance.choice([1, 2, 6])):
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice(ODD) * chance.choice([1, 1, 3]) + text[at:]
    return text.encode()


_OF_BYTES: tuple[Callable[[Random], bytes], ...] = (
    *(_random, _unicode, _truncated, _spliced, _flipped, _odd, _odd),
)
