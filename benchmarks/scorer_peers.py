"""One made-up learning problem, and everybody who can score it: rows in, log-odds out."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import roc_auc_score

from leadscore.training.fast_scoring import CompiledTrees, MatrixRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightgbm import Booster
    from numpy.typing import NDArray

COLUMNS, CATEGORIES, WORDS = 60, 10, 40  # as in many lead tables: numbers, counts, words
AS_GOOD = 0.002  # of AUC; models closer than this are as good as each other
STEP, MOST_TREES = 5, 600  # how peers look for the fewest trees that are as good
RATE = 0.05


@dataclass(frozen=True)
class Problem:
    """Teaching and judging rows; the last columns are categories.

    Parameters
    ----------
    teach, judge
        Float64 of shape (n, 60).
    taught, judged
        0 or 1.
    """

    teach: NDArray[np.float64]
    judge: NDArray[np.float64]
    taught: NDArray[np.float64]
    judged: NDArray[np.float64]

    def auc(self, margin: NDArray[np.float64]) -> float:
        """Judge margins of the judging rows."""
        return float(roc_auc_score(self.judged, margin))


@dataclass(frozen=True)
class Scorer:
    """One contender.

    Parameters
    ----------
    name
        Who.
    trees
        How many trees it walks.
    score
        Log-odds of the judging rows on so many threads; None if it does not run.
    remark
        What to know, or why it does not run.
    """

    name: str
    trees: int
    score: Callable[[int], NDArray[np.float64]] | None
    remark: str = ""


def make_problem(*, teach: int, judge: int, seed: int = 1) -> Problem:
    """Draw 30 numbers with gaps, 10 plain ones, 10 counts and 10 columns of 40 categories.

    Parameters
    ----------
    teach, judge
        How many rows.
    seed
        Of the draw.

    Returns
    -------
    Problem
    """
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(teach + judge, COLUMNS))
    matrix[:, 40:50] = random.poisson(2, size=(len(matrix), 10))
    matrix[:, 50:] = random.integers(0, WORDS, size=(len(matrix), CATEGORIES))
    matrix[:, :30][random.random((len(matrix), 30)) < 0.2] = np.nan
    known = np.nan_to_num(matrix)
    effect = random.normal(size=(CATEGORIES, WORDS))
    z = (
        0.5 * known[:, :8].sum(axis=1)
        + known[:, 8] * known[:, 9]
        + 0.2 * known[:, 40:44].sum(axis=1)
    )
    z += sum(0.15 * effect[at][matrix[:, 50 + at].astype(int)] for at in range(CATEGORIES)) - 2
    outcome = (random.random(len(z)) < 1 / (1 + np.exp(-z))).astype("float64")
    return Problem(matrix[:teach], matrix[teach:], outcome[:teach], outcome[teach:])


def grow(problem: Problem, *, trees: int, leaves: int) -> Booster:
    """Grow the LightGBM model that all but XGBoost and CatBoost score."""
    from lightgbm import Dataset, train

    data = Dataset(
        problem.teach,
        problem.taught,
        categorical_feature=list(range(COLUMNS - CATEGORIES, COLUMNS)),
    )
    params = {
        "objective": "binary",
        "num_leaves": leaves,
        "learning_rate": RATE,
        "max_bin": 63,
        "cat_smooth": 20.0,
        "num_threads": 1,  # threads that share a tree wait for each other on a busy machine
        "verbosity": -1,
    }
    return train(params, data, num_boost_round=trees)


def scorers(problem: Problem, booster: Booster, *, leaves: int) -> list[Scorer]:
    """Make everybody ready to score the judging rows.

    Parameters
    ----------
    problem
        The rows.
    booster
        LightGBM's model of them.
    leaves
        The most leaves of a tree, for those who grow their own.

    Returns
    -------
    list of Scorer
        LightGBM first.
    """
    judge, trees = problem.judge, booster.num_trees()
    compiled, rows = CompiledTrees.from_booster(booster), MatrixRows(judge)
    aim = problem.auc(booster.predict(judge, raw_score=True)) - AS_GOOD
    return [
        Scorer(
            "LightGBM",
            trees,
            lambda threads: booster.predict(judge, raw_score=True, num_threads=threads),
        ),
        Scorer(
            "leadscore, compiled", trees, lambda threads: compiled.raw_score(rows, threads=threads)
        ),
        *_others(problem, leaves, aim),
        *(_compiler(make, booster, judge) for make in (_lleaves, _treelite, _tl2cgen)),
    ]


def _others(problem: Problem, leaves: int, aim: float) -> list[Scorer]:
    """Models of other libraries with the fewest trees that are as good as LightGBM's."""
    found = []
    for name, make in (("XGBoost `inplace_predict`", _xgboost), ("CatBoost", _catboost)):
        try:
            score_first = make(problem, leaves)
        except ImportError:
            found.append(Scorer(name, 0, None, "not installed (extra `benchmarks`)"))
            continue
        for trees in range(STEP, MOST_TREES + 1, STEP):
            if problem.auc(score_first(trees, 2)) >= aim:
                break
        found.append(
            Scorer(
                name, trees, lambda threads, first=score_first, count=trees: first(count, threads)
            )
        )
    return found


