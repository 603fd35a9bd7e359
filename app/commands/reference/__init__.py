"""The parts of docs/ that are made from the code; `python -m app.commands.tables` writes them."""
