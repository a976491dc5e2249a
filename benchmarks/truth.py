"""How near the model comes to the best there is: the propensities outcomes were drawn from.

Run as `python benchmarks/truth.py --leads 20000 100000`; writes `benchmarks/results/truth.md`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import circumstances, markdown_table  # noqa: E402
from benchmarks.simulated import simulated_project, true_propensities  # noqa: E402
from leadscore.training.evaluation import compare, measure  # noqa: E402
from leadscore.training.workflow import TrainingResult, train  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

RESULT = Path(__file__).parent / "results" / "truth.md"
MOST_AUC_BEHIND = 0.02  # the two points the project promises on 100,000 leads
MOST_CALIBRATION_ERROR = 0.015
PROMISED_LEADS = 100_000
HEAD = [
    "leads", "stage", "held-out snapshots", "reached it", "AUC, model", "AUC, truth",
    "model behind truth (95 % interval)", "calibration error, model", "calibration error, truth",
    "log loss, model", "log loss, truth",
]  # fmt: skip
INTRODUCTION = """\
A made-up company's outcomes are drawn from propensities that its tables determine, so nobody can
rank its leads better than these do. `leadscore` is trained on the tables as anyone would train
it, with the contract that `leadscore init` drafts; model and truth are then judged on the very
same held-out snapshots. The interval of the difference is a paired bootstrap over leads; the
truth's own calibration error is what chance alone gives so many leads."""


@dataclass(frozen=True)
class Nearness:
    """One stage's model beside the truth, on the same held-out snapshots.

    Parameters
    ----------
    leads
        How many leads the company has.
    stage
        `sql` or `won`.
    snapshots, positives
        Held out, and how many of them reached the stage.
    model, truth
        The tables of `evaluation.metrics.measure`.
    ahead
        Model minus truth, the table of `evaluation.metrics.compare`.
    """

    leads: int
    stage: str
    snapshots: int
    positives: int
    model: pd.DataFrame
    truth: pd.DataFrame
    ahead: pd.DataFrame

    @property
    def auc_behind(self) -> float:
        """By how much the truth's AUC is higher."""
        return -float(self.ahead.loc["auc", "value"])

    @property
    def calibration_error(self) -> float:
        """The model's."""
        return float(self.model.loc["calibration_error", "value"])


def main() -> None:
    """Measure companies of the sizes asked for and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, nargs="+", default=[20_000, PROMISED_LEADS])
    sizes = parser.parse_args().leads
    found = [each for leads in sizes for each in nearness(leads)]
    command = f"python benchmarks/truth.py --leads {' '.join(map(str, sizes))}"
    text = report(found, command)
    RESULT.write_text(text, encoding="utf-8")
    print(text)


def nearness(leads: int) -> list[Nearness]:
    """Simulate a company, train on its tables, and compare the model with the truth.

    Parameters
    ----------
    leads
        How many leads the company has.

    Returns
    -------
    list of Nearness
        One a stage, in the order of the funnel.
    """
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "company"
        company = simulated_project(directory, leads=leads)
        result = train(directory)
        if not isinstance(result, TrainingResult):
            raise TypeError("an empty folder was trained on before")
        truth = true_propensities(company)
    return beside_truth(leads, result.evaluation.held_out, truth)


def beside_truth(
    leads: int, held_out: Mapping[str, pd.DataFrame], truth: pd.DataFrame
) -> list[Nearness]:
    """Judge model and truth on the same snapshots.

    Parameters
    ----------
    leads
        How many leads the company has.
    held_out
        By stage: `lead_id`, `as_of`, `outcome`, `propensity`, as an evaluation holds them.
    truth
        `lead_id`, `as_of`, `p_sql`, `p_won`.

    Returns
    -------
    list of Nearness

    Raises
    ------
    ValueError
        Where the truth of a held-out snapshot is not known.
    """
    found = []
    for stage, rows in held_out.items():
        of_stage = truth[["lead_id", "as_of", f"p_{stage}"]].rename(columns={f"p_{stage}": "true"})
        both = rows.merge(of_stage, on=["lead_id", "as_of"], how="left", validate="one_to_one")
        unknown = int(both["true"].isna().sum())
        if unknown:
            raise ValueError(f"{stage}: the truth of {unknown:,} held-out snapshots is not known")
        y, p, true, lead = (both[name] for name in ("outcome", "propensity", "true", "lead_id"))
        tables = measure(y, p, lead), measure(y, true, lead), compare(y, p, true, lead)
        found.append(Nearness(leads, stage, len(both), int(y.sum()), *tables))
    return found


def report(found: Sequence[Nearness], command: str) -> str:
    """Write the table, and plainly whether each point is reached.

    Parameters
    ----------
    found
        What was measured.
    command
        What makes the figures again.

    Returns
    -------
    str
        Markdown.
    """
    promised = [each for each in found if each.leads >= PROMISED_LEADS]
    points = "\n".join(_points(promised or found))
    table = markdown_table(HEAD, [_row(each) for each in found], words=2)
    title = "# How near the model comes to the true propensities"
    parts = [title, INTRODUCTION, table, "## The points to reach", points, circumstances(command)]
    return "\n\n".join(parts) + "\n"


def _row(each: Nearness) -> list[str]:
    gap = each.ahead.loc["auc"]
    behind = f"{-gap['value']:.3f} ({-gap['high']:.3f} to {-gap['low']:.3f})"
    model, truth = each.model["value"], each.truth["value"]
    counts = [f"{each.leads:,}", each.stage, f"{each.snapshots:,}", f"{each.positives:,}"]
    errors = [
        f"{table[metric]:.4f}"
        for metric in ("calibration_error", "log_loss")
        for table in (model, truth)
    ]
    return [*counts, f"{model['auc']:.3f}", f"{truth['auc']:.3f}", behind, *errors]


def _points(found: Iterable[Nearness]) -> Iterable[str]:
    for each in found:
        where = f"{each.stage}, {each.leads:,} leads"
        behind, error = each.auc_behind, each.calibration_error
        yield (
            f"- {where}: AUC {behind:.3f} behind the truth's, at most {MOST_AUC_BEHIND} wanted: "
            f"{_verdict(behind <= MOST_AUC_BEHIND)}"
        )
        yield (
            f"- {where}: calibration error {error:.4f}, at most {MOST_CALIBRATION_ERROR} wanted: "
            f"{_verdict(error <= MOST_CALIBRATION_ERROR)}"
        )


def _verdict(is_reached: bool) -> str:  # noqa: FBT001 - a yes or no put into words
    return "reached." if is_reached else "**not reached**."


if __name__ == "__main__":
    main()
