"""JSON Schemas of the job and technology files, generated from the models that read them.

Run ``python -m kicad_rdl.read.schema`` to write the shipped copies again; a test compares them.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from kicad_rdl.read.documents import Table
from kicad_rdl.read.job_file import JobTables
from kicad_rdl.read.technology_file import TechnologyTables

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMAS: dict[str, type[Table]] = {"job": JobTables, "technology": TechnologyTables}


def schema_text(name: str) -> str:
    """The JSON Schema of ``job`` or ``technology`` files, as it is shipped."""
    schema = {"$schema": DIALECT, **SCHEMAS[name].model_json_schema(mode="validation")}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def schema_path(name: str) -> Path:
    """The shipped copy."""
    return Path(str(files("kicad_rdl"))) / "schemas" / f"{name}.schema.json"


def main() -> None:
    """Writes the shipped copies."""
    for name in SCHEMAS:
        schema_path(name).write_text(schema_text(name), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
