"""What a job file may say."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StrictBool, WithJsonSchema, model_validator

from kicad_rdl.read.documents import Cost, Length, Size, Table

Name = Annotated[str, Field(min_length=1, max_length=200)]
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._+-]*$"
FILE_NAME_LIMIT = 80


def _names_files(name: str) -> str:
    if not (re.fullmatch(FILE_NAME, name) and len(name) <= FILE_NAME_LIMIT):
        allowed = "letters A to Z, digits and . _ + - only, a letter or digit first"
        raise ValueError(f"files are named after it: {allowed}, {FILE_NAME_LIMIT} characters at most")
    return name


_SCHEMA = {"maxLength": FILE_NAME_LIMIT, "minLength": 1, "pattern": FILE_NAME, "type": "string"}

FileName = Annotated[str, AfterValidator(_names_files), WithJsonSchema(_SCHEMA)]
SideName = Literal["top", "bottom", "left", "right"]
CornerName = Literal["top left", "top right", "bottom left", "bottom right"]
MapUnit = Literal["nm", "um", "mm", "mil", "inch"]


HeaderPlace = Annotated[int, Field(strict=True, ge=1, le=1000)] | Name
BumpColumn = Literal["name", "x", "y", "net", "type", "diameter", "width", "height", "shape", "ball"]
BallColumn = Literal["ball", "x", "y", "net", "nc"]


class ShapeTable(Table):
    """The end of a bump, or the opening over a die pad."""

    shape: Literal["circle", "square", "octagon", "rectangle"] = "circle"
    diameter: Size | None = None
    """Of a circle; side of a square; across flats of an octagon."""
    width: Size | None = None
    height: Size | None = None

    @model_validator(mode="after")
    def _complete(self) -> ShapeTable:
        if self.shape == "rectangle" and (self.width is None or self.height is None):
            raise ValueError("a rectangle needs width and height")
        if self.shape != "rectangle" and (self.height is not None or (self.diameter is None) == (self.width is None)):
            raise ValueError(f"a {self.shape} needs either diameter or width, and no height")
        return self


class DieTable(Table):
    """A die, its bump map and its place in the package."""

    name: FileName | None = None
    """``die`` if absent, or as the file calls it."""
    bumps: Name
    """File of the bump map, relative to the job file: a table, or a format of another program."""
    sheet: Name | None = None
    """Sheet of an XLSX workbook."""
    headers: Annotated[dict[BumpColumn, HeaderPlace], Field(default_factory=dict)]
    """Which columns of a table are what, where its headers do not say: ``{x = "Die X", net = 4}``, by the words above
    a column or its number from 1."""
    lef: tuple[Name, ...] = ()
    """LEF files with the cells of a DEF or 3Dblox file, relative to the job file."""
    cells: tuple[Name, ...] = ()
    """Patterns of LEF macros (``PADCELL_*``, ``CELL/PIN``) to take as bumps of a DEF file, not its bump macros."""
    chiplet: Name | None = None
    """Which chiplet of a 3Dblox file, ``NAME`` or ``NAME.REGION``, or footprint of a KiCad board, by its reference."""
    width: Size | None = None
    """Of the die; a table needs it, other files may say it themselves."""
    height: Size | None = None
    origin: Literal["die centre", "lower left"] | None = None
    """Where coordinates are counted from; die centre for tables, lower left for ``.bmap`` files, if absent."""
    unit: MapUnit | None = None
    """Unit of a bump map whose header names none."""
    face: Literal["up", "down"] | None = None
    """How the bump map shows the die: ``up``, looking onto its active face as chip layouts do (it is mirrored into
    the package), or ``down``, looking through its back as package drawings do; ``up`` if absent, or as the format has
    it. Files that place their dies refuse it."""
    quarter_turns: Annotated[int, Field(strict=True, ge=-3, le=3)] = 0
    """Counter-clockwise, seen from the die side."""
    position: tuple[Length, Length] = (0, 0)
    """Die centre from the package centre; added where the file has a place for the die."""
    bump: ShapeTable | None = None
    """Bumps that the map gives no size; the technology's die-pad opening if absent."""
    types: Annotated[dict[str, ShapeTable], Field(default_factory=dict)]
    """Bumps by the ``type`` column of the map."""


class PackageTable(Table):
    """The package body and its redistribution layers."""

    width: Size
    height: Size
    rdl_count: Annotated[int, Field(strict=True, ge=1, le=4)] | Literal["auto"] = "auto"
    angles: Literal["any", "45"] = "any"


