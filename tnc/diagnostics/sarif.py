"""Diagnostics in SARIF 2.1.0, the exchange format of static analysers."""

import json
import re
from collections.abc import Sequence
from urllib.parse import quote

from tnc.diagnostics.catalogue import CATALOGUE
from tnc.diagnostics.diagnostic import Diagnostic, Help, Label
from tnc.diagnostics.span import Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """A SARIF log with one run. Codes are rules, described as `tnc explain` does."""
    codes = sorted({each.code for each in diagnostics})
    run = {
        "tool": {"driver": {"name": "tnc", "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, codes.index(each.code)) for each in diagnostics],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _rule(code: str) -> dict[str, object]:
    entry = CATALOGUE[code]
    text = f"{entry.explanation}\n\n`tnc explain {code}` shows programs that are refused for it."
    return {
        "id": code,
        "name": "".join(re.findall(r"\w+", entry.title.title())),
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.explanation},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": entry.severity},
    }


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, object]:
    first, *others = diagnostic.labels
    lines = [diagnostic.message, *(f"note: {note}" for note in diagnostic.notes)]
    lines += [f"help: {help.message}" for help in diagnostic.help]
    result: dict[str, object] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": diagnostic.severity,
        "message": {"text": "\n".join(lines)},
        "locations": [_location(first)],
    }
    if others:
        result["relatedLocations"] = [
            {"id": number, **_location(label)} for number, label in enumerate(others, start=1)
        ]
    fixes = [_fix(help) for help in diagnostic.help if help.edits]
    return {**result, "fixes": fixes} if fixes else result


def _location(label: Label) -> dict[str, object]:
    physical = {"artifactLocation": _artifact(label.span), "region": _region(label.span)}
    message = {"message": {"text": label.text}} if label.text else {}
    return {"physicalLocation": physical, **message}


def _fix(help: Help) -> dict[str, object]:
    files: dict[str, list[dict[str, object]]] = {}
    for edit in help.edits:
        replacement = {
            "deletedRegion": _region(edit.span),
            "insertedContent": {"text": edit.replacement},
        }
        files.setdefault(_uri(edit.span), []).append(replacement)
    changes = [
        {"artifactLocation": {"uri": uri}, "replacements": replacements}
        for uri, replacements in files.items()
    ]
    return {"description": {"text": help.message}, "artifactChanges": changes}


def _artifact(span: Span) -> dict[str, str]:
    return {"uri": _uri(span)}


def _uri(span: Span) -> str:
    return quote(span.file.replace("\\", "/"))


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
