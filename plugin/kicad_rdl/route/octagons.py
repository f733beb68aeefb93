"""Octagons: discs of the norm in which traces of eight directions keep their distance.

Eight outward directions k at k * 45 degrees; a convex octagon is eight bounds. Bounds lie on the grid (``x``, ``x + y``
... are integers), so the corners of an octagon do, and every side is exactly horizontal, vertical or diagonal. Two
traces along nested octagons are parallel lines at the difference of the radii.
"""

from __future__ import annotations

import numpy as np

NORMALS = np.array([(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)], dtype=np.float64)
"""Outward directions, counter-clockwise; those between the axes are sqrt(2) long."""

LENGTHS = np.hypot(NORMALS[:, 0], NORMALS[:, 1])
