"""Write the tables of docs/space.md anew from what evomerge declares: `python docs/tables.py`.

A table stands between `<!-- table: NAME, NAME -->` and `<!-- end of table -->`; a name is a key at
the top of a space file, or `samplers`.
"""

import re
from pathlib import Path

from evomerge.samplers import markdown_table
from evomerge.settings import Settings
from evomerge.space.reading.words import describe

PAGE = Path(__file__).with_name("space.md")
_TABLE = re.compile(r"<!-- table: (.+?) -->\n.*?<!-- end of table -->", re.DOTALL)


def with_tables(page: str) -> str:
    """Return a page with every table in it made anew.

    Args:
        page: Markdown with markers.
    """
    return _TABLE.sub(
        lambda found: (
            f"<!-- table: {found[1]} -->\n\n{table(found[1].split(', '))}\n\n<!-- end of table -->"
        ),
        page,
    )


def table(names: list[str]) -> str:
    """Return the settings under some keys of a space file as a table in Markdown.

    Args:
        names: Keys at the top of the file; `samplers` alone gives the table of samplers.
    """
    if names == ["samplers"]:
        return markdown_table()
    rows = [
        (f"`{one.key}`", one.words, one.default, one.help)
        for one in describe(Settings)
        if one.key.split(".")[0] in names
    ]
    lines = [("key", "allowed", "default", "meaning"), ("---",) * 4, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
