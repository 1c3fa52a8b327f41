import pytest

from evomerge.search.records.record import STAGES, Stage, documents_of


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_has_its_documents(stage: Stage) -> None:
    finals = stage in ("confirm", "held_out")
    assert documents_of(stage) == (stage if finals else "quick")
