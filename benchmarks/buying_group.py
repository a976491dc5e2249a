"""What a lead's colleagues tell: how much better leads are ranked, and what it costs.

Run as `python benchmarks/buying_group.py`; writes `benchmarks/results/buying_group.md`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import circumstances, markdown_table  # noqa: E402
from benchmarks.pipeline import Stopwatch  # noqa: E402
from benchmarks.simulated import simulated_project  # noqa: E402
from leadscore.features.contract import CONTRACT_FILE, load_contract  # noqa: E402
from leadscore.features.families import build_features, common_kinds  # noqa: E402
from leadscore.features.point_in_time import nightly_snapshots  # noqa: E402
from leadscore.features.tables import open_tables  # noqa: E402
from leadscore.serving.nightly import default_night  # noqa: E402
from leadscore.training.evaluation import compare  # noqa: E402
from leadscore.training.workflow import TrainingResult, train  # noqa: E402

if TYPE_CHECKING:
    import pandas as pd

    from leadscore.features.tables import Tables
    from leadscore.training.evaluation import AccountChance

RESULT = Path(__file__).parent / "results" / "buying_group.md"
EFFECTS = (1.5, 0.0)  # on the log-odds, of a colleague who was active of late
LEAST_SHARE_WON = 0.5  # of what the truth gains by knowing the colleagues
MOST_AUC_LOST = 0.002  # where colleagues do not matter
MOST_ACCOUNT_ERROR = 0.02
MOST_COST = 1.3  # of a night's features
INTRODUCTION = """\
Two made-up companies, one in which each colleague who was active in the last 30 days (two at most)
adds {effect} to the log-odds of a lead's steps, and one in which colleagues do not matter. Each is
trained on twice, with the features of the buying group and without (`features.colleagues = false`),
and judged on the same held-out later leads. *Truth* are the propensities that outcomes were drawn
from; *truth, colleagues unknown* the same averaged over how many colleagues are active."""

ACCOUNTS_HEAD = """\
## The chance of an account

That at least one of its open leads becomes an SQL within 30 days: held-out accounts, the
calibration error on the later half of them by what the earlier half teaches."""


@dataclass(frozen=True)
class Judged:
    """AUC of SQL on the same held-out snapshots.

    Parameters
    ----------
    effect
        Of an active colleague on the log-odds.
    snapshots
        How many were held out.
    truth, alone
        Of the true propensities, and of those that do not know the colleagues.
    with_group, without
        Of the models.
    gain
        The difference of the models with its 95 % interval: `value`, `low`, `high`.
    chance
        The figure of accounts that the model with the family has.
    """

    effect: float
    snapshots: int
    truth: float
    alone: float
    with_group: float
    without: float
    gain: pd.Series[float]
    chance: AccountChance | None


def main() -> None:
    """Judge both companies, time a night's features, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--night-leads", type=int, default=100_000)
    parser.add_argument("--budget", type=float, default=15.0, help="seconds of each search")
    parser.add_argument("--repeats", type=int, default=3, help="of the night; medians are shown")
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    judged = [judge(effect, asked.leads, budget_seconds=asked.budget) for effect in EFFECTS]
    costs = night_costs(asked.night_leads, asked.repeats)
    command = " ".join(["python benchmarks/buying_group.py", *sys.argv[1:]])
    parts = [
        "# The buying group",
        INTRODUCTION.format(effect=EFFECTS[0]),
        ranking_table(judged),
        ACCOUNTS_HEAD,
        account_table(judged),
        f"## A night's features\n\n{asked.night_leads:,} leads, medians of {asked.repeats} runs.",
        cost_table(costs),
        verdicts(judged, costs),
        circumstances(command),
    ]
    text = "\n\n".join(parts) + "\n"
    asked.out.write_text(text, encoding="utf-8")
    print(text)


def judge(effect: float, leads: int, *, budget_seconds: float) -> Judged:
    """Train with the family and without it, and compare both with the truth.

    Parameters
    ----------
    effect
        Of an active colleague on the log-odds.
    leads
        How many the company has.
    budget_seconds
        Of each search.

    Returns
    -------
    Judged
    """
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        company = simulated_project(directory, leads=leads, account_effect=effect)
        first = _trained(directory, budget_seconds)
        contract = directory / CONTRACT_FILE
        setting = "[features]\ncolleagues = false\n"
        contract.write_text(f"{contract.read_text(encoding='utf-8')}\n{setting}", encoding="utf-8")
        second = _trained(directory, budget_seconds)
        keys = ["lead_id", "as_of"]
        rows = first.evaluation.held_out["sql"].merge(
            second.evaluation.held_out["sql"][[*keys, "propensity"]],
            on=keys,
            suffixes=("", "_without"),
            validate="1:1",
        )
        truth = _truth(company.truth_glob)
        rows = rows.merge(truth, on=keys, validate="1:1")
    names = ["p_sql", "alone_p_sql", "propensity", "propensity_without"]
    auc = {name: _auc(rows, name) for name in names}
    ahead = compare(
        rows["outcome"], rows["propensity"], rows["propensity_without"], rows["cluster"]
    )
    return Judged(
        effect, len(rows), *auc.values(), ahead.loc["auc"], first.evaluation.account_chance
    )


