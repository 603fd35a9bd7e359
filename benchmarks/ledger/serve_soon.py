"""`orderbridge serve` whose reaper begins its first round at once; how it paces itself in a round is the product's own affair."""

from __future__ import annotations

from app.cli import main
from app.delivery import reaper

reaper.ROUND_S = 1.0

if __name__ == "__main__":
    main()
