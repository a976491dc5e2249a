"""The script that draws the report's charts: Vega, Vega-Lite and Vega-Embed, with their licences.

Run as `python docs/write_vega.py` after Altair has moved to another version of Vega-Lite; needs
npm. Writes `vega.js` and `vega-licences.txt` beside the report's templates.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parents[1] / "training" / "report" / "templates"
VEGA_LITE = "6.4.1"  # altair.SCHEMA_VERSION
LIBRARIES = ("vega", "vega-lite", "vega-embed")  # in this order, as each uses those before it
BUNDLED = (  # what their builds contain besides packages named vega-… and d3-…
    "delaunator",
    "fast-json-patch",
    "internmap",
    "json-stringify-pretty-compact",
    "robust-predicates",
    "semver",
    "topojson-client",
    "tslib",
)


def main() -> None:
    """Install the libraries into a scratch folder and copy builds and licences from there."""
    with tempfile.TemporaryDirectory() as scratch:
        wanted = ["vega@6", f"vega-lite@{VEGA_LITE}", "vega-embed@7"]
        subprocess.run(  # noqa: S603
            ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *wanted],  # noqa: S607
            cwd=scratch,
            check=True,
        )
        modules = Path(scratch) / "node_modules"
        (TEMPLATES / "vega.js").write_text(script(modules), encoding="utf-8")
        (TEMPLATES / "vega-licences.txt").write_text(licences(modules), encoding="utf-8")


def script(modules: Path) -> str:
    """Join the minified builds under a line that names their versions."""
    versions = ", ".join(named(modules / name) for name in LIBRARIES)
    builds = [
        (modules / name / "build" / f"{name}.min.js").read_text(encoding="utf-8").strip()
        for name in LIBRARIES
    ]
    lines = [line for build in builds for line in build.splitlines()]
    kept = [line for line in lines if not line.startswith("//# sourceMappingURL")]
    return "\n".join([f"/* {versions}; licences: vega-licences.txt */", *kept, ""])


def licences(modules: Path) -> str:
    """Collect the notices of everything the builds contain, each text once."""
    packages: dict[str, list[str]] = {}
    for folder in sorted(modules.iterdir()):
        if folder.name.split("-")[0] in {"vega", "d3"} or folder.name in BUNDLED:
            packages.setdefault(notice(folder), []).append(named(folder))
    parts = [f"{', '.join(names)}\n\n{text}\n" for text, names in packages.items()]
    return f"\n{'=' * 80}\n\n".join(parts)


def notice(folder: Path) -> str:
    """Read a package's licence, or what its description says of it."""
    files = sorted(folder.glob("LICEN[CS]E*"))
    if files:
        text = files[0].read_text(encoding="utf-8")
        return "\n".join(line.rstrip() for line in text.strip().splitlines())
    told = described(folder)
    return f"{told['license']}, by {told['author']}"


def named(folder: Path) -> str:
    """Name a package with its version."""
    return f"{folder.name} {described(folder)['version']}"


def described(folder: Path) -> dict[str, str]:
    """Read a package's own description."""
    read: dict[str, str] = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return read


if __name__ == "__main__":
    main()
