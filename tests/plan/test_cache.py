"""Stored searches: the same plan cold and warm, and no file is trusted blindly."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from tests.plan.layers import graph, tensor_train
from tnc.ir.graph import Builder
from tnc.plan import cache, orders, planner
from tnc.plan.planner import Planned, plan_graph
from tnc.plan.profile import CUDA


def planned(folder: Path | None, **options: object) -> Planned:
    build = Builder()
    value = tensor_train(build, Random(0), 6, 8)
    return plan_graph(build, graph(value), {}, cache=folder, **options)  # type: ignore[arg-type]


def shown(result: Planned) -> str:
    return "\n".join(f"{value!r} {value.op}" for value in result.graph)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for every search that is done."""
    done: list[int] = []
    original = orders.best

    def counting(*arguments: object) -> object:
        done.append(1)
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(planner, "best", counting)
    return done


def test_a_search_is_done_once(tmp_path: Path, searches: list[int]) -> None:
    none, cold, warm = planned(None), planned(tmp_path), planned(tmp_path)
    assert len(searches) == 2
    assert shown(none) == shown(cold) == shown(warm)
    assert [choice.orders for choice in cold.choices] == [choice.orders for choice in warm.choices]
    (file,) = tmp_path.iterdir()
    assert file.suffix == ".json"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"schema": "tnc.order/1"}',
        '{"schema": "tnc.order/1", "order": [0, 1], "cost": [0, 0]}',
        '{"schema": "tnc.order/1", "order": [[0, 0], [1, [2, [3, [4, [5, 6]]]]]], "cost": [1, 1]}',
        '{"schema": "tnc.order/1", "order": ' + "[" * 5000 + ', "cost": [1, 1]}',
        '{"schema": "tnc.order/1", "order": [true, [1]], "cost": [1, 1]}',
        "\x00\x01",
    ],
)
def test_a_broken_file_is_searched_anew(tmp_path: Path, searches: list[int], text: str) -> None:
    expected = shown(planned(tmp_path))
    (file,) = tmp_path.iterdir()
    written = file.read_bytes()
    file.write_text(text)
    assert shown(planned(tmp_path)) == expected
    assert len(searches) == 2
    assert file.read_bytes() == written


def test_a_wrong_order_is_not_believed(tmp_path: Path, searches: list[int]) -> None:
    expected = shown(planned(tmp_path))
    (file,) = tmp_path.iterdir()
    stored = json.loads(file.read_text())
    stored["order"] = [stored["order"][1], stored["order"][0]]
    while isinstance(stored["order"][0], list):
        first, second = stored["order"]
        stored["order"] = [first[0], [first[1], second]]
    file.write_text(json.dumps(stored))
    assert shown(planned(tmp_path)) == expected
    assert len(searches) == 2


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert shown(planned(blocked / "plans")) == shown(planned(None))


def test_what_the_key_depends_on(tmp_path: Path) -> None:
    for options in ({}, {"objective": "macs"}, {"profile": CUDA}, {"training": False}):
        planned(tmp_path, **options)
    assert len(list(tmp_path.iterdir())) == 4
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.user_folder() == tmp_path / "tnc" / "plans"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.user_folder() == tmp_path / ".cache" / "tnc" / "plans"

    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    assert cache.user_folder() is None
