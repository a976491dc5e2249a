"""Which trees suit this company: recipes tried on earlier leads, validated on later ones.

Small and drifting data want small trees and recent leads, plenty of data bears large trees. A
fixed portfolio is tried first; then Optuna searches around the best, until nothing gains or the
time is up.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from leadscore.training.model.boosting import Recipe
from leadscore.training.model.cross_validation import cross_validate, mean_curve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from optuna import Study
    from optuna.trial import FrozenTrial

    from leadscore.training.model.boosting import FoldRows, GrownTrees

SEED = 20_260_701
DEFAULT_SECONDS = 120.0
PATIENCE_TRIALS = 2  # so many beyond the portfolio without a gain end the search …
PATIENCE_ASKED = 30  # … unless the user gives more time
WORTHWHILE = 5e-4  # a smaller share of the loss is no gain
HALF_LIVES = (None, 1.0, 0.5, 0.25)
PORTFOLIO = (
    Recipe(leaves=8, columns=0.4, ridge=3, least=20, words="each"),
    Recipe(leaves=16, columns=0.4, ridge=3, least=20, words="each", random_cuts=True),
    Recipe(leaves=8, columns=0.4, ridge=3, least=30, words="rates"),
    Recipe(leaves=4, columns=0.4, ridge=10, least=20, half_life=0.5),
    Recipe(leaves=2, columns=0.5, ridge=5, least=20, words="each"),
    Recipe(leaves=4, columns=0.4, ridge=10, least=20, words="rates", half_life=0.25),
)
LARGE_PORTFOLIO = (  # where rows are many, small trees only cost time
    Recipe(leaves=8, columns=0.4, ridge=10, least=30),
    Recipe(leaves=24, columns=0.4, ridge=10, least=50),
    Recipe(leaves=24, columns=0.4, ridge=10, least=50, words="rates"),
    Recipe(leaves=16, columns=0.4, ridge=10, least=50, half_life=0.5),
)


@dataclass(frozen=True)
class Search:
    """How long to search, and where trials are stored."""

    seconds: float = DEFAULT_SECONDS  # a trial that has begun is finished
    patience: int = PATIENCE_TRIALS  # trials beyond the portfolio without a gain
    file: Path | None = None  # from which a later run goes on; None: in memory
    name: str = "trials"  # of the tables and stage that the trials belong to

    def shared(self, stage: str, *, among: int) -> Search:
        """Return one stage's part of the time, and a name of its own for its trials."""
        return replace(self, seconds=self.seconds / among, name=f"{self.name} {stage}")


@dataclass(frozen=True)
class Trial:
    """One recipe and its result."""

    number: int  # in the order of trying
    recipe: Recipe
    state: str  # `complete`, or `pruned` where the first folds were hopeless
    loss: float  # log loss on later leads over the folds that were tried
    trees: int  # how many did best
    seconds: float
    seed: int

    def record(self) -> dict[str, object]:
        """Return the trial as one flat row."""
        row: dict[str, object] = {"number": self.number, "state": self.state, "loss": self.loss}
        return row | {"trees": self.trees, "seconds": round(self.seconds, 3)} | asdict(self.recipe)


@dataclass(frozen=True)
class Searched:
    """What a search found: all trials in the order of trying.

    `grown` has by number the trees of each fold, for the trials that this process ran to the end.
    """

    trials: list[Trial]
    grown: dict[int, list[GrownTrees]]

    @property
    def best_first(self) -> list[Trial]:
        """The trials that were validated on all folds, least loss first."""
        complete = (trial for trial in self.trials if trial.state == "complete")
        return sorted(complete, key=lambda trial: (trial.loss, trial.number))


def search_recipes(
    folds: Sequence[FoldRows],
    search: Search,
    *,
    portfolio: Sequence[Recipe],
    by_time: bool,
    has_text: bool,
    seed: int = SEED,
) -> Searched:
    """Try recipes by cross-validation until nothing gains or the time is up.

    The first half of `folds`, latest first, decides whether a trial goes on. Given the same rows
    the trials are the same on any number of cores, and whether or not the search was interrupted;
    a time that ran out cuts the list.
    """
    study = _study(search, seed)
    wanted = [_allowed(recipe, by_time=by_time, has_text=has_text) for recipe in portfolio]
    for recipe in dict.fromkeys(wanted):
        study.enqueue_trial(
            _parameters(recipe, by_time=by_time, has_text=has_text), skip_if_exists=True
        )
    grown: dict[int, list[GrownTrees]] = {}
    started = time.monotonic()
    while _goes_on(study, search, time.monotonic() - started):
        number = len(_done(study))
        study.sampler = _sampler(seed + number)
        trial = study.ask()
        recipe = _suggest(trial, by_time=by_time, has_text=has_text)
        grown[number] = _validate(study, trial, recipe, folds, seed + number)
    trials = [_trial(each, number, seed + number) for number, each in enumerate(_done(study))]
    return Searched(trials, grown)


