"""The picture of the rooms, `docs/pictures/rooms.svg`, drawn from `docs/rooms.toml`.

Run as `python docs/write_rooms_picture.py`; needs nothing but Python.
"""

from __future__ import annotations

import ast
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "pictures" / "rooms.svg"
# Folders beside each other; a group below another is a folder of its own.
COLUMNS = (("features", "simulation"), ("training",), ("serving",), ("leadscore",))
COLOURS = {  # Okabe and Ito's, which colour-blind people tell apart
    "features": "#0072B2",
    "training": "#007A5A",
    "serving": "#B04A00",
    "leadscore": "#7A4E8A",
    "simulation": "#5A6470",
}
HEADS = {"leadscore": "What people call: from Python, and on the command line."}
WIDTH, GAP, MARGIN = 306, 34, 28  # of a column, between columns, around all
PADDING, LINE, CHARACTERS = 12, 17, 43  # CHARACTERS: what fits on a line of a card
FONT = 'font-family="Helvetica, Arial, sans-serif"'
INDENT = 18  # of a room within a room
LEGEND = (
    "A room imports only rooms above it in its column, or in columns to the left.",
    "Code outside a room imports what its __init__ exports, never from its files.",
    "tests/ has the same folders. docs/rooms.toml is the map; make rooms draws it.",
)


@dataclass(frozen=True)
class Drawn:
    """A piece of SVG and where the next one below it may start."""

    svg: str
    bottom: int


def main() -> None:
    """Draw the rooms of this checkout."""
    PICTURE.write_text(rooms_picture(ROOT), encoding="utf-8")
    print(PICTURE.relative_to(ROOT))  # noqa: T201


def rooms_picture(root: Path) -> str:
    """Draw the rooms of a checkout, each with the first line of its docstring.

    Parameters
    ----------
    root
        The checkout, with `docs/rooms.toml`.

    Returns
    -------
    str
        SVG, the same for the same rooms.
    """
    order = tomllib.loads((root / "docs" / "rooms.toml").read_text(encoding="utf-8"))["order"]
    says = {room: _first_line(root, room) for room in {*order, *COLOURS}}
    columns = [
        _column(folders, order, says, x=MARGIN + number * (WIDTH + GAP))
        for number, folders in enumerate(COLUMNS)
    ]
    width = 2 * MARGIN + len(COLUMNS) * WIDTH + (len(COLUMNS) - 1) * GAP
    legend = _legend(x=width - MARGIN - WIDTH, y=columns[-1].bottom + 2 * PADDING)
    height = max(legend.bottom, *(each.bottom for each in columns)) + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {FONT}>',
            "<title>The rooms of leadscore, in the order in which they may import</title>",
            f'<rect width="{width}" height="{height}" fill="white"/>',
            *(_arrow(MARGIN + number * (WIDTH + GAP)) for number in range(1, len(COLUMNS))),
            *(each.svg for each in columns),
            legend.svg,
            "</svg>\n",
        ]
    )


def _first_line(root: Path, room: str) -> str:
    text = (root / room.replace(".", "/") / "__init__.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text)) or ""
    return docstring.split("\n", maxsplit=1)[0].replace("`", "")


def _column(folders: tuple[str, ...], order: list[str], says: dict[str, str], *, x: int) -> Drawn:
    y, pieces = MARGIN, []
    for folder in folders:
        rooms = [room for room in order if room.split(".")[0] == folder]
        if rooms == [folder]:  # a folder that is one room: its head says it all
            rooms = []
        drawn = _head(folder, HEADS.get(folder, says[folder]), x=x, y=y)
        pieces.append(drawn.svg)
        for number, room in enumerate(rooms):
            is_inner = room.rpartition(".")[0] in rooms[1:number]
            indent = INDENT if is_inner else 0
            drawn = _card(room, says[room], x=x + indent, y=drawn.bottom, width=WIDTH - indent)
            pieces.append(drawn.svg)
        y = drawn.bottom + PADDING
    return Drawn("\n".join(pieces), y - PADDING)


def _head(folder: str, text: str, *, x: int, y: int) -> Drawn:
    lines = textwrap.wrap(text, CHARACTERS)
    height = 2 * PADDING + 20 + LINE * max(2, len(lines))
    colour = COLOURS[folder]
    svg = [f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{height}" rx="6" fill="{colour}"/>']
    svg.append(_text(f"{folder}/", x + PADDING, y + PADDING + 14, "white", size=18, weight=700))
    svg += _lines(lines, x + PADDING, y + PADDING + 36, "white")
    return Drawn("\n".join(svg), y + height + PADDING)


def _card(room: str, text: str, *, x: int, y: int, width: int) -> Drawn:
    lines = textwrap.wrap(text, CHARACTERS * width // WIDTH)
    height = 2 * PADDING + 15 + LINE * len(lines)
    colour = COLOURS[room.split(".", maxsplit=1)[0]]
    size = f'width="{width}" height="{height}"'
    name = room.partition(".")[2].replace(".", "/") or "the Python interface"
    svg = [
        f'<rect x="{x}" y="{y}" {size} rx="4" fill="#F7F8FA" stroke="#D5D9DF"/>',
        f'<rect x="{x}" y="{y}" width="5" height="{height}" rx="2" fill="{colour}"/>',
        _text(name, x + PADDING + 4, y + PADDING + 10, colour, size=15, weight=700),
        *_lines(lines, x + PADDING + 4, y + PADDING + 30, "#333A44"),
    ]
    return Drawn("\n".join(svg), y + height + 8)


def _legend(*, x: int, y: int) -> Drawn:
    svg = []
    for sentence in LEGEND:
        lines = textwrap.wrap(sentence, CHARACTERS + 1)
        svg += _lines(lines, x, y + PADDING, "#333A44")
        y += LINE * len(lines) + 8
    return Drawn("\n".join(svg), y)


def _arrow(x: int) -> str:
    left, middle = x - GAP + 8, MARGIN + 39
    return (
        f'<path d="M{left} {middle} h14 m-7 -7 l7 7 l-7 7" fill="none" stroke="#5A6470"'
        ' stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _lines(lines: list[str], x: int, y: int, colour: str) -> list[str]:
    return [_text(line, x, y + LINE * number, colour) for number, line in enumerate(lines)]


def _text(text: str, x: int, y: int, colour: str, *, size: int = 13, weight: int = 400) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}">'
        f"{escape(text)}</text>"
    )


if __name__ == "__main__":
    main()
