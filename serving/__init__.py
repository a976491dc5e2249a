"""From a champion and last night's tables to scores, tiers, reasons and the ledger."""
