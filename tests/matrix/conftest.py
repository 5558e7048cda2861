"""One laboratory for all cases of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.matrix.laboratory import Laboratory, open_laboratory


@pytest.fixture(scope="session")
def laboratory() -> Iterator[Laboratory]:
    with open_laboratory() as opened:
        yield opened
