"""The renderings for programs: their shape is a promise."""

import json
from typing import Any

from tnc.diagnostics import Diagnostic, Edit, Help, Label, Source
from tnc.diagnostics.catalogue import CATALOGUE
from tnc.diagnostics.formats import RENDERINGS, as_json, github
from tnc.diagnostics.render import short
from tnc.diagnostics.sarif import sarif

SOURCE = Source("some dir/f.tnn", "tnn 1\nconv(strides: 2) h' = h * i\n")
SPAN = SOURCE.span(11, 18)
ERROR = Diagnostic(
    "E0105",
    "error",
    "no parameter `strides`: 100%, sure",
    (Label(SPAN, "unknown", primary=True), Label(SOURCE.span(0, 5), "edition")),
    ("a note",),
    (Help("did you mean `stride`?", (Edit(SPAN, "stride"),)), Help("no edit")),
)
WARNING = Diagnostic("W0102", "warning", "unused", (Label(SOURCE.span(0, 33), "", primary=True),))


def test_there_are_five_formats() -> None:
    assert list(RENDERINGS) == ["human", "short", "json", "sarif", "github"]
    assert all(isinstance(render([ERROR]), str) for render in RENDERINGS.values())


def test_short() -> None:
    assert short([ERROR, WARNING]) == (
        "some dir/f.tnn:2:6: error[E0105]: no parameter `strides`: 100%, sure\n"
        "some dir/f.tnn:1:1: warning[W0102]: unused"
    )
    assert len(short([ERROR] * 30).splitlines()) == 30


def test_json() -> None:
    place = {"file": "some dir/f.tnn", "line": 2, "column": 6, "end_line": 2, "end_column": 13}
    edition = {"file": "some dir/f.tnn", "line": 1, "column": 1, "end_line": 1, "end_column": 6}
    assert json.loads(as_json([ERROR])) == [
        {
            "code": "E0105",
            "severity": "error",
            "message": "no parameter `strides`: 100%, sure",
            "labels": [
                {**place, "text": "unknown", "primary": True},
                {**edition, "text": "edition", "primary": False},
            ],
            "notes": ["a note"],
            "help": [
                {
                    "message": "did you mean `stride`?",
                    "edits": [{**place, "replacement": "stride"}],
                },
                {"message": "no edit", "edits": []},
            ],
        }
    ]
    assert json.loads(as_json([])) == []
    assert list(ERROR.to_json()) == ["code", "severity", "message", "labels", "notes", "help"]


def test_sarif() -> None:
    log: dict[str, Any] = json.loads(sarif([WARNING, ERROR]))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["tool"]["driver"]["name"] == "tnc"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    warning, error = run["results"]
    assert [rules[each["ruleIndex"]] for each in (warning, error)] == ["W0102", "E0105"]
    assert (warning["level"], error["level"]) == ("warning", "error")
    assert error["message"]["text"].splitlines()[0] == ERROR.message
    (location,) = error["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "some%20dir/f.tnn"},
        "region": {"startLine": 2, "startColumn": 6, "endLine": 2, "endColumn": 13},
    }
    assert location["message"] == {"text": "unknown"}
    assert [each["message"]["text"] for each in error["relatedLocations"]] == ["edition"]
    (fix,) = error["fixes"]
    (replacement,) = fix["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"] == {"text": "stride"}
    assert replacement["deletedRegion"] == location["physicalLocation"]["region"]
    assert "fixes" not in warning


def test_rules_of_sarif_are_described() -> None:
    log: dict[str, Any] = json.loads(sarif([WARNING, ERROR, ERROR]))
    warning, error = log["runs"][0]["tool"]["driver"]["rules"][::-1]
    for rule in (warning, error):
        entry = CATALOGUE[rule["id"]]
        assert rule["shortDescription"] == {"text": entry.title}
        assert rule["fullDescription"] == {"text": entry.explanation}
        assert f"tnc explain {entry.code}" in rule["help"]["text"]
        assert rule["name"].isidentifier()
    assert warning["defaultConfiguration"] == {"level": "warning"}


def test_github() -> None:
    first, second = github([ERROR, WARNING]).splitlines()
    assert first == (
        "::error file=some dir/f.tnn,line=2,endLine=2,col=6,endColumn=13,title=E0105::"
        "no parameter `strides`: 100%25, sure%0Aunknown%0Aedition%0Anote: a note%0A"
        "help: did you mean `stride`?%0Ahelp: no edit"
    )
    # Columns are refused where an annotation spans several lines.
    assert second == "::warning file=some dir/f.tnn,line=1,endLine=2,title=W0102::unused"


def test_github_properties_are_escaped() -> None:
    source = Source("a,b:c.tnn", "x")
    diagnostic = Diagnostic("E0001", "error", "m", (Label(source.span(0, 1), "", primary=True),))
    assert github([diagnostic]).startswith("::error file=a%2Cb%3Ac.tnn,line=1,")
