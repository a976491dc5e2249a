"""How far the model stays behind the true propensities, by how many leads it had.

Run as `python benchmarks/sample_size.py`; writes `benchmarks/results/sample_size.md` and
`docs/pictures/sample_size.svg`.
"""

from __future__ import annotations

import argparse
import json
import pickle
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from benchmarks.machine import circumstances, markdown_table  # noqa: E402
from benchmarks.sample_size_loss import Loss  # noqa: E402
from benchmarks.sample_size_plot import draw  # noqa: E402
from benchmarks.simulated import (  # noqa: E402
    FRESH_LEADS,
    expected_metrics,
    fresh_leads,
    prepared_project,
    simulated_project,
)
from leadscore.features.contract import CONTRACT_FILE  # noqa: E402
from leadscore.features.core import TooLittleData  # noqa: E402
from leadscore.training.dataset import parts_of_stage  # noqa: E402
from leadscore.training.evaluation import logistic_regression  # noqa: E402
from leadscore.training.model import FunnelModel  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from benchmarks.simulated import FreshStage
    from leadscore.training.dataset import Prepared

RESULT = Path(__file__).parent / "results" / "sample_size.md"
PICTURE = ROOT / "docs" / "pictures" / "sample_size.svg"
DRAFT_LEADS = 3_000  # companies of all sizes are of one kind: one drafted contract fits them
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000)
MODEL, REGRESSION = "leadscore", "logistic regression"
HEAD = [
    "leads", "stage", "companies", "teach", "reached it", "AUC behind, leadscore",
    "AUC behind, logistic regression", "log loss behind, leadscore",
    "log loss behind, logistic regression", "seconds", "peak MB",
]  # fmt: skip
INTRODUCTION = """\
Made-up companies of so many leads, each trained as `leadscore train` trains: the earlier leads
teach, which is about half of a company's snapshots, since later ones are held out and labels
that were not known in time do not count. What was learnt is judged on the same later snapshots
of another company drawn in the same way, which no model has seen, and against the true
propensities that outcomes are drawn from, not against outcomes: the luck of the draw is not in
the figures.

{truth}

*Behind* is the truth's AUC minus the model's, and the model's log loss minus the truth's: median
over the companies, range in brackets. A company with too few to learn a stage from is refused by
`leadscore` and not counted there. The regression is the one that `leadscore train` shows beside
every model; it learns `won` directly. Seconds and memory are of both models together, with
simulating the company and building its features."""
PICTURE_WORDS = "![Loss against the true propensities by number of leads]({path})"


def main() -> None:
    """Measure companies of the sizes asked for, write the table and draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--fresh", type=int, default=FRESH_LEADS, help="leads that judge")
    parser.add_argument("--companies", type=int, help="of each size; by default fewer of large")
    parser.add_argument("--company", type=int, help="one company of this seed, as JSON")
    parser.add_argument("--judge", type=Path, help="the fresh leads of --company")
    parser.add_argument("--contract", type=Path, help="the leadscore.toml of --company")
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--picture", type=Path, default=PICTURE)
    asked = parser.parse_args()
    if asked.company is not None:
        fresh = pickle.loads(asked.judge.read_bytes())  # noqa: S301 - the parent wrote it
        leads, seed = asked.leads[0], asked.company
        found = losses(leads, seed=seed, fresh=fresh, contract=asked.contract)
        print(json.dumps([asdict(each) for each in found]))
        return
    fresh = fresh_leads(asked.fresh)
    companies = {leads: asked.companies or companies_for(leads) for leads in asked.leads}
    found = _every_company(companies, fresh)
    command = shlex.join(["python", "benchmarks/sample_size.py", *sys.argv[1:]])
    asked.picture.parent.mkdir(parents=True, exist_ok=True)
    asked.picture.write_text(draw(found), encoding="utf-8")
    text = report(found, fresh, command, companies=companies, picture=asked.picture)
    asked.out.write_text(text, encoding="utf-8")
    print(text)


def companies_for(leads: int) -> int:
    """How many companies of a size: small ones differ by luck, large ones hardly."""
    return min(max(9_000 // leads, 1), 3)


def _every_company(companies: Mapping[int, int], fresh: Mapping[str, FreshStage]) -> list[Loss]:
    """Learn each company in a process of its own, so that its memory is given back."""
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        judge = Path(scratch) / "fresh.pkl"
        judge.write_bytes(pickle.dumps(fresh))
        simulated_project(Path(scratch), leads=DRAFT_LEADS)
        given = ["--judge", str(judge), "--contract", str(Path(scratch) / CONTRACT_FILE)]
        for leads, count in companies.items():
            for seed in range(1, count + 1):
                found += _in_own_process(leads, seed, given)
    return found


def _in_own_process(leads: int, seed: int, given: Sequence[str]) -> list[Loss]:
    command = [sys.executable, str(Path(__file__).resolve()), "--leads", str(leads)]
    command += ["--company", str(seed), *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"company {seed} of {leads:,} leads failed:\n{done.stderr}")
    found = [Loss(**each) for each in json.loads(done.stdout.splitlines()[-1])]
    words = f"{found[0].seconds:.0f} s" if found else "too little to learn from"
    print(f"{leads:,} leads, company {seed}: {words}", file=sys.stderr, flush=True)
    return found


def losses(
    leads: int, *, seed: int, fresh: Mapping[str, FreshStage], contract: Path | None = None
) -> list[Loss]:
    """Simulate a company, learn from it, and judge what was learnt on fresh leads.

    Parameters
    ----------
    leads, seed
        Of the company.
    fresh
        By stage, the leads that judge.
    contract
        The `leadscore.toml` to use; by default the company's own is drafted.

    Returns
    -------
    list of Loss
        One a stage and model; none where the company has too little to learn any stage from.
    """
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        simulated_project(Path(scratch), leads=leads, seed=seed, contract=contract)
        try:
            prepared = prepared_project(Path(scratch))
        except TooLittleData:
            return []
    said = _propensities(prepared, fresh)
    seconds = time.perf_counter() - start
    found = []
    for (stage, name), propensity in said.items():
        truth = expected_metrics(fresh[stage].true, fresh[stage].true)
        model = expected_metrics(fresh[stage].true, propensity)
        outcome = _taught(prepared, stage)
        found.append(
            Loss(
                leads,
                seed,
                stage,
                name,
                rows=len(outcome),
                positives=int(outcome.sum()),
                auc_behind=truth["auc"] - model["auc"],
                log_loss_behind=model["log_loss"] - truth["log_loss"],
                seconds=seconds,
                peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
            )
        )
    return found


def _propensities(
    prepared: Prepared, fresh: Mapping[str, FreshStage]
) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Let model and regression learn, and say their propensities of the fresh leads."""
    frame, labels, split = prepared.frame, prepared.labels, prepared.split
    catalogue, kinds = prepared.catalogue, prepared.kinds
    model = FunnelModel().fit(frame, labels, split, catalogue=catalogue, kinds=kinds)
    said = {}
    for stage in labels.stages:
        later = fresh[stage].frame
        said[stage, MODEL] = model.predict(later)[f"p_{stage}"].to_numpy()
        outcome = _taught(prepared, stage)
        columns = model.stages_[stage].encoder_.columns_
        learn = frame.loc[outcome.index, columns]
        said[stage, REGRESSION] = logistic_regression(learn, outcome, later[columns])
    return said


