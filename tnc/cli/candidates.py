"""What may come next on a command line, read off the parsers of the commands."""

from __future__ import annotations

import argparse
import os
import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from tnc.cli import main
from tnc.cli.parser import Parser
from tnc.cli.sources import SUFFIX
from tnc.record import record

_ENOUGH = 60


@record
class Candidate:
    """A word that may stand here, and what it means, if that can be told in a line."""

    word: str
    about: str = ""


def shown(line: str, shell: str) -> list[str]:
    """The candidates for the end of a line, as a shell takes them."""
    words = split(line)
    found = [*candidates(words[1:])] if len(words) > 1 else []
    if shell != "bash":
        return [f"{each.word}\t{each.about}" for each in found]
    # to bash a word begins after a colon and an equals sign
    known = max(words[-1].rfind(":"), words[-1].rfind("=")) + 1 if words else 0
    return [each.word[known:] for each in found]


def split(line: str) -> list[str]:
    """The words of a line, from `tnc` on. The last is the one to be completed, perhaps empty."""
    for quote in ("", '"', "'"):
        with suppress(ValueError):
            words = shlex.split(line + quote)
            new = not quote and line[-1:].isspace() and not line.endswith("\\ ")
            return [*words, ""] if new else words
    return []


def candidates(words: list[str]) -> Iterator[Candidate]:
    """What the last of these words may be, or become, after the others."""
    *before, word = words
    if not before:
        options = _options(main.parser(()), word) if word.startswith("-") else ()
        commands = (Candidate(each, main.command(each).SUMMARY) for each in main.COMMANDS)
        found: Iterable[Candidate] = (*options, *commands)
    elif before[0] not in main.COMMANDS:
        return
    else:
        found = _arguments(before[0], before[1:], word)
    yield from (each for each in found if each.word.startswith(word))


def _arguments(name: str, before: list[str], word: str) -> Iterator[Candidate]:
    parser = Parser(name)
    main.command(name).add(parser)
    actions = {option: each for each in parser.arguments for option in each.option_strings}
    option, equals, value = word.partition("=")
    last = actions.get(before[-1]) if before else None
    if equals and option in actions:
        for each in _values(actions[option], value):
            yield Candidate(f"{option}={each.word}", each.about)
    elif last is not None and last.nargs is None:
        yield from _values(last, word)
    elif word.startswith("-") and word != "-":
        yield from _options(parser, word)
    else:
        for action in parser.arguments:
            if not action.option_strings:
                yield from _values(action, word)


def _options(parser: Parser, word: str) -> Iterator[Candidate]:
    """The options; short ones only where nothing longer is asked for."""
    for action in parser.arguments:
        for option in action.option_strings:
            if action.help != argparse.SUPPRESS and (option.startswith("--") or word == "-"):
                yield Candidate(option, _short(action.help or ""))


def _short(help: str) -> str:
    first = re.split(r"[;:(]", " ".join(help.split()))[0].strip()
    return first if len(first) <= _ENOUGH else f"{first[:_ENOUGH]}..."


# ---------------------------------------------------------------- values


def _values(action: argparse.Action, word: str) -> Iterator[Candidate]:
    """What an argument may be, as far as its parser tells: its choices, or how it is called."""
    if action.choices is not None:
        yield from (Candidate(str(each)) for each in action.choices)
        return
    named = {"CODE": _codes, "family": _families}
    if known := named.get(str(action.metavar)) or named.get(action.dest):
        yield from known()
        return
    for part in str(action.metavar).split("|"):
        if part in {"FILE", "FILE[:LAYER]"} and not action.option_strings:
            yield from _programs(word, layers=part != "FILE")
        elif part in {"FILE", "PATH"}:
            yield from _files(word, "")
        elif part == f"FILE{SUFFIX}":
            yield from _files(word, SUFFIX)
        elif part.islower():
            yield Candidate(part)


def _codes() -> Iterator[Candidate]:
    from tnc.diagnostics.catalogue import CATALOGUE

    for entry in CATALOGUE.values():
        yield Candidate(entry.code, entry.title)


def _families() -> Iterator[Candidate]:
    from tnc.cli.new import about, families

    for family in families():
        yield Candidate(family, about(family))


def _programs(word: str, *, layers: bool) -> Iterator[Candidate]:
    """`.tnn` files, folders on the way, modules of the standard library, and the layers in them."""
    from tnc.driver.imports import standard_names

    file, colon, _ = word.rpartition(":")
    if layers and colon:
        yield from _layers(file)
        return
    yield from _files(word, SUFFIX)
    modules = standard_names() if layers else ["std", *standard_names()]
    yield from (Candidate(each, "standard library") for each in modules)
    if layers:
        yield from _layers(word)


def _files(word: str, suffix: str) -> Iterator[Candidate]:
    """What lies in a folder; hidden ones only where a dot is written."""
    folder, start = os.path.split(word)
    with suppress(OSError, ValueError):
        for each in sorted(Path(folder or ".").expanduser().iterdir()):
            if each.name.startswith(".") and not start.startswith("."):
                continue
            if each.is_dir():
                yield Candidate(os.path.join(folder, each.name, ""))  # noqa: PTH118
            elif each.name.endswith(suffix):
                yield Candidate(os.path.join(folder, each.name))  # noqa: PTH118


def _layers(file: str) -> Iterator[Candidate]:
    from tnc.driver.front import opened
    from tnc.elaborate import offered

    with suppress(OSError, ValueError):
        for each in offered(opened(str(Path(file).expanduser())).module):
            yield Candidate(f"{file}:{each.name}", _short(each.doc))