def _validate(
    study: Study, trial: Any, recipe: Recipe, folds: Sequence[FoldRows], seed: int
) -> list[GrownTrees]:
    """Validate on the latest folds; where that is not hopeless, on all."""
    from optuna.trial import TrialState  # noqa: PLC0415 - half a second that only training needs

    half = -(-len(folds) // 2)
    grown, curve = cross_validate(folds[:half], recipe, seed=seed)
    trial.report(float(curve.min()), step=1)
    pruned = half < len(folds) and trial.should_prune()
    if not pruned:
        grown += cross_validate(folds[half:], recipe, seed=seed)[0] if folds[half:] else []
        curve = mean_curve(grown)
    trial.set_user_attr("loss", float(curve.min()))
    trial.set_user_attr("trees", int(curve.argmin()) + 1)
    if pruned:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, float(curve.min()))
    return grown


def _study(search: Search, seed: int) -> Study:
    """Open the study, and put back what a run that died had begun."""
    with warnings.catch_warnings():  # its progress bar misses a widget in notebooks; none is shown
        warnings.filterwarnings("ignore", message="IProgress not found")
        import optuna  # noqa: PLC0415
    from optuna.storages import JournalStorage  # noqa: PLC0415
    from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = None
    if search.file is not None:
        search.file.parent.mkdir(parents=True, exist_ok=True)
        storage = JournalStorage(JournalFileBackend(str(search.file)))
    study = optuna.create_study(
        study_name=f"{search.name} {seed}",
        storage=storage,
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=0),
    )
    for begun in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        study.tell(begun.number, state=optuna.trial.TrialState.FAIL)
        if "fixed_params" in begun.system_attrs:  # others come again by their seed
            study.enqueue_trial(begun.params)
    return study


def _sampler(seed: int) -> Any:
    """Tree-structured Parzen estimators (Bergstra et al., NeurIPS 2011), seeded by the trial.

    A search that goes on after an interruption then tries what it would have tried.
    """
    from optuna.samplers import TPESampler  # noqa: PLC0415

    return TPESampler(seed=seed, n_startup_trials=len(PORTFOLIO))


def _goes_on(study: Study, search: Search, elapsed: float) -> bool:
    done = _done(study)
    if not done:
        return True
    if elapsed >= search.seconds:
        return False
    waiting = any(not each.state.is_finished() for each in study.trials)
    return waiting or _trials_since_gain(done) < search.patience


def _done(study: Study) -> list[FrozenTrial]:
    """List the trials that ended; one that a dying run left behind did not."""
    return [each for each in study.trials if each.state.is_finished() and each.user_attrs]


def _trials_since_gain(done: Sequence[FrozenTrial]) -> int:
    """Count the trials since the best loss fell by enough to matter, portfolio aside."""
    best, since = np.inf, 0
    for each in done:
        loss = each.value if each.state.name == "COMPLETE" and each.value else np.inf
        gained = loss < best * (1 - WORTHWHILE)
        since = 0 if gained or "fixed_params" in each.system_attrs else since + 1
        best = min(best, loss)
    return since


def _allowed(recipe: Recipe, *, by_time: bool, has_text: bool) -> Recipe:
    """Take out of a recipe what these rows do not have."""
    return replace(
        recipe,
        words=recipe.words if has_text else "native",
        half_life=recipe.half_life if by_time else None,
    )


def _parameters(recipe: Recipe, *, by_time: bool, has_text: bool) -> dict[str, object]:
    parameters = asdict(recipe)
    if not by_time:
        parameters.pop("half_life")
    if not has_text:
        parameters.pop("words")
    return parameters


def _suggest(trial: Any, *, by_time: bool, has_text: bool) -> Recipe:
    return Recipe(
        trial.suggest_int("leaves", 2, 32, log=True),
        trial.suggest_float("columns", 0.2, 0.9),
        trial.suggest_float("ridge", 1, 100, log=True),
        trial.suggest_int("least", 5, 200, log=True),
        trial.suggest_categorical("words", ["native", "rates", "each"]) if has_text else "native",
        trial.suggest_categorical("random_cuts", [False, True]),
        trial.suggest_categorical("half_life", list(HALF_LIVES)) if by_time else None,
    )


def _trial(trial: FrozenTrial, number: int, seed: int) -> Trial:
    parameters: dict[str, Any] = {"words": "native", "half_life": None} | trial.params
    seconds = trial.duration.total_seconds() if trial.duration is not None else 0.0
    attributes = trial.user_attrs
    state = trial.state.name.lower()
    recipe = Recipe(**parameters)
    loss, trees = float(attributes["loss"]), int(attributes["trees"])
    return Trial(number, recipe, state, loss, trees, seconds, seed)