def _taught(prepared: Prepared, stage: str) -> pd.Series[float]:
    """Return the outcomes of the snapshots that teach a stage."""
    part = parts_of_stage(prepared.labels, prepared.split, stage)
    return prepared.labels.frame.loc[part == "learn", f"y_{stage}"]


def report(
    found: Sequence[Loss],
    fresh: Mapping[str, FreshStage],
    command: str,
    *,
    companies: Mapping[int, int],
    picture: Path,
) -> str:
    """Write the table.

    Parameters
    ----------
    found
        What was measured.
    fresh
        What judged.
    command
        What makes the figures again.
    companies
        How many were asked for, by size.
    picture
        The drawing.

    Returns
    -------
    str
        Markdown.
    """
    rows = [
        _row(
            [each for each in found if (each.stage, each.leads) == (stage, leads)],
            stage,
            leads,
            count,
        )
        for stage in fresh
        for leads, count in companies.items()
    ]
    path = Path("../..") / picture.relative_to(ROOT) if picture.is_relative_to(ROOT) else picture
    shown = PICTURE_WORDS.format(path=path.as_posix())
    table = markdown_table(HEAD, rows, words=2)
    title = "# How much data the model needs"
    parts = [
        title,
        INTRODUCTION.format(truth="\n".join(_truths(fresh))),
        shown,
        table,
        circumstances(command),
    ]
    return "\n\n".join(parts) + "\n"


def _truths(fresh: Mapping[str, FreshStage]) -> Iterator[str]:
    """Say what nobody can do better than, a line a stage."""
    for stage, each in fresh.items():
        best = expected_metrics(each.true, each.true)
        yield (
            f"- {stage}: {len(each.true):,} snapshots judge, {each.true.mean():.1%} of them reach "
            f"it; the truth has an AUC of {best['auc']:.4f} and a log loss of "
            f"{best['log_loss']:.4f}, and nobody can do better."
        )


def _row(found: Sequence[Loss], stage: str, leads: int, companies: int) -> list[str]:
    ours = [each for each in found if each.model == MODEL]
    theirs = [each for each in found if each.model == REGRESSION]
    cells = [f"{leads:,}", stage, f"{len(ours)} of {companies}"]
    if not ours:
        return [*cells, *["–"] * (len(HEAD) - len(cells))]
    return [
        *cells,
        f"{np.median([each.rows for each in ours]):,.0f}",
        f"{np.median([each.positives for each in ours]):,.0f}",
        *(_spread([each.auc_behind for each in group], 4) for group in (ours, theirs)),
        *(_spread([each.log_loss_behind for each in group], 5) for group in (ours, theirs)),
        f"{np.median([each.seconds for each in ours]):,.0f}",
        f"{max(each.peak_mb for each in ours):,.0f}",
    ]


def _spread(values: Sequence[float], digits: int) -> str:
    middle = f"{np.median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
