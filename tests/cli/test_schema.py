"""`evomerge schema`: what the library says, as JSON."""

import json

from evomerge.space.reading.schema import schema

from .conftest import invoke


def test_it_prints_the_schema() -> None:
    assert json.loads(invoke("schema").output) == json.loads(json.dumps(schema()))
