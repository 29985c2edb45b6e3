from pathlib import Path

Path("copy of bill.csv").write_bytes(Path("bill.csv").read_bytes())