class BallTable(Table):
    """The balls: a grid, or a list of places; and which net is on which, where that is given."""

    map: Name | None = None
    """File of a ball map, relative to the job file: a table of ball with net, place, or both, or a format of another
    program."""
    lef: tuple[Name, ...] = ()
    """LEF files with the cells of a DEF or 3Dblox file, relative to the job file."""
    cells: tuple[Name, ...] = ()
    """Patterns of LEF macros to take as balls of a DEF file, not its bump macros."""
    chiplet: Name | None = None
    """Which region of a 3Dblox file has the balls, ``NAME.REGION``, or footprint of a KiCad board, by its reference."""
    sheet: Name | None = None
    """Sheet of an XLSX workbook."""
    headers: Annotated[dict[BallColumn, HeaderPlace], Field(default_factory=dict)]
    """Which columns of a table are what, as for a die."""
    origin: Literal["package centre", "lower left"] = "package centre"
    """Where the places of the map are counted from."""
    unit: MapUnit | None = None
    """Unit of a map whose header names none."""
    view: Literal["die side", "land side"] | None = None
    """From where the map shows the balls: through the package, or looking at them (it is mirrored then). Die side if
    absent, but of a DEF file, which shows a chip from the side of its bumps, land side."""
    columns: Annotated[int, Field(strict=True, ge=1, le=200)] | None = None
    """Of the full grid; absent where the map has places."""
    rows: Annotated[int, Field(strict=True, ge=1, le=200)] | None = None
    pitch: Size | None = None
    pitch_x: Size | None = None
    pitch_y: Size | None = None
    offset: tuple[Length, Length] = (0, 0)
    """Grid centre from the package centre; added to the places of a map."""
    style: Literal["full", "perimeter"] = "full"
    rings: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None
    staggered: StrictBool = False
    """Every second row moves by half a pitch and has one ball less."""
    depopulate: tuple[Name, ...] = ()
    """Balls that are not there: names, blocks ``C3:F6``, patterns ``D*``. Names are those of the full grid."""
    depopulate_corners: Annotated[int, Field(strict=True, ge=0, le=50)] = 0
    """Balls missing along each edge of every corner triangle; 1 removes the four corner balls."""
    nc: tuple[Name, ...] = ()
    """Soldered balls that no net may take: names, blocks or patterns."""
    letters: Literal["rows", "columns"] = "rows"
    skip_letters: Annotated[str, Field(pattern=r"^[A-Z]{0,24}$")] = "IOQSXZ"
    a1: CornerName = "top left"
    """Corner of A1, seen from the die side."""
    diameter: Size | None = None
    opening: Size | None = None
    ubm: Size | None = None
    pad: Size | None = None
    """UBM pad: diameter, side, or across flats."""
    pad_shape: Literal["circle", "square", "octagon"] = "circle"
    terminals: Literal["mask-defined", "copper-defined"] = "mask-defined"

    @model_validator(mode="after")
    def _consistent(self) -> BallTable:
        if (self.columns is None) != (self.rows is None):
            raise ValueError("give columns and rows, or none of them")
        if self.columns is None and self.map is None:
            raise ValueError("give columns and rows, or a map with places")
        if self.columns is not None and self.pitch is None and (self.pitch_x is None or self.pitch_y is None):
            raise ValueError("give pitch, or both pitch_x and pitch_y")
        for key in ("sheet", "headers", "origin", "unit", "view"):
            if self.map is None and key in self.model_fields_set:
                raise ValueError(f"{key} belongs to a map, and there is none")
        if self.columns is None:
            for key in ("style", "rings", "staggered", "depopulate_corners", "letters", "skip_letters", "a1"):
                if key in self.model_fields_set:
                    raise ValueError(f"{key} belongs to a grid of columns and rows")
        if self.pitch is not None and (self.pitch_x is not None or self.pitch_y is not None):
            raise ValueError("give either pitch or pitch_x and pitch_y, not both")
        if (self.pitch_x is None) != (self.pitch_y is None):
            raise ValueError("give both pitch_x and pitch_y, or pitch")
        if (self.style == "perimeter") != (self.rings is not None):
            raise ValueError('rings = N belongs to style = "perimeter", and only to it')
        return self


RdlNumber = Annotated[int, Field(strict=True, ge=1, le=4)]


class HatchTable(Table):
    """Lines and square holes of a plane that is not solid."""

    width: Size
    """Of the lines, and of the copper along every edge."""
    gap: Size
    """Side of the holes."""
    orientation: Annotated[int, Field(strict=True, ge=0, le=89)] = 0
    """Of the lines, in degrees counter-clockwise."""


class OnLayerTable(Table):
    """Width and space of nets on one RDL."""

    layer: RdlNumber
    width: Size | None = None
    space: Size | None = None

    @model_validator(mode="after")
    def _something(self) -> OnLayerTable:
        if self.width is None and self.space is None:
            raise ValueError("give width, space or both")
        return self


class SwapTable(Table):
    """Nets that may exchange the balls that are given to them."""

    match: Annotated[list[Name], Field(min_length=1)]
    """Net names or patterns."""


