"""One server for the tests of a file: each opens texts of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lsp.client import Client


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    made = Client(tmp_path_factory.mktemp("work"))
    yield made
    assert made.close() == 0
    assert not made.errors
