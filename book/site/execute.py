"""Run the notebooks of all languages in parallel and keep their outputs.

    python -m book.site.execute [--lang en ...]

Outputs are kept: a notebook is not run again until its code, losslib, or a package it computes with changes. They
are kept as soon as the notebook is done, so an interrupted run goes on where it stopped.
"""

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from book.site.languages import languages
from book.site.project import BUILD, ROOT, book_config, digest, notebook, pages

PACKAGES = ("anywidget", "ipykernel", "matplotlib", "numpy", "scikit-image", "scikit-learn", "scipy", "torch")


@cache
def cache_path() -> Path:
    """The folder of the outputs made with this losslib, these packages and this Python.

    jupyter-cache compares the code of the cells only; everything else that outputs depend on is in the path.
    """
    return BUILD / "executed" / digest(ROOT / "losslib", also=f"{platform.python_version()} {_versions()}")


def _versions() -> str:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name}=={version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} missing")
    return " ".join(found)


def execute(codes: list[str]) -> int:
    """Run what is not kept yet in the languages named; return the number of notebooks that failed."""
    kept = _open_cache()
    paths = [notebook(code, page) for code in codes for page in pages()]
    waiting = [path for path in paths if not _is_kept(kept, path)]
    print(f"notebooks: {len(paths) - len(waiting)} kept, {len(waiting)} to run", flush=True)
    if not waiting:
        return 0
    failures = []
    for done, (path, ran, error, seconds) in enumerate(_run_all(waiting), 1):
        state = "FAILED" if error else "ok"
        print(f"[{done}/{len(waiting)}] {path.relative_to(ROOT)} {seconds:.1f} s {state}", flush=True)
        if error:
            failures.append((path, error))
        else:
            _keep(kept, path, ran, seconds)
    for path, error in failures:
        print(f"\n{path.relative_to(ROOT)} failed:\n{error}", file=sys.stderr, flush=True)
    return len(failures)


def _open_cache():
    from jupyter_cache import get_cache

    path = cache_path()
    path.mkdir(parents=True, exist_ok=True)
    for other in path.parent.iterdir():
        if other != path:
            shutil.rmtree(other)
    return get_cache(path)


def _read(path: Path):
    """The notebook as myst-nb will look it up."""
    import nbformat

    return nbformat.read(path, as_version=4)


def _is_kept(kept, path: Path) -> bool:
    try:
        kept.match_cache_notebook(_read(path))
    except KeyError:
        return False
    return True


def _keep(kept, path: Path, ran, seconds: float) -> None:
    from jupyter_cache.base import CacheBundleIn

    bundle = CacheBundleIn(ran, str(path), data={"execution_seconds": seconds})
    kept.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def _run_all(paths: list[Path]):
    """Run notebooks in parallel; yield each when it is done: path, notebook with outputs, error or None, seconds."""
    # one thread per kernel: the pool already fills the cores
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    # what a kernel would set for itself, too late once matplotlib is imported
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # the debugger, which nobody uses here, would warn
    from book.site import kernels

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # those with most code first, so that no long one is left for one core at the end
        running = [pool.submit(_run, path) for path in sorted(paths, key=_amount_of_code, reverse=True)]
        try:
            for future in as_completed(running):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            kernels.stop_all()
            raise


def _amount_of_code(path: Path) -> int:
    return sum(len(cell.source) for cell in _read(path).cells if cell.cell_type == "code")


def _run(path: Path):
    """Run one notebook in its folder."""
    from nbclient import NotebookClient
    from traitlets.config import Config

    from book.site.kernels import KernelManager

    ran, error, start = _read(path), None, time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        client = NotebookClient(
            ran,
            # over TCP kernels that start together race for the same ports
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/k"}}),
            kernel_manager_class=KernelManager,
            resources={"metadata": {"path": str(path.parent)}},
            timeout=book_config()["execute"]["timeout"],
            shutdown_kernel="immediate",
            coalesce_streams=True,
            record_timing=False,
        )
        try:
            client.execute()
        except Exception as problem:  # also a kernel that died or did not start
            error = "".join(traceback.format_exception_only(problem))
    return path, ran, error, time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lang", nargs="+", choices=languages(), default=list(languages()))
    return bool(execute(parser.parse_args().lang))


if __name__ == "__main__":
    sys.exit(main())
