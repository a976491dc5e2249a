"""The product keeps to its map, `docs/rooms.toml`."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.code_graph import (  # noqa: E402
    FOLDERS,
    body_lines,
    circles,
    functions,
    import_graph,
    imports_of,
    module_name,
    place_of,
    product_files,
)

MAP = tomllib.loads((ROOT / "docs" / "rooms.toml").read_text(encoding="utf-8"))
ORDER, EXCEPTIONS = MAP["order"], MAP["exceptions"]
# The entry of `leadscore` is the interface that users import; its own tests keep it.
ENTRIES_FOR_US = [room for room in ORDER if room != "leadscore"]
FEWEST_FILES, MOST_FILES = 4, 12  # of a room, without its `__init__`
LONGEST_FILE, LONGEST_FUNCTION = 300, 40  # lines; of a function those of its body
FILES = {
    module_name(file, ROOT): file
    for file in product_files(ROOT)
    if file.name != "__main__.py"  # which runs the command line and is imported by nobody
}
TREES = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in FILES.items()}
IMPORTS = {name: list(imports_of(tree)) for name, tree in TREES.items()}
ENTRIES = {name for name, file in FILES.items() if file.name == "__init__.py"}
ABOVE_ROOMS = {name for name in ENTRIES if name in FOLDERS and name not in ORDER}


def room_of(module: str) -> str:
    """The innermost room that a module of the product is in."""
    rooms = [room for room in ORDER if f"{module}.".startswith(f"{room}.")]
    return max(rooms, key=len, default="")


def crossings() -> list[tuple[str, str, str]]:
    """Each import from one room into another: the file, the line and the imported module."""
    found = {
        (module, f"{FILES[module].relative_to(ROOT)}:{each.line}", place_of(each.module))
        for module, imports in IMPORTS.items()
        for each in imports
        if room_of(place_of(each.module)) not in {"", room_of(module)}
    }
    return sorted(found)


def exported(room: str) -> dict[str, str]:
    """The names that a room's entry imports, each with the module that it comes from."""
    own = (each for each in IMPORTS[room] if each.name)
    return {each.name: each.module for each in own if each.module != "__future__"}


def used_from_entries() -> set[tuple[str, str]]:
    """Every (room, name) that product, tests, benchmarks, notebooks or docs import."""
    used = {
        (place_of(each.module), each.name)
        for folder in (*FOLDERS, "leadscore", "tests", "benchmarks", "docs", "notebooks")
        for file in (ROOT / folder).rglob("*.py")
        for each in imports_of(ast.parse(file.read_text(encoding="utf-8")))
        if file.name != "__init__.py" or place_of(each.module) != module_name(file, ROOT)
    }
    pages = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("notebooks/*.ipynb")]
    for page in pages:
        found = re.findall(
            r"from (leadscore[\w.]*) import (\([^)]*\)|[^\n\\]*)", page.read_text(encoding="utf-8")
        )
        used |= {(place_of(room), name) for room, names in found for name in names_in(names)}
    return used


def names_in(text: str) -> list[str]:
    return re.findall(r"\w+", text.replace("\\n", " "))


def test_every_file_is_in_a_room_of_the_map():
    loose = [each for each in FILES if not room_of(each) and each not in ABOVE_ROOMS]
    assert not loose, f"{loose} are in no room of docs/rooms.toml: move them, or add their room"


def test_every_room_of_the_map_says_what_belongs_in_it():
    assert [room for room in ORDER if not ast.get_docstring(TREES[room])] == []


def test_a_room_imports_only_rooms_that_stand_before_it():
    against = [
        f"{where} imports {target}"
        for module, where, target in crossings()
        if ORDER.index(room_of(target)) > ORDER.index(room_of(module))
    ]
    assert not against, "against the order of docs/rooms.toml:\n" + "\n".join(against)


