"""`make gpu`: it explains a machine without a GPU, and runs a chapter exactly as far as its section `gpu` goes."""

from subprocess import CompletedProcess

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from scripts import gpu

CHAPTER = gpu.ROOT / "book/en/regression/mse.ipynb"


def test_a_machine_without_a_gpu_is_told_so(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "device", lambda: torch.device("cpu"))
    assert gpu.main() == 0
    assert (
        capsys.readouterr().out
        == "This machine has no CUDA or MPS device that PyTorch can use: nothing to run.\n"
    )


@pytest.mark.parametrize(("tests", "chapters", "code"), [(0, True, 0), (1, True, 1), (0, False, 1)])
def test_a_machine_with_a_gpu_runs_all_and_says_whether_all_passed(
    monkeypatch, capsys, tests, chapters, code
):
    run = []
    monkeypatch.setattr(gpu, "device", lambda: torch.device("cuda"))
    monkeypatch.setattr(gpu, "versions", lambda: "a GPU, its driver")
    monkeypatch.setattr(gpu, "run_chapter", lambda path: run.append(path.stem) or chapters)
    monkeypatch.setattr(
        gpu.subprocess,
        "run",
        lambda command, cwd: run.append(command[1:]) or CompletedProcess(command, tests),
    )
    assert gpu.main() == code
    assert capsys.readouterr().out == "a GPU, its driver\n"
    assert run[:2] == [["-m", "pytest", "-q", "tests/losslib"], ["bench", "options=--device cuda"]]
    assert {"mse", "mae"} <= set(run[2:])


def test_versions_name_the_device_pytorch_and_python():
    assert f"PyTorch {torch.__version__}, Python 3." in gpu.versions()


def test_a_chapter_ends_with_its_gpu_section():
    whole = nbformat.read(CHAPTER, as_version=4)
    ids = [cell.id for cell in whole.cells]
    kept = [cell.id for cell in gpu.until_gpu(whole).cells]
    assert kept == ids[: ids.index("when-to-use")]
    assert "gpu-train" in kept


def test_a_page_without_a_gpu_section_is_left_out():
    assert gpu.until_gpu(nbformat.read(CHAPTER.with_name("index.ipynb"), as_version=4)) is None


@pytest.mark.parametrize(
    ("code", "ran", "said"), [("print(6 * 7)", True, "42"), ("1 / 0", False, "ZeroDivisionError")]
)
def test_a_chapter_is_executed_and_its_times_or_its_failure_printed(tmp_path, capsys, code, ran, said):
    cells = [
        new_code_cell("print('before')", id="setup"),
        new_markdown_cell("## GPU", id="gpu"),
        new_code_cell(code, id="gpu-train"),
        new_markdown_cell("## Next", id="when-to-use"),
        new_code_cell("raise SystemExit", id="never"),
    ]
    path = tmp_path / "a-loss.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    assert gpu.run_chapter(path) is ran
    printed = capsys.readouterr().out
    assert printed.startswith("a-loss: ")
    assert said in printed
    assert "before" not in printed or not ran
