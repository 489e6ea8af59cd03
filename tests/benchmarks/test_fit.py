"""The samples behind the built-in profile: they can be read, written and fitted."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import fit
from tnc.api.calibration import Measured, groups
from tnc.plan.fit import Sample, judged
from tnc.plan.fit import fit as fitted
from tnc.plan.profile import CPU


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    sample = Sample({"copy": (0, 800, 2), "convolution": (10**6, 4000, 1)}, 1, 0.00123)
    found = [
        Measured("CP n=2", "first", "channels last", sample),
        Measured("CP n=2", "taps merged", "contiguous", sample),
    ]
    fit.save(found, path)
    assert fit.load(path) == found
    path.write_text(path.read_text().replace(fit.SCHEMA, "tnc.fit/0"))
    with pytest.raises(ValueError, match="the schema of"):
        fit.load(path)


def test_the_samples_that_are_kept() -> None:
    assert fit.FILE.stat().st_size < 200_000
    found = fit.load(fit.FILE)
    known = {str(each) for each in fit.subjects()}
    assert {each.subject for each in found} <= known
    assert len({each.format for each in found}) == 2
    profile = fitted([each.sample for each in found], fit.prior(), "fit")
    assert judged(groups(found), profile).median < judged(groups(found), fit.prior()).median
    assert judged(groups(found), CPU).worst < 10