class NetTable(Table):
    """A rule for all nets that match; a later rule wins over an earlier one, key by key."""

    match: Annotated[list[Name], Field(min_length=1)]
    """Net names or patterns with ``*`` and ``?``."""
    kind: Literal["signal", "supply"] | None = None
    style: Literal["tree", "plane", "auto"] | None = None
    plane_layer: RdlNumber | Annotated[list[RdlNumber], Field(min_length=1)] | Literal["auto"] | None = None
    hatch: HatchTable | Literal["solid"] | None = None
    joint: Literal["solid", "thermal"] | None = None
    balls: Annotated[int, Field(strict=True, ge=0, le=100_000)] | None = None
    """0: the net joins bumps only."""
    fixed: StrictBool | None = None
    """Whether the nets keep the balls that are given to them; false: they may take others."""
    width: Size | None = None
    space: Size | None = None
    """To copper of other nets."""
    layers: Annotated[list[RdlNumber], Field(min_length=1)] | None = None
    """RDLs that traces of these nets may take."""
    on_layer: tuple[OnLayerTable, ...] = ()
    """Another width or space on one RDL."""
    side: SideName | list[SideName] | None = None
    """Balls whose nearest edge of the grid this is (or these are)."""
    rows: Name | None = None
    """``C`` or ``A-D``: names as they are on the package."""
    columns: Name | None = None
    """``3`` or ``1-4``."""
    at: list[Name] | None = None
    """Balls by name, block or pattern."""


class KeepoutTable(Table):
    """An area that keeps copper out, as one of rectangle, polygon or circle, in the package frame."""

    name: FileName | None = None
    layers: Annotated[list[RdlNumber], Field(min_length=1)] | None = None
    """RDLs; all of them if absent."""
    rectangle: tuple[Length, Length, Length, Length] | None = None
    """Two opposite corners: x, y, x, y."""
    polygon: Annotated[list[tuple[Length, Length]], Field(min_length=3, max_length=10_000)] | None = None
    """Corners."""
    circle: tuple[Length, Length, Length] | None = None
    """Centre and diameter: x, y, d."""
    traces: StrictBool = True
    """Keeps traces out."""
    vias: StrictBool = True
    planes: StrictBool = True

    @model_validator(mode="after")
    def _consistent(self) -> KeepoutTable:
        if sum(shape is not None for shape in (self.rectangle, self.polygon, self.circle)) != 1:
            raise ValueError("give one of rectangle, polygon or circle")
        if not (self.traces or self.vias or self.planes):
            raise ValueError("it keeps nothing out; leave traces, vias or planes true")
        return self


class LockedTable(Table):
    """Copper that is drawn already and stays, in the package frame."""

    net: Name
    layer: RdlNumber
    width: Size | None = None
    """The layer's least line if absent."""
    points: Annotated[list[tuple[Length, Length]], Field(min_length=2, max_length=10_000)]
    """From end to end, straight between them."""


class RoutingTable(Table):
    """What the router weighs, and for how long."""

    via_cost: Cost | None = None
    """Length of trace that one via less is worth."""
    budget: Annotated[int, Field(strict=True, ge=1, le=604_800)] | None = None
    """Seconds after which a legal result is not improved any more."""


class NetsTable(Table):
    """Nets: which are supplies, and rules for groups of them."""

    supplies: tuple[Name, ...] = ()
    """Names or patterns of supply nets."""
    rules: tuple[NetTable, ...] = ()
    swap: tuple[SwapTable, ...] = ()


class TechnologyChoice(Table):
    """Which rule deck, and what the job changes in it."""

    name: Name
    """A shipped deck, or the path of a .toml file relative to the job."""
    override: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Dotted key to new value: ``"metals.0.line" = "12 um"``."""


def _short_forms_in_schema(schema: dict[str, Any]) -> None:
    """Tells the JSON Schema of the short forms that ``JobTables`` accepts."""
    properties = schema["properties"]
    die, technology = properties["die"], properties["technology"]
    properties["die"] = {"anyOf": [die["items"], die]}
    properties["technology"] = {"anyOf": [{"type": "string", "minLength": 1}, technology]}


class JobTables(Table):
    """A job file."""

    model_config = ConfigDict(title="kicad-rdl job", json_schema_extra=_short_forms_in_schema)

    name: FileName
    """Of the package, and of the files that are written."""
    description: Annotated[str, Field(max_length=2000)] = ""
    technology: TechnologyChoice
    package: PackageTable
    die: Annotated[list[DieTable], Field(min_length=1, max_length=16)]
    balls: BallTable
    nets: NetsTable = NetsTable()
    keepouts: Annotated[tuple[KeepoutTable, ...], Field(max_length=1000)] = ()
    locked: Annotated[tuple[LockedTable, ...], Field(max_length=100_000)] = ()
    routing: RoutingTable = RoutingTable()

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, tables: Any) -> Any:
        """``[die]`` stands for one ``[[die]]``, ``technology = "NAME"`` for its table."""
        if not isinstance(tables, dict):
            return tables
        tables = dict(tables)
        if isinstance(tables.get("die"), dict):
            tables["die"] = [tables["die"]]
        if isinstance(tables.get("technology"), str):
            tables["technology"] = {"name": tables["technology"]}
        return tables
