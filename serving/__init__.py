"""From a champion and last night's tables to scores, tiers, reasons and the ledger.

Rooms, lowest first: `policy`, `tiers`, `ledger`, `lead_facts`, `explanations`, `export`,
`nightly`, `online`, `jobs`. Each imports only those before it, and `training` and `features`.
"""
