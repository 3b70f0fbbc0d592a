"""The table of requirements in docs/certify.md. ``python tests/certify/docs.py`` writes it anew."""

from __future__ import annotations

from pathlib import Path

from rescind.certify.requirements import requirements

PAGE = Path(__file__).parent.parent.parent / "docs" / "certify.md"
BEGIN, END = "<!-- requirements: python tests/certify/docs.py -->\n", "<!-- end of requirements -->"


def table() -> str:
    """Format the requirements with their sources."""
    lines = ["| | requirement | source |", "| --- | --- | --- |"]
    lines += [
        f"| {one.number} | {one.states} | [{one.source['title']}]({one.source['url']}) |" for one in requirements()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2])
