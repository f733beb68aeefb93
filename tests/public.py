"""Public inputs lie beside the repository, not in it: a clone without them skips what reads them, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
LACKING = "../shared/data is not there: real inputs were not read"

real = pytest.mark.skipif(not DATA.is_dir(), reason=LACKING)
