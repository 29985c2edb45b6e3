from pathlib import Path

Path("aiops-cost.yaml").write_bytes(b"currency: USD\nledger: caf\xe9\n")
