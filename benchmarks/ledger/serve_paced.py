"""`orderbridge serve` whose reaper begins a round each so many seconds, `REAPS_EVERY_S`; how it paces itself in a round stays."""

from __future__ import annotations

import os

from app.cli import main
from app.delivery import reaper

reaper.ROUND_S = float(os.environ.pop("REAPS_EVERY_S"))

if __name__ == "__main__":
    main()
