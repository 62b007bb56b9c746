"""The recipes of CONTRIBUTING.md, followed step by step on a copy of the project."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from book import translations
from tests.book.checks import form, language

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(".*", "_build", "node_modules", "__pycache__", "coursework")
CHAPTER = "regression/mae"


@pytest.fixture
def project(tmp_path):
    return shutil.copytree(ROOT, tmp_path / "project", ignore=NOT_COPIED)


def python(project, *arguments):
    """Run Python in the copied project, as the commands of the Makefile do."""
    return subprocess.run([sys.executable, *arguments], cwd=project, capture_output=True, text=True)


def replace(path, old, new):
    text = path.read_text(encoding="utf8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf8")


def append(project, lang, cell_id, text):
    notebook = translations.load(lang, CHAPTER, project / "book")
    next(cell for cell in notebook.cells if cell.id == cell_id).source += text
    nbformat.write(notebook, project / "book" / lang / f"{CHAPTER}.ipynb")


def test_change_a_chapter(project):
    append(project, "en", "motivation", "\n\nOne more reason.")
    append(project, "en", "imports", "\nimport math")

    listed = python(project, "book/translations.py")
    assert listed.returncode == 1
    assert f"drifted  book/ru/{CHAPTER}.ipynb  imports: code" in listed.stdout
    assert f"stale    book/zh/{CHAPTER}.ipynb  motivation" in listed.stdout

    synced = python(project, "book/translations.py", "--sync")
    assert synced.returncode == 0, synced.stdout
    assert f"stale    book/ru/{CHAPTER}.ipynb  motivation" in synced.stdout

    append(project, "ru", "motivation", "\n\nЕщё одна причина.")
    stamped = python(project, "book/translations.py", "--stamp", f"ru/{CHAPTER}#motivation")
    assert f"book/ru/{CHAPTER}.ipynb  motivation" not in stamped.stdout
    assert f"stale    book/zh/{CHAPTER}.ipynb  motivation" in stamped.stdout


def test_add_a_language(project):
    book = project / "book"
    sections = (book / "languages.toml").read_text(encoding="utf8")
    russian = re.search(r"^\[ru\]$.*?(?=^\[(?!ru)\w+\]$|\Z)", sections, re.MULTILINE | re.DOTALL)[0]
    german = re.sub(r"^\[ru", "[de", russian, flags=re.MULTILINE)
    (book / "languages.toml").write_text(f"{sections}\n{german}", encoding="utf8")
    shutil.copy(project / "losslib/locales/ru.toml", project / "losslib/locales/de.toml")

    listed = python(project, "book/translations.py")
    assert listed.returncode == 1
    assert re.findall(r"^missing\s+book/(\w+)/", listed.stdout, re.MULTILINE) == ["de"] * len(
        translations.pages("en")
    )

    synced = python(project, "book/translations.py", "--sync")
    assert synced.returncode == 0
    assert translations.pages("de", book) == translations.pages("en", book)
    for check in (
        form.notebooks_are_canonical,
        form.contents_match_the_pages,
        language.setup_names_the_language,
    ):
        assert list(check(project)) == []
    speaks = "from losslib.notebook import setup; setup('de'); from losslib.locales import language; print(language())"
    assert python(project, "-c", speaks).stdout == "de\n"
    known = "from book.site.languages import languages; print(languages()['de'].code)"
    assert python(project, "-c", known).stdout == "de\n"


def test_add_a_loss(project):
    for package in ("reference", "functional"):
        module = project / "losslib" / package / "regression.py"
        source = module.read_text(encoding="utf8")
        body = re.search(r"^def mae_loss.*?(?=^def )", source, re.MULTILINE | re.DOTALL)[0]
        replace(module, body, body.replace("mae_loss", "a_loss") + body)
        init = project / "losslib" / package / "__init__.py"
        replace(init, "    huber_loss,", "    a_loss,\n    huber_loss,")
        replace(init, "__all__ = [\n", '__all__ = [\n    "a_loss",\n')
    replace(
        project / "losslib/nn.py",
        "class MSELoss",
        "class ALoss(Loss, function=F.a_loss): ...\nclass MSELoss",
    )
    examples = project / "tests/losslib/examples.py"
    replace(examples, '    "mse_loss":', '    "a_loss": example(*RESIDUALS),\n    "mse_loss":')
    uses = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "tests/losslib/test_contract.py",
        "tests/losslib/test_contract_values.py",
        "tests/losslib/test_contract_transforms.py",
        "tests/losslib/test_nn.py",
        "-k",
        "a_loss or same_functions or every_function",
    ]
    before = subprocess.run(uses, cwd=project, capture_output=True, text=True)
    assert "no notebook of book/en uses a_loss" in before.stdout
    assert "1 failed" in before.stdout

    notebook = translations.load("en", CHAPTER, project / "book")
    for cell in notebook.cells:
        cell.source = cell.source.replace("mae_loss", "a_loss")
    translations.save(notebook, "en", "regression/a-loss", project / "book")
    assert list(form.contents_match_the_pages(project)) == [
        "book/en/regression/a-loss.ipynb is missing from _toc.yml"
    ]
    replace(project / "_toc.yml", f"- file: {CHAPTER}", f"- file: {CHAPTER}\n      - file: regression/a-loss")
    assert list(form.contents_match_the_pages(project)) == []

    assert "missing  book/ru/regression/a-loss.ipynb  page" in python(project, "book/translations.py").stdout
    assert python(project, "book/translations.py", "--sync").returncode == 0
    assert list(language.translations_have_not_drifted(project)) == []
    after = subprocess.run(uses, cwd=project, capture_output=True, text=True)
    assert after.returncode == 0, after.stdout
