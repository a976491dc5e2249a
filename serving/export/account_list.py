"""The accounts of a night: the chance that at least one of their open leads is qualified."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.features.core import replacing
from leadscore.serving.export.spreadsheets import neutralised
from leadscore.training.evaluation import AccountChance, together

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

ACCOUNTS = "accounts"  # the folder of a project, with a file a night
HEADINGS = {
    "account": "Account",
    "chance": "Chance of an SQL",
    "open_leads": "Open leads",
    "best_lead": "Best lead",
    "best_chance": "Chance of the best lead",
}


def account_part(leads: pd.DataFrame) -> pd.DataFrame:
    """Add up some of a night's open leads by account.

    Parameters
    ----------
    leads
        `lead_id`, `account` (missing where unknown), `p`: the propensity.

    Returns
    -------
    DataFrame
        Columns `account`, `open_leads`, `nobody`, `best_lead`, `best_chance`.
    """
    named = leads.dropna(subset="account").sort_values(["p", "lead_id"], ascending=[False, True])
    best = named.drop_duplicates("account").set_index("account")
    best = best.rename(columns={"lead_id": "best_lead", "p": "best_chance"})
    return together(named).join(best[["best_lead", "best_chance"]]).reset_index()


def account_list(parts: Iterable[pd.DataFrame], chance: AccountChance) -> pd.DataFrame:
    """Put the accounts of a night together, best first: the columns of `HEADINGS`."""
    every = pd.concat(parts, ignore_index=True)
    ranked = every.sort_values(["best_chance", "best_lead"], ascending=[False, True])
    best = ranked.drop_duplicates("account").set_index("account")[["best_lead", "best_chance"]]
    sums = every.groupby("account")[["open_leads", "nobody"]].sum()
    # An account has at least the chance of its best lead.
    found = np.maximum(chance.of(sums), best["best_chance"].reindex(sums.index))
    table = sums.assign(chance=found).join(best).reset_index()
    order = table.sort_values(["chance", "account"], ascending=[False, True], ignore_index=True)
    return order[list(HEADINGS)]


def write_account_list(directory: Path, night: datetime, accounts: pd.DataFrame) -> Path:
    """Write a night's accounts to `accounts/DATE.csv` of the project folder."""
    texts = {name: accounts[name].map(neutralised) for name in ("account", "best_lead")}
    file = directory / ACCOUNTS / f"{night:%Y-%m-%d}.csv"
    with replacing(file) as part:
        accounts.assign(**texts).rename(columns=HEADINGS).to_csv(
            part,
            index=False,
            float_format="%.4f",
            quoting=csv.QUOTE_NONNUMERIC,
            encoding="utf-8-sig",
        )
    return file
