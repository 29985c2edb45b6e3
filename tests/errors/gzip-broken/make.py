import gzip
from pathlib import Path

Path("bill.csv.gz").write_bytes(gzip.compress(Path("bill.csv").read_bytes(), mtime=0)[:-30])
