"""The assignments: one form, the same tasks in every language, answers that stand where nbgrader takes them out."""

import ast
import re

import nbformat
import pytest

from book import translations
from coursework.course import SOURCES, assignments
from losslib.checks import tasks
from tests.book.checks.language import spoken_comments, spoken_strings, untranslated
from tests.book.pages import languages

LANGUAGES = languages(SOURCES.parent)
POINTS = {"final": 30}  # the others have 20
REGION = re.compile(r"### BEGIN SOLUTION\n.*?### END SOLUTION", re.DOTALL)


def page(assignment):
    return f"{assignment}/{assignment}"


def cells(assignment, lang="en"):
    return translations.load(lang, page(assignment), SOURCES).cells


def nbgrader(cell):
    return cell.metadata.get("nbgrader", {})


def of_kind(assignment, *, grade, solution):
    wanted = {"grade": grade, "solution": solution}
    return [c for c in cells(assignment) if {k: nbgrader(c).get(k) for k in wanted} == wanted]


@pytest.fixture(params=assignments())
def assignment(request):
    return request.param


def test_each_family_of_the_book_has_one_and_there_is_a_final():
    families = {path.parent.name for path in (SOURCES.parent / "book/en").glob("*/index.ipynb")}
    families = (families | {"foundations"}) - {"appendix", "practice"}
    assert families | {"final"} <= set(assignments())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_file_is_canonical(assignment, lang):
    path = SOURCES / lang / f"{page(assignment)}.ipynb"
    assert path.read_text(encoding="utf8") == translations.canonical(nbformat.read(path, 4))


@pytest.mark.parametrize("lang", translations.languages(SOURCES))
def test_translation_has_the_code_points_and_formulas_of_english(assignment, lang):
    assert [p for p in translations.problems(lang, page(assignment), SOURCES) if p[0] != "stale"] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_prose_is_in_the_language(assignment, lang):
    waiting = translations.stale(lang, page(assignment), SOURCES)
    prose = [c.source for c in cells(assignment, lang) if c.cell_type == "markdown" and c.id not in waiting]
    assert [paragraph for text in prose for paragraph in untranslated(lang, text)] == []


def test_four_to_eight_tasks_are_numbered_and_say_their_points(assignment):
    heads = [m for c in cells(assignment) if (m := re.match(r"## (\d+)\. .+ \((\d+) points?\)\n", c.source))]
    assert 4 <= len(heads) <= 8
    assert [int(head[1]) for head in heads] == list(range(1, len(heads) + 1))
    assert sum(int(head[2]) for head in heads) == POINTS.get(assignment, 20)


def test_points_of_a_task_are_those_of_its_cells(assignment):
    said, given = {}, {}
    for cell in cells(assignment):
        if head := re.match(r"## (\d+)\. .+ \((\d+) points?\)\n", cell.source):
            number = int(head[1])
            said[number], given[number] = int(head[2]), 0
        elif "points" in nbgrader(cell):
            given[number] += cell.metadata.nbgrader.points
    assert given == said


def test_nbgraders_ids_are_the_cells_own(assignment):
    assert [c.id for c in cells(assignment) if nbgrader(c) and nbgrader(c)["grade_id"] != c.id] == []


def test_every_test_is_one_check_of_a_task_that_exists(assignment):
    for cell in of_kind(assignment, grade=True, solution=False):
        (statement,) = ast.parse(cell.source).body
        task, *answers = statement.value.args
        assert statement.value.func.id == "check"
        assert task.value in tasks()
        assert answers
        assert all(isinstance(answer, ast.Name) for answer in answers)


def test_every_answer_is_tested_or_marked(assignment):
    answers = of_kind(assignment, grade=False, solution=True)
    assert answers
    tested = {n.id for c in of_kind(assignment, grade=True, solution=False) for n in ast.walk(ast.parse(c.source))
              if isinstance(n, ast.Name)}  # fmt: skip
    for cell in answers:
        assert REGION.search(cell.source), cell.id
        names = {n.name for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.FunctionDef)}
        names |= {n.id for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Name)}
        assert names & tested, cell.id
    assert of_kind(assignment, grade=True, solution=True), "no prose"


def test_code_holds_no_natural_language(assignment):
    for cell in cells(assignment):
        if cell.cell_type == "code":
            source = re.sub(r"### (BEGIN|END) SOLUTION", "", cell.source)
            assert [*spoken_strings(ast.parse(cell.source)), *spoken_comments(source)] == [], cell.id


def test_checks_are_all_used(assignment):
    used = {re.match(r'check\("(\w+)"', c.source)[1] for c in of_kind(assignment, grade=True, solution=False)}
    assert {name for name in tasks() if name.startswith(f"{assignment}_")} == used
