"""What happened to a series of days, and why it costs what it costs: arithmetic and statistics, nothing else.

Numbers in, frozen values out. Nothing here knows a ledger, a budget file, a configuration or a screen. Amounts that
are printed as money are `Decimal` (`bridge`); floats carry statistics (`weekly`, `onset`, `forecast`, `anomalies`).
"""
