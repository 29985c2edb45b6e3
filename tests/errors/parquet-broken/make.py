from pathlib import Path

Path("bill.parquet").write_bytes(b"PAR1 and nothing more")
