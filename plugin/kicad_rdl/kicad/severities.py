"""How KiCad's DRC weighs each finding in our projects."""

from __future__ import annotations

_WARNINGS = (
    "connection_width",
    "copper_sliver",
    "duplicate_footprints",
    "extra_footprint",
    "footprint_symbol_mismatch",
    "hole_to_hole",
    "holes_co_located",
    "isolated_copper",
    "lib_footprint_issues",
    "lib_footprint_mismatch",
    "mirrored_text_on_front_layer",
    "missing_footprint",
    "net_conflict",
    "nonmirrored_text_on_back_layer",
    "padstack",
    "silk_edge_clearance",
    "silk_over_copper",
    "silk_overlap",
    "text_height",
    "text_thickness",
    "track_dangling",
    "via_dangling",
)
_ERRORS = (
    "annular_width",
    "clearance",
    "copper_edge_clearance",
    "courtyards_overlap",
    "creepage",
    "diff_pair_gap_out_of_range",
    "diff_pair_uncoupled_length_too_long",
    "drill_out_of_range",
    "footprint",
    "hole_clearance",
    "invalid_outline",
    "item_on_disabled_layer",
    "items_not_allowed",
    "length_out_of_range",
    "malformed_courtyard",
    "microvia_drill_out_of_range",
    "missing_courtyard",
    "npth_inside_courtyard",
    "pth_inside_courtyard",
    "shorting_items",
    "skew_out_of_range",
    "solder_mask_bridge",
    "starved_thermal",
    "text_on_edge_cuts",
    "through_hole_pad_without_hole",
    "too_many_vias",
    "track_angle",
    "track_segment_length",
    "track_width",
    "tracks_crossing",
    "unconnected_items",
    "unresolved_variable",
    "zones_intersect",
)
_SCHEMATIC = ("footprint_filters_mismatch", "footprint_type_mismatch")
"""KiCad's own default is to ignore these two (they compare with a schematic, and there is none); we do not."""

SEVERITIES: dict[str, str] = dict(
    sorted(
        [(key, "error") for key in _ERRORS] + [(key, "warning") for key in (*_WARNINGS, *_SCHEMATIC)],
    )
)
"""Nothing is ignored: KiCad's own defaults, and where KiCad would ignore, a warning or an error."""
