"""Debian packages that tests need, where they can be installed without asking."""

import os
import subprocess
from pathlib import Path


def apt_install(*packages: str) -> bool:
    """Install Debian packages as root; False where that is not possible."""
    release = Path("/etc/os-release")
    is_debian = release.exists() and "ID=debian" in release.read_text().splitlines()
    if not (is_debian and hasattr(os, "geteuid") and os.geteuid() == 0):
        return False
    print(f"Installing {' '.join(packages)} with apt-get ...", flush=True)
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    subprocess.run(["apt-get", "update", "-qq"], **quiet)
    command = ["apt-get", "install", "-qq", "--no-install-recommends", *packages]
    return subprocess.run(command, **quiet).returncode == 0
