"""What stands around the book: pins and ranges agree, documented commands exist, errors explain themselves."""

import re
import shutil
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ["README.md", "CONTRIBUTING.md"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
RANGES = [Requirement(line) for extra in PROJECT["optional-dependencies"].values() for line in extra]
RANGES += [Requirement(line) for line in PROJECT["dependencies"]]
PINS = {
    canonicalize_name(line.partition("==")[0]): line.partition("==")[2]
    for line in (ROOT / "requirements.txt").read_text(encoding="utf8").splitlines()
    if not line.startswith("#")
}


def document(name):
    return (ROOT / name).read_text(encoding="utf8")


@pytest.mark.parametrize("needed", [r for r in RANGES if r.name != "losslib"], ids=lambda r: r.name)
def test_pin_is_exact_and_in_the_range(needed):
    assert needed.specifier.contains(PINS[canonicalize_name(needed.name)])


def test_pins_of_coursework_are_exact_and_none_is_the_books():
    lines = document("coursework/requirements.txt").splitlines()
    pinned = [line.partition("==") for line in lines if not line.startswith("#")]
    assert all(version for _, _, version in pinned)
    assert PINS.keys().isdisjoint(canonicalize_name(name) for name, _, _ in pinned)


def test_installed_versions_are_the_pinned_ones():
    installed = {name: version(name).partition("+")[0] for name in ("numpy", "torch", "jupyter-book", "ruff")}
    assert installed == {name: PINS[name] for name in installed}


@pytest.mark.parametrize(
    "name", [*DOCUMENTS, ".ci/run", ".github/workflows/test.yml", ".github/workflows/publish.yml"]
)
def test_every_make_command_that_is_named_exists(name):
    targets = set(re.findall(r"^([a-z-]+):", document("Makefile"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", document(name)))
    assert named <= targets


def test_help_lists_every_command_of_the_makefile():
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", document("Makefile"), re.MULTILINE)[1].split()
    assert re.findall(r"^  make (\S+) +\S", listed, re.MULTILINE) == [
        t for t in phony if t not in {"environment", "grading"}
    ]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_is_linked_exists(name):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document(name))
    pictures = [link for link in links if link.startswith(".github/images/")]
    assert [link for link in links if link not in pictures and not (ROOT / link).exists()] == []


@pytest.mark.parametrize("path", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda p: p.name)
def test_workflow_pins_its_actions(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf8"))
    uses = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action) for action in uses)


@pytest.fixture
def bare_machine(tmp_path):
    """A copy of what makes the environment, and a PATH with a shell's own tools and nothing else."""
    for name in ("scripts/environment.sh", "requirements.txt", "pyproject.toml", "package.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    path = tmp_path / "bin"
    path.mkdir()
    for tool in ("cat", "cmp", "dirname", "grep", "pwd", "rm", "sh"):
        (path / tool).symlink_to(shutil.which(tool))

    def run(python3=None):
        if python3:
            (path / "python3").write_text(f"#!/bin/sh\n{python3}\n")
            (path / "python3").chmod(0o755)
        command = ["sh", "scripts/environment.sh"]
        return subprocess.run(command, cwd=tmp_path, env={"PATH": str(path)}, capture_output=True, text=True)

    return run


def test_missing_python_is_explained(bare_machine):
    result = bare_machine()
    assert result.returncode == 1
    assert "The book needs Python 3.11 or newer; this machine has no Python." in result.stderr


def test_old_python_is_explained(bare_machine):
    result = bare_machine('[ "$1" = --version ] && echo Python 3.9.6')
    assert result.returncode == 1
    assert "The book needs Python 3.11 or newer; this machine has Python 3.9.6." in result.stderr


def test_missing_venv_is_explained(bare_machine):
    without_venv = 'case "$*" in --version) echo Python 3.12.3 ;; *ensurepip*) exit 1 ;; esac'
    result = bare_machine(without_venv)
    assert result.returncode == 1
    assert "Python 3.12.3 is here, but without its modules venv and ensurepip" in result.stderr
    assert "sudo apt install python3-venv" in result.stderr