def _trained(directory: Path, budget_seconds: float) -> TrainingResult:
    result = train(directory, budget_seconds=budget_seconds)
    if not isinstance(result, TrainingResult):
        raise TypeError("a version has learnt from these tables already")
    return result


def _truth(glob: Path) -> pd.DataFrame:
    import pandas as pd

    found = pd.concat([pd.read_parquet(part) for part in sorted(glob.parent.glob(glob.name))])
    found = found.drop_duplicates(["lead_id", "as_of"])
    return found if "alone_p_sql" in found else found.assign(alone_p_sql=found["p_sql"])


def _auc(rows: pd.DataFrame, name: str) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(rows["outcome"], rows[name]))


def night_costs(leads: int, repeats: int) -> dict[str, tuple[float, float]]:
    """Time the features of a night with the family and without.

    Parameters
    ----------
    leads
        How many the company has.
    repeats
        Runs of each; they take turns.

    Returns
    -------
    dict
        Seconds and CPU seconds: `with`, `without`.
    """
    spent: dict[str, list[tuple[float, float]]] = {"with": [], "without": []}
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        simulated_project(directory, leads=leads)
        with open_tables(load_contract(directory)) as tables:
            for _repeat in range(repeats):
                for name, colleagues in (("with", True), ("without", False)):
                    spent[name].append(_night_of(_switched(tables, colleagues=colleagues)))
    return {
        name: (median(each[0] for each in runs), median(each[1] for each in runs))
        for name, runs in spent.items()
    }


def _switched(tables: Tables, *, colleagues: bool) -> Tables:
    features = tables.contract.features.model_copy(update={"colleagues": colleagues})
    return replace(tables, contract=tables.contract.model_copy(update={"features": features}))


def _night_of(tables: Tables) -> tuple[float, float]:
    kinds = common_kinds(tables)
    watch = Stopwatch()
    snapshots = nightly_snapshots(tables, as_of=default_night(tables))
    build_features(tables, snapshots, kinds=kinds).to_pandas()
    spent = watch.read()
    return spent.seconds, spent.cpu_seconds


def ranking_table(judged: list[Judged]) -> str:
    """Show the AUCs of models and truth."""
    head = [
        "effect of a colleague", "held-out snapshots", "AUC, truth", "truth, colleagues unknown",
        "model with the group", "model without", "model's gain (95 % interval)", "truth's gain",
    ]  # fmt: skip
    rows = [
        [
            f"{each.effect}",
            f"{each.snapshots:,}",
            *(f"{auc:.4f}" for auc in (each.truth, each.alone, each.with_group, each.without)),
            f"{each.gain['value']:+.4f} ({each.gain['low']:+.4f} to {each.gain['high']:+.4f})",
            f"{each.truth - each.alone:+.4f}",
        ]
        for each in judged
    ]
    return markdown_table(head, rows, words=1)


def account_table(judged: list[Judged]) -> str:
    """Show how well the chances of accounts are calibrated."""
    head = ["effect of a colleague", "accounts", "calibration error", "multiplied out", "a", "b"]
    rows = [
        [
            f"{each.effect}",
            f"{each.chance.accounts:,}",
            f"{each.chance.error:.4f}",
            f"{each.chance.error_alone:.4f}",
            f"{each.chance.level:+.2f}",
            f"{each.chance.size:+.2f}",
        ]
        for each in judged
        if each.chance is not None
    ]
    return markdown_table(head, rows, words=1)


def cost_table(costs: dict[str, tuple[float, float]]) -> str:
    """Show what a night's features cost."""
    rows = [[name, f"{wall:.1f}", f"{cpu:.1f}"] for name, (wall, cpu) in costs.items()]
    ratio = [costs["with"][each] / costs["without"][each] for each in (0, 1)]
    rows.append(["with / without", *(f"{each:.2f} ×" for each in ratio)])
    return markdown_table(["features of the buying group", "seconds", "CPU seconds"], rows, words=1)


def verdicts(judged: list[Judged], costs: dict[str, tuple[float, float]]) -> str:
    """Say which promises are kept.

    Parameters
    ----------
    judged, costs
        As `judge` and `night_costs` give them.

    Returns
    -------
    str
        Markdown.
    """
    with_effect, without = judged
    won = with_effect.gain["value"] / (with_effect.truth - with_effect.alone)
    ratio = min(costs["with"][each] / costs["without"][each] for each in (0, 1))
    errors = [each.chance.error for each in judged if each.chance is not None]
    lines = [
        (f"{won:.0%} of the truth's gain is won", won >= LEAST_SHARE_WON),
        (
            f"AUC changes by {without.gain['value']:+.4f} where colleagues do not matter",
            without.gain["value"] > -MOST_AUC_LOST,
        ),
        (
            f"the largest calibration error of accounts is {max(errors, default=1.0):.4f}",
            max(errors, default=1.0) <= MOST_ACCOUNT_ERROR,
        ),
        (f"a night's features cost {ratio:.2f} times as much", ratio <= MOST_COST),
    ]
    return "\n".join(f"- {'kept' if kept else 'NOT kept'}: {what}." for what, kept in lines)


if __name__ == "__main__":
    main()
