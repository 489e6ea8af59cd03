"""Names that a generated module cannot bear are refused before anything is generated."""

import pytest

import tnc

LAYER = """tnn 1
layer {layer}({parameter}: int = 3) {{
  mode n, s: {parameter}
  input {input}[n, s]
  weight {weight}[s]
  output {output}[n, s] = {input} * {weight}
}}
"""
GOOD = {"layer": "L", "parameter": "S", "input": "x", "weight": "A", "output": "y"}


def codes(**names: str) -> list[tuple[str, str]]:
    found = tnc.check(source=LAYER.format(**(GOOD | names)))
    return [(each.code, each.labels[0].span.text) for each in found]


@pytest.mark.parametrize("word", ["class", "lambda", "None", "True", "del", "async"])
@pytest.mark.parametrize("place", sorted(GOOD))
def test_words_of_python(place: str, word: str) -> None:
    assert ("E0005", word) in codes(**{place: word})


@pytest.mark.parametrize(
    "word", ["self", "torch", "nn", "math", "ShapeError", "map", "_A", "__init__"]
)
@pytest.mark.parametrize("place", ["layer", "input", "weight", "output"])
def test_words_of_the_generated_module(place: str, word: str) -> None:
    assert set(codes(**{place: word})) == {("E0104", word)}


def test_parameters_may_be_called_as_they_like_otherwise() -> None:
    assert codes(parameter="torch") == []
    assert codes() == []


def test_members_of_a_family_and_plain_tensors_do_not_share_a_name() -> None:
    families = "weight K[i in 1..2][s], K_1[s]", "weight K_1[s], K[i in 1..2][s]"
    for weights in families:
        source = f"""tnn 1
layer L {{
  mode n, s: 3
  input x[n, s]
  {weights}
  output y[n] = x * K... * K_1
}}
"""
        assert [each.code for each in tnc.check(source=source)] == ["E0104"]
