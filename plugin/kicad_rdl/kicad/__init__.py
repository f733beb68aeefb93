"""KiCad files: board, project, rules, footprints, symbol. The only rooms where y points down."""
