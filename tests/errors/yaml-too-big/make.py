from pathlib import Path

Path("aiops-cost.yaml").write_text("currency: USD\n" + "# filler\n" * 6_000_000)
