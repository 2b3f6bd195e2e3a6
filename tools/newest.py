"""Run the tests on the newest releases of all dependencies, in a fresh environment.

``python -m tools.newest``; further arguments go to pytest. The lock pins what is installed; this
tells beforehand what a release of tomorrow would break.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Return pytest's exit code; raises ``CalledProcessError`` where nothing can be installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    tools = project["dependency-groups"]["dev"]
    with tempfile.TemporaryDirectory(prefix="newest-") as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        install = ["install", "--upgrade", "--upgrade-strategy", "eager", "-e", str(ROOT), *tools]
        subprocess.run([*pip, *install], check=True)
        subprocess.run([*pip, "freeze", "--exclude", project["project"]["name"]], check=True)
        return subprocess.run(
            [python, "-m", "pytest", *arguments], cwd=ROOT, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
