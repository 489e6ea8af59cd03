"""From figures to the page: what is kept, what is aimed at, what is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import plot, run
from benchmarks.report import BEGIN, END, inserted, rendered, table
from benchmarks.results import Results, Section
from benchmarks.targets import Target, targets

ROOT = Path(__file__).parent.parent.parent


def layer(family: str = "CP", size: int = 64, **more: Any) -> dict[str, Any]:
    group = f"{size}→{size}@8² batch 32"
    return {
        "kind": "convolution", "family": family, "group": group, "share": 0.1, "batch": 32,
        "S": size, **more,
    }  # fmt: skip


def timed(seconds: float, form: str = "contiguous", **more: Any) -> dict[str, Any]:
    row = {"format": form, "what": "training", "seconds": seconds, "dense": 0.01, "predicted": 0.01}
    return layer(**more) | row


def compared(ours: float, others: dict[str, float], peak: dict[str, int], **more: Any) -> Any:
    times = {"tnc": ours, **others}
    return layer(**more) | {"macs": 2e6, "seconds": times, "peak": peak, "parameters": {}}


FULL = Results(
    {
        "training": Section("a machine", "2026-01-02", (
            timed(0.004), timed(0.012, family="rCP"), timed(0.005, form="channels last"),
        )),
        "inference": Section("a machine", "2026-01-02", (timed(0.01001), timed(0.02, "rCP"))),
        "families": Section("a machine", "2026-01-03", (
            compared(0.004, {"dense": 0.01, "plain autograd": 0.004, "tltorch factorized": 0.002},
                     {"tnc": 900, "dense": 1000, "plain autograd": 900}),
            compared(0.004, {"dense": 0.01, "tednet": 0.008}, {"tnc": 500, "dense": 1000},
                     size=256),
        )),
        "overhead": Section("a machine", "2026-01-02", (
            {"name": "tnc", "seconds": 9e-5, "peak": None},
            {"name": "tnc, without gradients", "seconds": 5e-5, "peak": None},
            {"name": "torch.einsum", "seconds": 2e-4, "peak": None},
            {"name": "opt_einsum", "seconds": 4e-4, "peak": None},
        )),
        "rates": Section("a machine", "2026-01-02", ({"name": "CP", "macs": 6e9, "mm": 1e10},)),
        "network": Section("a machine", "2026-01-02", (
            {"name": "dense", "seconds": 0.4, "peak": 100_000_000},
            {"name": "CP", "seconds": 0.2, "peak": 120_000_000},
        )),
    }
)  # fmt: skip


# ---------------------------------------------------------------- figures


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    FULL.save(path)
    assert Results.load(path) == FULL
    first = path.read_bytes()
    Results.load(path).save(path)
    assert path.read_bytes() == first
    assert Results.load(tmp_path / "none.json") == Results()


def test_a_section_that_is_measured_again_replaces_the_old_one(tmp_path: Path) -> None:
    results = Results(dict(FULL.sections))
    results.add("rates", [{"name": "TK", "macs": 1.0, "mm": 2.0}])
    assert results.rows("rates") == ({"name": "TK", "macs": 1.0, "mm": 2.0},)
    assert results.rows("training") == FULL.rows("training")
    assert "PyTorch" in results.sections["rates"].machine
    assert results.rows("nothing") == ()


# ---------------------------------------------------------------- targets


def found(start: str) -> Target:
    (target,) = [each for each in targets(FULL) if each.title.startswith(start)]
    return target


def test_a_bound_from_above() -> None:
    target = found("time of training, dense layer")
    assert [value for _, value in target.values] == pytest.approx([0.4, 1.2, 0.5])
    ((label, value),) = target.missed
    assert (label, value) == ("rCP 64→64@8² batch 32 10%", pytest.approx(1.2))
    assert target.worst == target.missed[0]


def test_a_bound_from_below() -> None:
    target = found("rate of arithmetic")
    assert target.missed == target.values == (("CP", pytest.approx(0.6)),)
    assert Target("", 0.5, (("a", 0.6), ("b", 0.7)), least=True).worst == ("a", 0.6)
    assert Target("", 0.65, (("b", 0.6), ("a", 0.5), ("c", 0.7)), least=True).missed == (
        ("a", 0.5), ("b", 0.6),
    )  # fmt: skip


def test_inference_may_take_some_microseconds_more() -> None:
    quick = {**timed(0.00003), "dense": 0.000011}
    slow = {**timed(0.000032), "dense": 0.000011}
    results = Results({"inference": Section("", "", (quick, slow))})
    (target,) = targets(results)
    assert [target.keeps(value) for _, value in target.values] == [True, False]


def test_only_layers_that_have_a_peer_are_compared_with_it() -> None:
    assert found("time, tltorch factorised, up to 64").values == (
        ("CP 64→64@8² batch 32 10%", 2.0),
    )
    assert not [each for each in targets(FULL) if each.title.startswith("time, the best of our")]
    assert [value for _, value in found("peak memory, dense").values] == [0.9, 0.5]
    assert found("peak memory, dense").missed[0][1] == 0.9


def test_small_batches_are_not_held_against_a_layer() -> None:
    few = [{**timed(0.02), "batch": 8}, {**timed(0.02), "kind": "dense", "batch": 32}]
    assert targets(Results({"training": Section("", "", tuple(few))})) == ()


def test_networks() -> None:
    assert found("a step of ResNet-32 at 10 %, time").values == (("CP", 0.5),)
    assert found("a step of ResNet-32 at 10 %, peak").missed == (("CP", 1.2),)
    assert found("a call of a tiny network").values == (("forward", pytest.approx(50)),)
    assert found("the same, opt_einsum").values == (("forward", 0.125),)


# ---------------------------------------------------------------- the page


def test_what_is_written_by_hand_stays() -> None:
    page = f"# Title\n\nby hand\n\n{BEGIN}\n\nold\n\n{END}\n\nmore by hand\n"
    assert inserted(page, "new\n") == page.replace("old", "new")
    assert inserted(inserted(page, "x"), "new") == inserted(page, "new")


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}\n{BEGIN}"])
def test_a_page_without_its_marks_is_not_touched(page: str) -> None:
    with pytest.raises(ValueError, match="the page lacks the line"):
        inserted(page, "new")


def test_the_real_page_has_its_marks() -> None:
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    assert inserted(page, "new").count("new") >= 1
    assert page.count(BEGIN) == page.count(END) == 1


def test_a_table() -> None:
    assert table([("a", "b"), ("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_everything_that_was_measured_is_on_the_page() -> None:
    text = rendered(FULL, "performance.svg")
    lines = text.splitlines()
    assert "| 64→64@8² batch 32 | 10 ms | 0.40 | 1.20 |" in lines
    assert "| 64→64@8² batch 32, channels last | 10 ms | 0.50 |  |" in lines
    assert "| CP 64→64@8² batch 32 10% | 4 ms | 0.40 | 1.00 | 2.00 |  |" in lines
    assert "| CP 256→256@8² batch 32 10% | 4 ms | 0.40 |  |  | 0.50 |" in lines
    assert "| CP | 200 ms | 0.50 | 120 MB | 1.20 |" in lines
    assert (
        "| time of training, dense layer | ≤ 1.1 | 2 of 3 | 1.2 (rCP 64→64@8² batch 32 10%) |"
        in lines
    )
    assert "- time of training, dense layer: rCP 64→64@8² batch 32 10% 1.20" in lines
    assert "![Time relative to the dense layer](performance.svg)" in lines
    assert "(a machine, 2026-01-03)" in lines


def test_sections_that_were_not_measured_leave_no_heading() -> None:
    assert rendered(Results(), "p.svg") == ""
    text = rendered(Results({"rates": FULL.sections["rates"]}), "p.svg")
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "### What is aimed at", "### Arithmetic",
    ]  # fmt: skip


def test_the_picture_is_the_same_for_the_same_figures(tmp_path: Path) -> None:
    pictures = [tmp_path / "one.svg", tmp_path / "two.svg"]
    for path in pictures:
        plot.draw(FULL.rows("training"), path)
    one, two = (path.read_bytes() for path in pictures)
    assert one == two
    assert b"64\xe2\x86\x9264@8\xc2\xb2 batch 32" in one
    plot.draw((), tmp_path / "none.svg")
    assert not (tmp_path / "none.svg").exists()


# ---------------------------------------------------------------- the command


def _run(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr("sys.argv", ["run", *words])
    monkeypatch.setattr(run, "steady", lambda: None)
    run.main()


def test_measured_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One section is measured for real; another, measured before, stays."""
    FULL.save(tmp_path / "r.json")
    (tmp_path / run.PAGE).write_text(f"by hand\n{BEGIN}\n{END}\n")
    where = ("--results", str(tmp_path / "r.json"), "--docs", str(tmp_path))
    _run(monkeypatch, "--quick", "--only", "overhead", *where)
    results = Results.load(tmp_path / "r.json")
    assert results.rows("training") == FULL.rows("training")
    names = [row["name"] for row in results.rows("overhead")]
    assert names[:4] == ["tnc", "tnc, without gradients", "torch.einsum", "opt_einsum"]
    assert all(row["seconds"] > 0 for row in results.rows("overhead"))
    page = (tmp_path / run.PAGE).read_text()
    assert page.startswith("by hand\n")
    assert "| tnc, without gradients | " in page
    assert (tmp_path / run.PICTURE).exists()


def test_nothing_is_measured_to_write_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FULL.save(tmp_path / "r.json")
    (tmp_path / run.PAGE).write_text(f"{BEGIN}\n{END}\n")
    monkeypatch.setattr(run, "sections", lambda *_: {})
    _run(monkeypatch, "--render", "--results", str(tmp_path / "r.json"), "--docs", str(tmp_path))
    expected = f"{BEGIN}\n\n{rendered(FULL, run.PICTURE)}\n\n{END}\n"
    assert (tmp_path / run.PAGE).read_text() == expected


def test_an_unknown_section(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        _run(monkeypatch, "--only", "trainig")
    assert "no section trainig; there are training, inference, families" in capsys.readouterr().err
