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
from concurrent.futures import ProcessPoolExecutor, as_completed
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
    # one thread per kernel: the pool already fills the cores
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    failures = []
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(waiting))) as pool:
        running = {pool.submit(_run, path): path for path in waiting}
        for done, future in enumerate(as_completed(running), 1):
            path = running[future]
            ran, error, seconds = future.result()
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


def _run(path: Path):
    """Run one notebook in its folder: (notebook with outputs, traceback or None, seconds)."""
    from jupyter_cache.executors.utils import single_nb_execution
    from traitlets.config import Config

    ran, start = _read(path), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        # over TCP kernels that start together race for the same ports
        config = Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/k"}})
        timeout = book_config()["execute"]["timeout"]
        result = single_nb_execution(
            ran, cwd=str(path.parent), timeout=timeout, allow_errors=False, config=config
        )
    error = result.exc_string or (repr(result.err) if result.err else None)
    return ran, error, time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lang", nargs="+", choices=languages(), default=list(languages()))
    return bool(execute(parser.parse_args().lang))


if __name__ == "__main__":
    sys.exit(main())
