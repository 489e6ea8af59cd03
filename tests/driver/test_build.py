"""The pipeline: what it refuses, and that verifying changes nothing."""

import pytest

import tnc
from tests.programs import CP_CONV
from tnc.diagnostics import Source
from tnc.driver.build import compile_unit
from tnc.driver.front import parsed
from tnc.driver.options import Options, Request

ENTANGLED = """tnn 1
layer L {
  mode h, i: 2
  conv(pad: same) h' = h * i
  input x[h, h'], z[h', i]
  output y[h'] = x * z
}
"""


def test_what_cannot_be_planned_for_unknown_sizes_is_refused_with_a_way_out() -> None:
    with pytest.raises(tnc.CompileError) as caught:
        tnc.compile(source=ENTANGLED)
    (found,) = caught.value.diagnostics
    assert (found.code, found.labels[0].span.line) == ("E0304", 2)
    assert "declare the sizes of `h`" in found.help[0].message
    assert tnc.compile(source=ENTANGLED.replace("mode h,", "mode h: 5,")).plan.macs > 0


def test_verified_builds_are_the_same() -> None:
    unit = parsed(Source("cp.tnn", CP_CONV))
    request = [Request("CPConv", {"S": 3, "T": 4})]
    texts = {compile_unit(unit, request, Options(verify=each)).text for each in (False, True)}
    assert len(texts) == 1
