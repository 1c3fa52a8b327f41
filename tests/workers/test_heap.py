"""Memory that was freed is kept, and given back when asked."""

import platform
import subprocess
import sys

import pytest

TOUCH = """
import resource
import numpy
from evomerge.workers.heap import give_back, keep_freed

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        numpy.ones(2**20)  # 2048 pages of 4 KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed()
faults()
kept, before = faults(), resident()
give_back()
print(kept, before - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_freed_memory_is_kept_until_it_is_given_back() -> None:
    told = subprocess.run([sys.executable, "-c", TOUCH], capture_output=True, text=True, check=True)
    kept, pages_back = map(int, told.stdout.split())
    assert kept < 64
    assert pages_back > 1024
