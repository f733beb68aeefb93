"""Rule decks: the published numbers, their sources, and the schemas."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from kicad_rdl.errors import InputError
from kicad_rdl.model.technology import Status, Technology
from kicad_rdl.read.schema import SCHEMAS, schema_path, schema_text
from kicad_rdl.read.technology import load_technology, technology_folder, technology_names
from kicad_rdl.units import UM

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_the_decks_that_ship() -> None:
    assert technology_names() == (
        "fanout-core-1rdl",
        "fanout-graded-3rdl",
        "fanout-hd-2rdl",
        "gf180-solder-bump",
        "ihp-copper-pillar",
        "sky130-amkor-p400",
        "sky130-amkor-p500",
        "sky130-deca-p400",
        "sky130-micross-p500",
    )


@pytest.mark.parametrize("name", technology_names())
def test_every_value_has_a_source(name: str) -> None:
    deck = load_technology(name)
    assert deck.name == name
    keys = [value.key for value in deck.provenance]
    assert len(keys) == len(set(keys))
    tables = tomllib.loads((technology_folder() / f"{name}.toml").read_text())
    assert len(keys) == json.dumps(tables).count('"value"')
    assert all(value.source and value.status is not Status.JOB for value in deck.provenance)
    invented = [value for value in deck.provenance if "no public source" in value.source]
    assert all(value.status is Status.DEFAULT for value in invented)


@pytest.mark.parametrize("name", technology_names())
def test_decks_are_consistent(name: str) -> None:
    deck = load_technology(name)
    for ball in deck.balls:
        assert ball.opening < ball.ubm < ball.pad < ball.pitch
        assert ball.ball + 2 * UM <= ball.pitch
    pitches = [ball.pitch for ball in deck.balls]
    assert pitches == sorted(set(pitches))
    assert deck.die_pad.pitch >= deck.die_pad.opening + deck.die_pad.space
    assert deck.stacked_vias == (deck.stagger == 0)


# (value, published number [um]) from the tables named in the decks
PUBLISHED: list[tuple[str, str, float]] = [
    *(
        ("sky130-amkor-p400", key, um)
        for key, um in {
            "die_pad.opening": 35,
            "die_pad.space": 20,
            "die_pad.enclosure": 10,
            "metals.0.line": 10,
            "metals.0.space": 10,
            "balls.0.pitch": 400,
            "balls.0.ball": 261,
            "balls.0.opening": 170,
            "balls.0.ubm": 215,
            "balls.0.pad": 235,
            "stagger": 25,
        }.items()
    ),
    *(
        ("sky130-amkor-p500", key, um)
        for key, um in {
            "die_pad.opening": 35,
            "die_pad.space": 20,
            "die_pad.enclosure": 10,
            "metals.0.line": 10,
            "metals.0.space": 10,
            "balls.0.pitch": 500,
            "balls.0.ball": 310,
            "balls.0.opening": 220,
            "balls.0.ubm": 250,
            "balls.0.pad": 270,
            "stagger": 25,
        }.items()
    ),
    *(
        ("sky130-deca-p400", key, um)
        for key, um in {
            "die_pad.opening": 20,
            "die_pad.enclosure": 10,
            "balls.0.pitch": 400,
            "balls.0.ball": 264,
            "balls.0.opening": 155,
            "balls.0.ubm": 215,
            "balls.0.pad": 235,
            "stagger": 25,
        }.items()
    ),
    *(
        ("sky130-micross-p500", key, um)
        for key, um in {"metals.0.line": 15, "balls.0.opening": 220, "balls.0.ubm": 250, "balls.0.pad": 270}.items()
    ),
    *(("gf180-solder-bump", key, um) for key, um in {"die_pad.opening": 40, "die_pad.pitch": 148}.items()),
    *(
        ("ihp-copper-pillar", key, um)
        for key, um in {"die_pad.opening": 44, "die_pad.space": 31, "die_pad.pitch": 75, "edges.die_to_die": 50}.items()
    ),
]


@pytest.mark.parametrize(("deck", "key", "number"), PUBLISHED, ids=[f"{d}-{k}" for d, k, _ in PUBLISHED])
def test_published_numbers(deck: str, key: str, number: float) -> None:
    value = next(value for value in load_technology(deck).provenance if value.key == key)
    assert (value.number, value.unit) == (number, "um")
    assert value.status is Status.OPEN_DECK


@pytest.mark.parametrize(
    ("name", "lines"), [("fanout-core-1rdl", [15]), ("fanout-hd-2rdl", [10] * 4), ("fanout-graded-3rdl", [5, 10, 15])]
)
def test_fan_out_classes(name: str, lines: list[int]) -> None:
    deck: Technology = load_technology(name)
    assert [metal.line for metal in deck.metals] == [metal.space for metal in deck.metals] == [um * UM for um in lines]


BROKEN = [
    ('name = "RDL1"', 'nam = "RDL1"', r'unknown key "metals.0.nam"; did you mean "name"\?'),
    ('status = "class"', 'status = "clas"', r'status = "clas": allowed are .open deck., .class.'),
    ('unit = "um"', 'unit = "furlong"', r'unit = "furlong": allowed are'),
    ("value = 15,", "value = -15,", r"metals.0.line.value = -15: .*greater than"),
    ("value = 15,", "value = 0,", r"metals.0.line.value = 0: .*greater than"),
    ("value = 15,", "value = nan,", r"metals.0.line.value = nan: "),
    ("value = 15,", "value = 1e300,", r"metals.0.line: .*beyond two metres|metals.0.line = .*beyond two metres"),
    ("value = 15,", "value = 1e-9,", r"less than a nanometre"),
    ("value = 15,", 'value = "15",', r'metals.0.line.value = "15": '),
    ("value = false", "value = 0", r"stacked_vias.value = 0: "),
    ("[die_pad]", "[diepad]", r'unknown key "diepad"; did you mean "die_pad"\?'),
    (
        "[[metals]]",
        '[[vias]]\nopening = { value = 1, unit = "um", status = "default", source = "x" }\n'
        'land_enclosure = { value = 1, unit = "um", status = "default", source = "x" }\n'
        'capture_enclosure = { value = 1, unit = "um", status = "default", source = "x" }\n'
        'space = { value = 1, unit = "um", status = "default", source = "x" }\n\n[[metals]]',
        r"1 metals need as many dielectrics and one via less; got 1 dielectrics and 1 vias",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), BROKEN, ids=[new[:30] for _, new, _ in BROKEN])
def test_broken_decks(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (technology_folder() / "fanout-core-1rdl.toml").read_text()
    assert old in text
    (tmp_path / "deck.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=r"deck.toml: .*(" + message + ")"):
        load_technology("deck.toml", tmp_path)


def test_unknown_names() -> None:
    with pytest.raises(
        InputError, match=r'no technology "fanout-core"; did you mean "fanout-core-1rdl"\?.*end in .toml'
    ):
        load_technology("fanout-core")
    with pytest.raises(InputError, match="there are: fanout-core-1rdl, "):
        load_technology("9")


# --- schemas -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_shipped_schemas_are_those_of_the_code(name: str) -> None:
    assert schema_path(name).read_text(encoding="utf-8") == schema_text(name)
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text(name)))


FILES = [
    *(("technology", technology_folder() / f"{name}.toml") for name in technology_names()),
    *(("job", path) for path in sorted(EXAMPLES.glob("*/*.toml"))),
]


@pytest.mark.parametrize(("schema", "path"), FILES, ids=[path.stem for _, path in FILES])
def test_files_that_ship_fit_the_schemas(schema: str, path: Path) -> None:
    jsonschema.validate(tomllib.loads(path.read_text()), json.loads(schema_text(schema)))


def test_the_job_schema_refuses_what_the_reader_refuses() -> None:
    tables = tomllib.loads((EXAMPLES / "caravel" / "fanout.toml").read_text())
    schema = json.loads(schema_text("job"))
    dies = ({"width": "1 mm"}, {"bumps": 5}, {"bumps": "x", "facing": "up"}, {"bumps": "x", "face": "aside"})
    for key, value in (("name", 5), ("packag", {}), ("technology", 3), *(("die", die) for die in dies)):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**tables, key: value}, schema)
