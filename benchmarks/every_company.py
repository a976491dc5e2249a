"""Whether every company that could have a scoring model gets one, and none that should not.

Run as `python benchmarks/every_company.py`; writes `benchmarks/results/every_company.md`, and each
company's line to `--rows` as soon as it is there: an interrupted run goes on where it ended.
Simulated companies of many sizes go through `leadscore init` and `train`, nothing edited.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from joblib import Parallel, delayed  # noqa: E402
from scipy.stats import binomtest  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

from benchmarks.changed_companies import (  # noqa: E402
    FLAT,
    KINDS,
    NO_SIGNAL,
    UNDATED,
    WEAK,
    Recipe,
    make,
    recipes,
)
from benchmarks.machine import circumstances, markdown_table  # noqa: E402
from benchmarks.quality_kept import code_digest  # noqa: E402
from benchmarks.quality_walk import say, teaching_rows, why_no_model  # noqa: E402
from benchmarks.simulated import expected_metrics, true_propensities  # noqa: E402
from leadscore.features.contract import load_contract  # noqa: E402
from leadscore.features.core import LeadScoreError  # noqa: E402
from leadscore.features.tables import open_tables  # noqa: E402
from leadscore.training.registry import CHAMPION, Registry  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leadscore.simulation import SimulatedCompany

RESULT = Path(__file__).parent / "results" / "every_company.md"
COMPANIES, WITHOUT_SIGNAL = 200, 100
SIZES = (300, 30_000)
FIRST_SEED, FIRST_SEED_WITHOUT = 41_001, 42_001  # companies of other benchmarks have others
WORTH_AUC, WORTH_CONVERSIONS = 0.65, 100  # a company with as much ought to have a model
WITH_SIGNAL = (*(kind for kind in KINDS if kind != "drift"), WEAK)
HEAD = ["company", "AUC of the truth", "conversions known", "model", "what train said"]
COUNTED = ["companies", "count", "with a scoring model", "share", "95 % interval"]
INTRODUCTION = """\
Simulated companies go through `leadscore init` and `leadscore train`, nothing edited. The truth is
the propensities that outcomes are drawn from, on the rows that teach and judge; conversions are
the leads that training knows to have reached the first stage in time. Without signal, outcomes are
drawn independently of everything. Kinds are counted without the companies that have less truth or
fewer conversions than the first line asks for. Intervals are exact binomial ones."""


@dataclass(frozen=True)
class Outcome:
    """What became of one company.

    Parameters
    ----------
    recipe
        What the company is like.
    conversions
        How many leads are known to have reached the first stage in time.
    truth_auc
        What the true propensities of the snapshots that teach and judge are expected to reach;
        None without signal, where it is 0.5.
    has_model
        Whether a champion scores after `leadscore train`.
    said
        Why there is no model, in the words of `leadscore train`.
    """

    recipe: Recipe
    conversions: int
    truth_auc: float | None
    has_model: bool
    said: str

    @property
    def is_worth(self) -> bool:
        """Whether there is enough signal and enough conversions for a model."""
        return (self.truth_auc or 0) >= WORTH_AUC and self.conversions >= WORTH_CONVERSIONS


def main() -> None:
    """Train every company asked for and write the table anew after each."""
    asked = _parser().parse_args()
    command = shlex.join(["python", "benchmarks/every_company.py", *sys.argv[1:]])
    below = circumstances(command)
    found: list[Outcome] = []
    for one in outcomes(asked):
        found.append(one)
        print(one, file=sys.stderr, flush=True)
        asked.out.write_text(report(found, below), encoding="utf-8")
    print(asked.out.read_text(encoding="utf-8"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=COMPANIES)
    parser.add_argument("--without-signal", type=int, default=WITHOUT_SIGNAL)
    parser.add_argument("--sizes", type=int, nargs=2, default=SIZES, help="fewest and most leads")
    parser.add_argument("--budget", help="of `leadscore train`, such as 30s; by default its own")
    parser.add_argument("--jobs", type=int, default=1, help="companies at a time")
    parser.add_argument("--rows", type=Path, default=RESULT.with_suffix(".jsonl"))
    parser.add_argument("--out", type=Path, default=RESULT)
    return parser


def outcomes(asked: argparse.Namespace) -> Iterator[Outcome]:
    """Return what is known of the companies asked for, then train the others."""
    sizes = (asked.sizes[0], asked.sizes[1])
    every = recipes(WITH_SIGNAL, asked.companies, sizes=sizes, first_seed=FIRST_SEED)
    every += recipes(NO_SIGNAL, asked.without_signal, sizes=sizes, first_seed=FIRST_SEED_WITHOUT)
    known = _known(asked.rows, asked.budget)
    yield from (known[each] for each in every if each in known)
    work = Parallel(n_jobs=asked.jobs, return_as="generator_unordered")
    missing = [each for each in every if each not in known]
    for one in work(delayed(outcome)(each, asked.budget) for each in missing):
        line = json.dumps({"code": code_digest(), "budget": asked.budget, **asdict(one)})
        with asked.rows.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        yield one


def _known(rows: Path, budget: str | None) -> dict[Recipe, Outcome]:
    """Read what the code as it is did with the same budget."""
    found = {}
    for line in rows.read_text("utf-8").splitlines() if rows.exists() else ():
        row = json.loads(line)
        if (row.pop("code"), row.pop("budget")) == (code_digest(), budget):
            recipe = Recipe(**row.pop("recipe"))
            found[recipe] = Outcome(recipe, **row)
    return found


def outcome(recipe: Recipe, budget: str | None = None) -> Outcome:
    """Take one company from its files to a model, or to none.

    Parameters
    ----------
    recipe
        What it is like.
    budget
        Of `leadscore train`; None takes its default.

    Returns
    -------
    Outcome
    """
    with tempfile.TemporaryDirectory() as scratch, threadpool_limits(1):
        folder = Path(scratch) / "project"
        company = make(recipe, Path(scratch) / "raw")
        files: list[object] = ["--target", "converted"]
        if recipe.kind not in {WEAK, FLAT, UNDATED}:
            files = ["--events", company.events_glob, "--outcomes", company.outcomes_file]
        said = say("init", company.leads_file, "-C", folder, *files)
        options = ["--budget", budget] if budget is not None else []
        said += say("train", "-C", folder, *options)
        conversions, truth = _known_by_train(folder, company, has_truth=recipe.kind in WITH_SIGNAL)
        has_model = _has_champion(folder)
    return Outcome(recipe, conversions, truth, has_model, "" if has_model else why_no_model(said))


def _known_by_train(
    folder: Path, company: SimulatedCompany, *, has_truth: bool
) -> tuple[int, float | None]:
    """Count the conversions that training knows, and find what the truth of its rows reaches."""
    try:
        with open_tables(load_contract(folder)) as tables:
            labels = teaching_rows(tables).labels
    except LeadScoreError:  # such as that nobody has converted
        return 0, None
    labelled = labels.frame.dropna(subset=f"y_{labels.stages[0]}")
    reached = labelled[f"y_{labels.stages[0]}"] == 1
    conversions = labelled.loc[reached, "lead_id"].nunique()
    if not has_truth:
        return conversions, None
    known = true_propensities(company)
    keys = [name for name in ("lead_id", "as_of") if name in known]
    true = labelled[keys].merge(known, on=keys)["p_sql"]
    return conversions, expected_metrics(true, true)["auc"]


def _has_champion(folder: Path) -> bool:
    try:
        versions = Registry(folder, load_contract(folder).name).versions()
    except LeadScoreError:
        return False
    return not versions.empty and bool(versions["aliases"].str.contains(CHAMPION).any())


def report(found: Sequence[Outcome], below: str) -> str:
    """Write the summary and the companies that did not get what they should."""
    signal = [each for each in found if each.recipe.kind in WITH_SIGNAL]
    without = [each for each in found if each.recipe.kind in NO_SIGNAL]
    worth = [each for each in signal if each.is_worth]
    others = [each for each in signal if not each.is_worth]
    groups = {
        f"true AUC {WORTH_AUC} or more, {WORTH_CONVERSIONS} conversions or more": worth,
        "the others with signal": others,
        "without signal": without,
    }
    for kind in (*WITH_SIGNAL, *NO_SIGNAL):
        groups[kind] = [each for each in found if each.recipe.kind == kind and each not in others]
    rows = [_counted(name, group) for name, group in groups.items() if group]
    wrong = [each for each in worth if not each.has_model]
    wrong += [each for each in without if each.has_model]
    parts = [
        "# Which companies end with a scoring model",
        INTRODUCTION,
        markdown_table(COUNTED, rows, words=1),
        "## With a model where there should be none, or without one where there should be",
        markdown_table(HEAD, [_line(each) for each in wrong], words=1) if wrong else "None.",
        "## The others with signal that have none",
        markdown_table(HEAD, [_line(each) for each in others if not each.has_model], words=1),
        below,
    ]
    return "\n\n".join(parts) + "\n"


def _counted(name: str, group: Sequence[Outcome]) -> list[str]:
    count = sum(each.has_model for each in group)
    sure = binomtest(count, len(group)).proportion_ci(method="exact")
    share = f"{count / len(group):.1%}"
    return [name, str(len(group)), str(count), share, f"{sure.low:.1%} to {sure.high:.1%}"]


def _line(each: Outcome) -> list[str]:
    truth = "–" if each.truth_auc is None else f"{each.truth_auc:.3f}"
    model, said = "yes" if each.has_model else "no", each.said.replace("|", "/")
    return [each.recipe.name, truth, f"{each.conversions:,}", model, said]


if __name__ == "__main__":
    main()
