"""What `make gpu` runs on this machine's GPU: the tests, the benchmark and the `gpu` section of every chapter.

Without a GPU it says so and ends well, so that it can stand in any pipeline.
"""

import platform
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from losslib.notebook import device, device_name

ROOT = Path(__file__).resolve().parents[1]


def commands(where: torch.device) -> list[list[str]]:
    """The tests, and the benchmark on the device."""
    tests = [sys.executable, "-m", "pytest", "-q", "tests/losslib"]
    return [tests, ["make", "bench", f"options=--device {where.type}"]]


def versions() -> str:
    """The device, and what stands between it and the book."""
    system = f"CUDA {torch.version.cuda}" if torch.cuda.is_available() else platform.platform()
    python = platform.python_version()
    return f"{device_name(device())}, {system}, PyTorch {torch.__version__}, Python {python}"


def until_gpu(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """The notebook up to the end of its section `gpu`: where the next section starts. None where it has none."""
    ids = [cell.id for cell in notebook.cells]
    if "gpu" not in ids:
        return None
    start = ids.index("gpu") + 1
    headings = (
        place
        for place, cell in enumerate(notebook.cells[start:], start)
        if cell.cell_type == "markdown" and cell.source.startswith("## ")
    )
    notebook.cells = notebook.cells[: next(headings, None)]
    return notebook


def printed(notebook: nbformat.NotebookNode) -> str:
    """What the cells of the section `gpu` printed: the times, with the device's name."""
    start = [cell.id for cell in notebook.cells].index("gpu")
    outputs = [output for cell in notebook.cells[start + 1 :] for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.output_type == "stream")


def run_chapter(path: Path) -> bool:
    """Execute a chapter as far as its section `gpu` goes, and say how it went."""
    notebook = until_gpu(nbformat.read(path, as_version=4))
    if notebook is None:
        return True
    start = time.perf_counter()
    try:
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
    except CellExecutionError as error:
        print(f"{path.stem}: failed\n{error}", flush=True)
        return False
    print(f"{path.stem}: {time.perf_counter() - start:.0f} s\n{printed(notebook)}", flush=True)
    return True


def main() -> int:
    if device().type == "cpu":
        print("This machine has no CUDA or MPS device that PyTorch can use: nothing to run.")
        return 0
    print(versions(), flush=True)
    passed = [subprocess.run(command, cwd=ROOT).returncode == 0 for command in commands(device())]
    passed += [run_chapter(path) for path in sorted((ROOT / "book/en").rglob("*.ipynb"))]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
