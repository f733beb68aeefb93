"""From a package to copper: layers, topology (flow and sketch), exact geometry."""
