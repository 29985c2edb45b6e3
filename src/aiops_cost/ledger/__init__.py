"""The normalized ledger: FOCUS columns, one row per line and UTC day, exact, replaced month by month."""
