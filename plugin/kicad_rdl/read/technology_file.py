"""What a technology file may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictBool, model_validator

from kicad_rdl.errors import UnitError
from kicad_rdl.read.documents import Table
from kicad_rdl.units import Nm, parse_length

StatusName = Literal["open deck", "class", "default", "job"]
UnitName = Literal["nm", "um", "mm", "mil"]
Number = Annotated[float, Field(strict=True)]


class Value(Table):
    """A value that says where it comes from."""

    status: StatusName
    source: Annotated[str, Field(min_length=1)]


class LengthValue(Value):
    """A length that may be zero."""

    value: Annotated[float, Field(strict=True, ge=0)]
    unit: UnitName

    @model_validator(mode="after")
    def _in_range(self) -> LengthValue:
        try:
            _ = self.nm
        except UnitError as error:
            raise ValueError(str(error)) from None
        return self

    @property
    def nm(self) -> Nm:
        """The length in nanometres."""
        return parse_length(self.value, self.unit)


class SizeValue(LengthValue):
    """A length above zero."""

    value: Annotated[float, Field(strict=True, gt=0)]

    @model_validator(mode="after")
    def _not_lost(self) -> SizeValue:
        if self.nm < 1:
            raise ValueError(f"{self.value} {self.unit} is less than a nanometre, the grid of this program")
        return self


class NumberValue(Value):
    """A number without unit."""

    value: Annotated[float, Field(strict=True, ge=0, le=1000)]
    unit: Literal["", "1"] = ""


class FlagValue(Value):
    """Yes or no."""

    value: StrictBool


Text = Annotated[str, Field(min_length=1, max_length=200)]


class MetalTable(Table):
    """A redistribution layer."""

    name: Text
    line: SizeValue
    space: SizeValue
    thickness: SizeValue
    material: Text = "copper"


class DielectricTable(Table):
    """The polymer between a metal and what is nearer the die."""

    name: Text
    material: Text
    thickness: SizeValue
    permittivity: NumberValue
    loss: NumberValue


class ViaTable(Table):
    """A via between two neighbouring metals."""

    opening: SizeValue
    land_enclosure: LengthValue
    capture_enclosure: LengthValue
    space: LengthValue


class DiePadTable(Table):
    """The opening over a die pad or the end of a bump."""

    opening: SizeValue
    enclosure: LengthValue
    pitch: LengthValue
    space: LengthValue


class BallTable(Table):
    """The terminal under a ball, for one pitch."""

    pitch: SizeValue
    ball: SizeValue
    opening: SizeValue
    ubm: SizeValue
    pad: SizeValue


class EdgeTable(Table):
    """Distances to edges."""

    trace_to_package: LengthValue
    ball_to_package: LengthValue
    die_to_package: LengthValue
    die_to_die: LengthValue


class MaskTable(Table):
    """The outermost polymer."""

    material: Text
    thickness: SizeValue
    permittivity: NumberValue
    loss: NumberValue
    web: LengthValue


class MoldTable(Table):
    """The encapsulation."""

    material: Text
    thickness: SizeValue
    permittivity: NumberValue
    loss: NumberValue


class TechnologyTables(Table):
    """A technology file."""

    model_config = ConfigDict(title="kicad-rdl technology")

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$")]
    title: Text
    source: Annotated[str, Field(min_length=1)]
    metals: Annotated[list[MetalTable], Field(min_length=1, max_length=4)]
    dielectrics: Annotated[list[DielectricTable], Field(min_length=1, max_length=4)]
    vias: Annotated[tuple[ViaTable, ...], Field(max_length=3)] = ()
    die_pad: DiePadTable
    balls: Annotated[list[BallTable], Field(min_length=1, max_length=40)]
    edges: EdgeTable
    mask: MaskTable
    mold: MoldTable
    stacked_vias: FlagValue
    stagger: LengthValue
    teardrop_ratio: NumberValue
