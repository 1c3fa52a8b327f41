"""Limits of control groups count as the machine's memory does."""

from pathlib import Path

import pytest

from evomerge.preflight.available import available_bytes


@pytest.mark.parametrize(
    ("line", "files"),
    [
        (
            "0::/slice/unit",
            {
                "slice/memory.max": "1000",
                "slice/memory.current": "800",
                "slice/memory.stat": "anon 700\nactive_file 40\ninactive_file 60",
                "slice/unit/memory.max": "max",
                "slice/unit/memory.current": "700",
                "slice/unit/memory.stat": "anon 700",
            },
        ),
        (
            "4:cpu,memory:/not/seen",
            {
                "memory/memory.limit_in_bytes": "1000",
                "memory/memory.usage_in_bytes": "800",
                "memory/memory.stat": "total_active_file 40\ntotal_inactive_file 60",
            },
        ),
    ],
)
def test_limits_of_control_groups_count(line: str, files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(f"2:cpuset:/\n{line}\n")
    for name, text in files.items():
        file = tmp_path / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    assert available_bytes(tmp_path) == 1000 - 800 + 100
    assert available_bytes(tmp_path / "elsewhere") > 2**20
