from pathlib import Path

Path("bill.csv").write_bytes(Path("bill.csv").read_text().encode("utf-16"))
