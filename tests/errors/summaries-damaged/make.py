from pathlib import Path

Path("ledger-summaries").mkdir()
Path("ledger-summaries/summaries.sqlite").write_text("not a record of summaries " * 40, encoding="utf-8")
