"""The equations of opt_einsum's own test-suite, through `tnc.einsum`."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

import tnc
from tests.oracle import close, leaf

SIZES = dict(zip("abcdefghij", (2, 3, 2, 4, 3, 2, 3, 2, 1, 2), strict=True))

# Source: opt_einsum 3.4.0, opt_einsum/tests/test_contract.py.
LIST = """
a,->a  ab,->ab  ,ab,->ab  ,,->
a,ab,abc->abc  a,b,ab->ab
ea,fb,gc,hd,abcd->efgh  ea,fb,abcd,gc,hd->efgh  abcd,ea,fb,gc,hd->efgh
acdf,jbje,gihb,hfac,gfac,gifabc,hfac  cd,bdhe,aidb,hgca,gc,hgibcd,hgac
abhe,hidj,jgba,hiab,gab  bde,cdh,agdb,hica,ibd,hgicd,hiac
chd,bde,agbc,hiad,hgc,hgi,hiad  chd,bde,agbc,hiad,bdi,cgh,agdb  bdhe,acad,hiab,agac,hibd
ab,ab,c->  ab,ab,c->c  ab,ab,cd,cd->  ab,ab,cd,cd->ac  ab,ab,cd,cd->cd  ab,ab,cd,cd,ef,ef->
ab,cd,ef->abcdef  ab,cd,ef->acdf  ab,cd,de->abcde  ab,cd,de->be  ab,bcd,cd->abcd  ab,bcd,cd->abd
eb,cb,fb->cef  dd,fb,be,cdb->cef  bca,cdb,dbf,afc->  dcc,fce,ea,dbf->ab  fdf,cdd,ccd,afe->ae
abcd,ad  ed,fcd,ff,bcf->be  baa,dcf,af,cde->be  bd,db,eac->ace  fff,fae,bef,def->abd
efc,dbc,acf,fd->abe
ab,ab  ab,ba  abc,abc  abc,bac  abc,cba
ab,bc  ab,cb  ba,bc  ba,cb  abcd,cd  abcd,ab  abcd,cdef  abcd,cdef->feba  abcd,efdc
aab,bc->ac  ab,bcc->ac  aab,bcc->ac  baa,bcc->ac  aab,ccb->ac
aab,fa,df,ecc->bde  ecb,fef,bad,ed->ac  bcf,bbb,fbf,fc->  bb,ff,be->e  bcb,bb,fc,fff->
fbb,dfd,fc,fc->  afd,ba,cc,dc->bf  adb,bc,fa,cfc->d  bbd,bda,fc,db->acf  dba,ead,cad->bce
aef,fbc,dca->bde
"""
EQUATIONS = re.findall(r"\S+", LIST)


def operands(equation: str) -> list[torch.Tensor]:
    terms = equation.partition("->")[0].split(",")
    return [torch.randn([SIZES[m] for m in term], dtype=torch.float64) for term in terms]


@pytest.mark.parametrize("equation", EQUATIONS)
def test_equals_numpy(equation: str) -> None:
    tensors = operands(equation)
    found = tnc.einsum(equation, *tensors)
    expected = np.einsum(equation, *(tensor.numpy() for tensor in tensors), optimize=True)
    close(found, torch.as_tensor(expected), equation)


@pytest.mark.parametrize("equation", EQUATIONS[::3])
def test_gradients_equal_those_of_torch(equation: str) -> None:
    mine = [leaf(tensor) for tensor in operands(equation)]
    theirs = [leaf(tensor) for tensor in mine]
    found, expected = tnc.einsum(equation, *mine), torch.einsum(equation, *theirs)
    seed = torch.randn_like(expected)
    left = torch.autograd.grad(found, mine, seed)
    right = torch.autograd.grad(expected, theirs, seed)
    for a, b in zip(left, right, strict=True):
        close(a, b, equation)


@pytest.mark.parametrize(
    "equation",
    ["...ab,bc->...ac", "...a,...a->...", "a...,a...->...a", "...,ab->ab...", "...ab->...ba"],
)
@pytest.mark.parametrize("leading", [(), (2,), (3, 2)])
def test_leading_modes(equation: str, leading: tuple[int, ...]) -> None:
    """`...` stands for any number of modes."""
    tensors = []
    for term in equation.partition("->")[0].split(","):
        before, dots, after = re.fullmatch(r"(\w*)(\.{3})?(\w*)", term).groups()
        shape = [SIZES[m] for m in before] + list(leading if dots else ())
        tensors.append(torch.randn([*shape, *(SIZES[m] for m in after)], dtype=torch.float64))
    found = tnc.einsum(equation, *tensors)
    close(found, torch.einsum(equation, *tensors), equation)


def test_words_for_modes() -> None:
    x, w = torch.randn(4, 3, dtype=torch.float64), torch.randn(5, 3, dtype=torch.float64)
    found = tnc.einsum("batch channel, unit channel -> batch unit", x, w)
    close(found, x @ w.T, "words")