@pytest.mark.parametrize(
    "files",
    [product_files(ROOT), sorted(ROOT.glob("benchmarks/*.py"))],
    ids=["product", "benchmarks"],
)
def test_no_files_import_each_other_in_a_circle(files):
    found = circles(import_graph(ROOT, files))
    assert not found, f"these import each other: {found}. Move what they share to an earlier file"


def test_other_rooms_are_imported_by_their_entry():
    past_entry = [
        f"{where} imports {target}" for _, where, target in crossings() if target not in ENTRIES
    ]
    assert not past_entry, "import these from the room's `__init__`:\n" + "\n".join(past_entry)


def test_the_product_is_imported_under_the_name_leadscore_alone():
    bare = [
        f"{module}:{each.line} imports {each.module}"
        for module, imports in IMPORTS.items()
        for each in imports
        if each.module.split(".")[0] in {*FOLDERS, "tests", "benchmarks", "docs"}
    ]
    assert not bare, "\n".join(bare)


@pytest.mark.parametrize("room", ENTRIES_FOR_US)
def test_an_entry_exports_what_it_imports(room):
    assigned = {
        name
        for node in TREES[room].body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        for name in ast.literal_eval(node.value)
    }
    assert assigned == set(exported(room))


def test_what_an_entry_exports_is_used_by_somebody_else():
    used = used_from_entries()
    unused = [
        f"{room}: {name}"
        for room in ENTRIES_FOR_US
        for name in exported(room)
        if (room, name) not in used
    ]
    assert not unused, "\n".join(unused)


def test_a_room_has_four_to_twelve_files():
    counts = dict.fromkeys(ORDER, 0)
    for module in FILES.keys() - ENTRIES:
        counts[room_of(module)] += 1
    odd = {room for room, count in counts.items() if not FEWEST_FILES <= count <= MOST_FILES}
    excused = set(EXCEPTIONS["files"])
    assert odd <= excused, (
        f"{ {room: counts[room] for room in odd - excused} }: a room has {FEWEST_FILES} to "
        f"{MOST_FILES} files. Move one to where its kind is, or split the room in docs/rooms.toml."
    )
    assert excused <= odd, f"{excused - odd} need no exception in docs/rooms.toml any more"


def test_a_file_has_at_most_300_lines():
    lengths = {
        module: len(file.read_text(encoding="utf-8").splitlines()) for module, file in FILES.items()
    }
    long = {module: lines for module, lines in lengths.items() if lines > LONGEST_FILE}
    assert not long, long


def test_a_function_has_at_most_40_lines_or_a_reason():
    lengths = {
        f"{module}.{function.name}": body_lines(function)
        for module, tree in TREES.items()
        for function in functions(tree)
    }
    long = {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION}
    assert long.keys() == EXCEPTIONS["functions"].keys(), long


@pytest.mark.parametrize("library", MAP["libraries"])
def test_a_costly_library_is_imported_in_its_place_alone(library):
    importers = {
        module
        for module, imports in IMPORTS.items()
        for each in imports
        if each.module.split(".")[0] == library
    }
    places = tuple(f"{place}." for place in MAP["libraries"][library])
    assert importers
    elsewhere = [each for each in importers if not f"{each}.".startswith(places)]
    assert not elsewhere, f"{library} belongs in {places} alone (docs/rooms.toml), not {elsewhere}"


def test_a_test_stands_where_the_file_it_tests_stands():
    tests = [
        file.relative_to(ROOT / "tests")
        for folder in (*FOLDERS, "leadscore")
        for file in (ROOT / "tests" / folder).rglob("test_*.py")
    ]
    alone = {
        each.as_posix()
        for each in tests
        if not (ROOT / each.with_name(each.name.removeprefix("test_"))).exists()
    }
    assert alone == set(EXCEPTIONS["tests"])


def test_every_file_that_contributing_names_exists():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+/(?:[\w.]+\.(?:py|toml))?)`", text)
    assert named
    assert [each for each in named if not (ROOT / each).exists()] == []
