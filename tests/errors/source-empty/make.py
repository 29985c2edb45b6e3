from pathlib import Path

Path("bills").mkdir()
Path("bills/_SUCCESS").touch()
