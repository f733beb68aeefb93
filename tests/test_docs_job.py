"""The reference of the job file names every key that the reader knows, and its example is a valid job."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kicad_rdl.read.job_file import JobTables
from kicad_rdl.read.schema import schema_text

REFERENCE = (Path(__file__).parent.parent / "docs" / "job.md").read_text(encoding="utf-8")


def keys(schema: Any) -> Iterator[str]:
    """Names of all properties in a JSON Schema."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from keys(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from keys(part)


@pytest.mark.parametrize("key", sorted(set(keys(JobTables.model_json_schema()))))
def test_every_key_is_explained(key: str) -> None:
    assert re.search(rf"`{key}`|`{key} =|^(?:# or: )?{key} =|\[\[?(\w+\.)*{key}[\].]", REFERENCE, re.MULTILINE), key


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", REFERENCE, re.DOTALL))
def test_examples_are_toml_that_the_schema_allows(text: str) -> None:
    """The pieces say nothing of what a whole job needs besides."""
    schema = json.loads(schema_text("job"))

    def loose(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: loose(value) for key, value in part.items() if key != "required"}
        return [loose(value) for value in part] if isinstance(part, list) else part

    jsonschema.validate(tomllib.loads(text), loose(schema))
