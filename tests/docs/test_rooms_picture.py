from __future__ import annotations

import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

from docs.write_rooms_picture import PICTURE, rooms_picture

ROOT = Path(__file__).parents[2]


def test_the_picture_is_current():
    assert PICTURE.read_text(encoding="utf-8") == rooms_picture(ROOT), "run `make rooms`"


def test_every_room_is_on_the_picture():
    texts = {each.text for each in ET.fromstring(rooms_picture(ROOT)).iter() if each.text}  # noqa: S314 - ours
    order = tomllib.loads((ROOT / "docs" / "rooms.toml").read_text(encoding="utf-8"))["order"]
    inner = {room.partition(".")[2].replace(".", "/") for room in order} - {""}
    assert inner <= texts
