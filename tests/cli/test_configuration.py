"""Flag, environment, `tnc.toml`, default: whichever comes first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnc.cli.configuration import CHOICES, SETTINGS, configured
from tnc.cli.exits import Exit, Stop


def look_up_everything() -> None:
    found = configured()
    found.choice("objective", None, "time")
    found.binding([])


def refusal(text: str | bytes) -> str:
    Path("tnc.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(Stop) as stop:
        look_up_everything()
    assert stop.value.code == Exit.USAGE
    assert str(Path("tnc.toml").absolute()) in str(stop.value)
    return str(stop.value)


def test_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured().choice("objective", None, "time") == "time"
    Path("tnc.toml").write_text('objective = "macs"\n')
    assert configured().choice("objective", None, "time") == "macs"
    monkeypatch.setenv("TNC_OBJECTIVE", "memory")
    assert configured().choice("objective", None, "time") == "memory"
    assert configured().choice("objective", "macs", "time") == "macs"
    monkeypatch.setenv("TNC_OBJECTIVE", "")
    assert configured().choice("objective", None, "time") == "macs"


def test_sizes_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured().binding([]) == []
    Path("tnc.toml").write_text("[bind]\nn = 1\nh = 2\n")
    monkeypatch.setenv("TNC_BIND", "n=3")
    toml = f"`bind` in {Path('tnc.toml').absolute()}:1"
    assert configured().binding(["w=4", "n=5"]) == [
        (toml, "n=1,h=2"),
        ("`TNC_BIND`", "n=3"),
        ("`--bind w=4`", "w=4"),
        ("`--bind n=5`", "n=5"),
    ]
    Path("tnc.toml").write_text('bind = "n=1"')
    assert configured().binding([])[0] == (toml, "n=1")


def test_the_nearest_file_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("tnc.toml").write_text('objective = "macs"')
    Path("a/b/c").mkdir(parents=True)
    Path("a/b/tnc.toml").write_text('objective = "memory"')
    monkeypatch.chdir("a")
    assert configured().choice("objective", None, "time") == "macs"
    monkeypatch.chdir("b/c")
    assert configured().choice("objective", None, "time") == "memory"


def test_a_profile_is_beside_the_file_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured().profile(None, "cpu") == "cpu"
    Path("mine.json").touch()
    Path("tnc.toml").write_text('profile = "mine.json"')
    Path("below").mkdir()
    monkeypatch.chdir("below")
    assert Path(configured().profile(None, "cpu")).samefile("../mine.json")
    assert configured().profile("cuda", "cpu") == "cuda"
    Path("../tnc.toml").write_text('profile = "cuda"')
    assert configured().profile(None, "cpu") == "cuda"
    monkeypatch.setenv("TNC_PROFILE", "theirs.json")
    assert configured().profile(None, "cpu") == "theirs.json"


def test_what_is_configured_must_be_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TNC_FORMAT", "xml")
    with pytest.raises(Stop) as stop:
        configured().choice("format", None, "human")
    assert str(stop.value) == (
        "error: `TNC_FORMAT` is `xml`; it can be human, short, json, sarif, github"
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("objective = 'fast'", "is `fast`; it can be time, macs, memory"),
        ("objective = 3", "must be a text"),
        ("objectiv = 'macs'", "`objectiv` in"),
        ("objectiv = 'macs'", "did you mean `objective`?"),
        ("colour = 'red'", f"it can have {', '.join(SETTINGS)}"),
        ("bind = 3", "must be a table of sizes"),
        ("objective = ", "Invalid value"),
        (b"# n\nobjective = '\xff'", "it is not UTF-8 (byte 0xff in line 2)"),
        ("\n# objectiv = 1\n[bind]\nn = 1\n['objectiv']", "tnc.toml:5 is unknown"),
        ("\n\nobjective = 3", "tnc.toml:3 must be a text"),
        ("\nbackward = 'auto'\nobjective = 'no'", "tnc.toml:3 is `no`; it can be time"),
    ],
)
def test_a_file_that_makes_no_sense(text: str | bytes, complaint: str) -> None:
    assert complaint in refusal(text)


def test_the_choices_are_those_of_the_driver() -> None:
    from typing import get_args

    from tnc.driver.options import Backward, Objective

    assert CHOICES["objective"] == get_args(Objective)
    assert CHOICES["backward"] == get_args(Backward)
