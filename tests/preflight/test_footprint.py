from pathlib import Path

from evomerge.preflight.footprint import footprint


def test_weights_are_counted_by_their_files(tmp_path: Path) -> None:
    for name, sizes in {"a": [1000, 500], "b": [700]}.items():
        (tmp_path / name).mkdir()
        for index, size in enumerate(sizes):
            (tmp_path / name / f"model-{index}.safetensors").write_bytes(b"x" * size)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "pytorch_model.bin").write_bytes(b"x" * 300)
    a, b, old = (str(tmp_path / name) for name in ("a", "b", "old"))
    found = footprint([a, b, old, f"{b}+{tmp_path}/adapter", "hub/id"])
    assert found.mapped == 1500 + 700 + 700
    assert found.pickled == 300
    assert found.merge == 2 * 1500
    assert found.total == found.mapped + found.pickled + found.merge
    assert found.unknown == ("hub/id",)
