"""Make this tree's `orderbridge` a command of the environment that runs this file: one path file, one small script.

That is what `pip install -e .` would do, without its build: pip would fetch the build backend from an index, unpinned,
and Python 3.12 and later bring none along. With this, nothing is installed that the lock has no hash for.
"""

from __future__ import annotations

import sysconfig
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# sh starts the file and hands it to the Python beside it; to Python the same two lines are a string. So the command
# works in a folder whose path is long or has spaces, where a plain `#!` line does not.
SCRIPT = """\
#!/bin/sh
'''exec' "$(dirname -- "$0")/python" "$0" "$@"
' '''
import sys

from {module} import {function}

sys.exit({function}())
"""


def main() -> None:
    """Write the path file and one script for each line of `[project.scripts]`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    Path(sysconfig.get_path("purelib"), f"{project['name']}.pth").write_text(f"{ROOT}\n")
    for name, target in project["scripts"].items():
        module, function = target.split(":")
        script = Path(sysconfig.get_path("scripts"), name)
        script.write_text(SCRIPT.format(module=module, function=function))
        script.chmod(0o755)


if __name__ == "__main__":
    main()
