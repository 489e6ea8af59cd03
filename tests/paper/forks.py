"""Runs the program of the tables again and again, each time in a child of one process that has
imported and compiled all that it needs; so killing it costs no more than what is lost.

A line of standard input is a command line, as JSON. The first is run by the process itself, each
further one by a child, whose number is a line of standard output. When it ends, its code is one.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path


def run(words: list[str]) -> None:
    sys.argv = ["tables.py", *words]
    import_module("tables").main()


def child(words: list[str]) -> int:
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        run(words)
        code = 0
    finally:
        os._exit(code)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what the program prints is none
    sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "paper"))
    run(json.loads(sys.stdin.readline()))
    print(0, file=answers)
    for line in iter(sys.stdin.readline, ""):
        number = child(json.loads(line))
        print(number, file=answers)
        print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), file=answers)


if __name__ == "__main__":
    main()
