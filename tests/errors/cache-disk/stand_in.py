def lay(payer, front, monkeypatch):
    import pathlib

    pathlib.Path("kept").write_text("a file")
