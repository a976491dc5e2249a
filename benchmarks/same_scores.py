"""Do two checkouts score alike? The same tables, trained and scored by each, ledger by ledger.

`python benchmarks/same_scores.py OTHER_CHECKOUT` runs `init`, `train --budget 0s` and `score`
through the command line of this checkout and of the other one, on a made-up company and on the
bank's loans of the third-party data (where they are), with one recipe instead of a timed search,
and compares the nights: leads, tiers, rules and words must be equal, figures within 1e-9.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from leadscore.simulation import simulate

HERE = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("LEADSCORE_DATA", HERE / "../shared/data")).resolve()
TOLERANCE = 1e-9
OF_THE_RUN = ["run_id", "scored_at"]  # differ from run to run
LOAN = """name = "loan"
[leads]
path = "{data}/leads.csv"
lead_id = "lead_id"
created_at = "created_at"
[leads.columns]
amount_requested = "firmographic:number"
[events]
path = "{data}/events.parquet"
[outcomes]
path = "{data}/outcomes.csv"
[horizon_days]
sql = 7
won = 21
"""


def run(checkout: Path, *arguments: str) -> None:
    """Run a checkout's own command line; 1 says that a person is needed, which is no fault here."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-m", "leadscore", *arguments]
    ran = subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    if ran.returncode > 1:
        sys.exit(f"{checkout}: {' '.join(arguments)} ended with {ran.returncode}\n{ran.stderr}")


def night_of_demo(checkout: Path, raw: Path, folder: Path) -> pd.DataFrame:
    """Score the last night of the made-up company by one checkout."""
    start(checkout, raw / "leads.csv", raw / "events" / "*.parquet", raw / "outcomes.csv", folder)
    run(checkout, "train", "--budget", "0s", "-C", str(folder))
    run(checkout, "score", "-C", str(folder))
    return ledger_of(folder)


def night_of_loans(checkout: Path, folder: Path) -> pd.DataFrame:
    """Score a night of the bank's loans by one checkout."""
    data = DATA / "loan_funnel"
    start(checkout, data / "leads.csv", data / "events.parquet", data / "outcomes.csv", folder)
    (folder / "leadscore.toml").write_text(LOAN.format(data=data))
    run(checkout, "train", "--as-of", "2011-12-01", "--budget", "0s", "-C", str(folder))
    run(checkout, "score", "--as-of", "2011-12-01", "-C", str(folder))
    return ledger_of(folder)


def start(checkout: Path, leads: Path, events: Path, outcomes: Path, folder: Path) -> None:
    """Draft a project."""
    tables = [str(leads), "--events", str(events), "--outcomes", str(outcomes)]
    run(checkout, "init", *tables, "-C", str(folder))


def ledger_of(folder: Path) -> pd.DataFrame:
    """Read the one night in a project's ledger, by lead."""
    files = sorted((folder / "ledger").rglob("*.parquet"))
    rows = pd.concat([pd.read_parquet(file) for file in files])
    return rows.set_index("lead_id").sort_index().drop(columns=OF_THE_RUN)


def differences(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """Name each column in which two nights differ, and by how much."""
    if not old.index.equals(new.index):
        alone = len(old.index.symmetric_difference(new.index))
        return [f"leads: {len(old):,} and {len(new):,}, {alone:,} in one only"]
    found = [f"columns: {sorted(set(old) ^ set(new))}"] if set(old) != set(new) else []
    for name in [name for name in old if name in new]:
        left, right = old[name], new[name]
        if pd.api.types.is_float_dtype(left):
            same = np.isclose(left, right, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        else:
            texts = (each.astype("str").fillna("") for each in (left, right))
            same = np.equal(*(each.to_numpy(dtype=object) for each in texts)).astype(bool)
        if not same.all():
            place = int(np.argmin(same))
            example = f"{left.iloc[place]!r} → {right.iloc[place]!r}"
            found.append(f"{name}: {int((~same).sum()):,} leads, such as {example}")
    return found


def main() -> None:
    """Compare, and say in which columns nights differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path, help="the other checkout, such as a git worktree")
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--kept", type=Path, help="where the projects are kept, to look at them")
    chosen = parser.parse_args()
    folder = chosen.kept or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    raw = folder / "raw"
    simulate(raw, leads=chosen.leads)
    at = {"other": chosen.other.resolve(), "this": HERE}
    nights = {"made-up": [night_of_demo(at[one], raw, folder / f"demo-{one}") for one in at]}
    if DATA.is_dir():
        nights["loans"] = [night_of_loans(at[one], folder / f"loans-{one}") for one in at]
    told = {name: differences(*pair) for name, pair in nights.items()}
    for name, found in told.items():
        print(f"{name}: {len(nights[name][1]):,} leads, {'; '.join(found) or 'the same night'}")
    sys.exit(any(told.values()))


if __name__ == "__main__":
    main()