def _xgboost(problem: Problem, leaves: int) -> Callable[[int, int], NDArray[np.float64]]:
    import xgboost

    kinds = ["q"] * (COLUMNS - CATEGORIES) + ["c"] * CATEGORIES
    data = xgboost.QuantileDMatrix(
        problem.teach, problem.taught, feature_types=kinds, enable_categorical=True, max_bin=64
    )
    params = {
        "objective": "binary:logistic",
        "max_leaves": leaves,
        "grow_policy": "lossguide",
        "max_depth": 0,
        "eta": RATE,
        "max_bin": 64,
        "min_child_weight": 5,
        "nthread": 1,
    }
    booster = xgboost.train(params, data, num_boost_round=MOST_TREES)

    def score(trees: int, threads: int) -> NDArray[np.float64]:
        booster.set_param({"nthread": threads})
        return booster.inplace_predict(
            problem.judge,
            iteration_range=(0, min(trees, booster.num_boosted_rounds())),
            predict_type="margin",
            validate_features=False,
        )

    return score


def _catboost(problem: Problem, _leaves: int) -> Callable[[int, int], NDArray[np.float64]]:
    """CatBoost's own shape of trees, symmetric ones of depth 6, which it scores fastest."""
    from catboost import CatBoostClassifier, Pool

    def pool(matrix: NDArray[np.float64], outcome: NDArray[np.float64] | None = None) -> Any:
        import pandas as pd

        at = range(COLUMNS - CATEGORIES, COLUMNS)
        frame = pd.DataFrame(matrix).astype(dict.fromkeys(at, "int64"))
        return Pool(frame, outcome, cat_features=list(at))

    model = CatBoostClassifier(
        iterations=MOST_TREES, depth=6, learning_rate=0.1, max_ctr_complexity=1, verbose=False,
        allow_writing_files=False, thread_count=1,
    )  # fmt: skip
    model.fit(pool(problem.teach, problem.taught))
    judge = pool(problem.judge)

    def score(trees: int, threads: int) -> NDArray[np.float64]:
        return model.predict(
            judge, prediction_type="RawFormulaVal", ntree_end=trees, thread_count=threads
        )

    return score


def _compiler(
    make: Callable[[str, NDArray[np.float64], Path], Callable[[int], NDArray[np.float64]]],
    booster: Booster,
    judge: NDArray[np.float64],
) -> Scorer:
    """Let a library compile LightGBM's model, or say why it cannot."""
    name = make.__name__.removeprefix("_")
    folder = Path(tempfile.mkdtemp())
    file = folder / "model.txt"
    booster.save_model(file)
    try:
        score = make(str(file), judge, folder)
        score(1)
    except ImportError:
        return Scorer(name, 0, None, "not installed")
    except Exception as error:  # noqa: BLE001 - whatever a library says when it does not run
        return Scorer(
            name, 0, None, f"does not run: {type(error).__name__}: {error}".split("\n")[0]
        )
    return Scorer(name, booster.num_trees(), score)


def _lleaves(
    file: str, judge: NDArray[np.float64], _folder: Path
) -> Callable[[int], NDArray[np.float64]]:
    import lleaves

    model = lleaves.Model(model_file=file)
    model.compile(raw_score=True)
    return lambda threads: model.predict(judge, n_jobs=threads)


def _treelite(
    file: str, judge: NDArray[np.float64], _folder: Path
) -> Callable[[int], NDArray[np.float64]]:
    import treelite

    model = treelite.frontend.load_lightgbm_model(file)
    return lambda threads: treelite.gtil.predict(
        model, judge, nthread=threads, pred_margin=True
    ).ravel()


def _tl2cgen(
    file: str, judge: NDArray[np.float64], folder: Path
) -> Callable[[int], NDArray[np.float64]]:
    import tl2cgen
    import treelite

    library = folder / "model.so"
    model = treelite.frontend.load_lightgbm_model(file)
    tl2cgen.export_lib(model, toolchain="gcc", libpath=library, params={"parallel_comp": 8})
    data = tl2cgen.DMatrix(judge, dtype="float64")
    predictors = {threads: tl2cgen.Predictor(library, nthread=threads) for threads in (1, 2)}
    return lambda threads: predictors[threads].predict(data, pred_margin=True).ravel()


def explainers(
    booster: Booster, rows: NDArray[np.float64]
) -> dict[str, Callable[[int], NDArray[np.float64]] | None]:
    """Everybody who gives exact SHAP values of the same trees; None where not installed.

    Parameters
    ----------
    booster
        The model.
    rows
        The rows to explain.

    Returns
    -------
    dict
        By name, LightGBM first: contributions and base, of shape (n, columns + 1), on so many
        threads.
    """
    compiled, seen = CompiledTrees.from_booster(booster), MatrixRows(rows)
    found: dict[str, Callable[[int], NDArray[np.float64]] | None] = {
        "LightGBM `pred_contrib`": lambda threads: booster.predict(
            rows, pred_contrib=True, num_threads=threads
        ),
        "leadscore, compiled": lambda threads: compiled.contributions(seen, threads=threads),
    }
    try:
        found["`shap.TreeExplainer`"] = _shap(booster, rows)
    except ImportError:
        found["`shap.TreeExplainer`"] = None
    return found


def _shap(booster: Booster, rows: NDArray[np.float64]) -> Callable[[int], NDArray[np.float64]]:
    import shap

    explainer = shap.TreeExplainer(booster)

    def explain(threads: int) -> NDArray[np.float64]:
        booster.params["num_threads"] = threads
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of shapes in earlier versions of shap
            values = np.asarray(explainer.shap_values(rows))
        return np.column_stack([values, np.full(len(values), explainer.expected_value)])

    return explain
