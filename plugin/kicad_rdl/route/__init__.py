"""From a package to copper: layers, topology (flow and sketch), exact geometry."""

from kicad_rdl.route.router import route

__all__ = ["route"]
