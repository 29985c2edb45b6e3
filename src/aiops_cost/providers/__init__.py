"""Where bills come from: one folder each. Nothing here knows how the ledger stores anything."""
