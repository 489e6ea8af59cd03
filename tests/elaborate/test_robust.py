"""No program makes the elaboration fail otherwise than by diagnostics; it starts quickly."""

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.elaborate.reading import program
from tests.elaborate.refused_roles import NAMES_AND_ROLES
from tests.elaborate.refused_sizes import SIZES_AND_TYPES
from tests.elaborate.test_parameters import FILES
from tnc.diagnostics import Report, Source
from tnc.elaborate import Elaborator, check, settable
from tnc.syntax.module import Module
from tnc.syntax.parse import parse

TOKEN = re.compile(r"\w+'*|\.\.\.|\.\.|//|\|>|[^\w\s]")
ROOT = Path(__file__).parent.parent.parent
TEXTS = [path.read_text(encoding="utf-8") for path in FILES]
TEXTS += [program(case[1]) for case in NAMES_AND_ROLES + SIZES_AND_TYPES]


def mangled(text: str, chance: random.Random) -> str:
    """The text with a few tokens replaced by others of its tokens, removed or doubled."""
    places = list(TOKEN.finditer(text))
    words = [place.group() for place in places]
    for place in sorted(chance.sample(places, min(3, len(places))), key=lambda p: -p.start()):
        word = chance.choice(["", f"{place.group()} {place.group()}", *chance.choices(words, k=4)])
        text = text[: place.start()] + word + text[place.end() :]
    return text


@pytest.mark.parametrize("seed", range(40))
def test_mangled_programs(seed: int) -> None:
    chance = random.Random(seed)
    for text in chance.choices(TEXTS, k=8):
        source, report = Source("t.tnn", mangled(text, chance)), Report()
        file = parse(source, report)
        module = Module("", source, file, {})
        check(module, report)
        for each in settable(file)[:3]:
            required = [parameter.name for parameter in each.parameters if parameter.required]
            given = {name: chance.choice([1, 2, 3, [2, 3]]) for name in required}
            Elaborator(report).layer(module, each.name, given)


def test_starts_without_the_libraries_of_the_build() -> None:
    program = (
        "import sys, tnc.elaborate; "
        "print([each for each in ('torch', 'networkx', 'numpy') if each in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert answer.stdout == "[]\n"
