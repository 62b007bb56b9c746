"""What a chapter on a loss is made of."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.book.pages import Page, pages

# The cells of every loss chapter, in order; with a heading where it is the same in all of them.
SECTIONS = {
    "title": None,
    "setup": None,
    "at-a-glance": "At a glance",
    "motivation": None,
    "formula": "Definition",
    "derivation": "Derivation",
    "explorer": None,
    "from-scratch": "From scratch",
    "pitfalls": "Pitfalls",
    "gpu": "Training on a GPU",
    "when-to-use": "When to use it",
    "quiz": "Check yourself",
    "exercises": "Exercises",
    "references": "References",
}
CARD = [
    "Range",
    "Convex",
    "Differentiable",
    "Estimates",
    "Noise model",
    "Robust to outliers",
    "PyTorch",
    "`losslib`",
]
ANSWER = re.compile(r'<details class="answer (\w+)">\s*<summary>(.*?)</summary>(.*?)</details>', re.DOTALL)
SOLUTION = re.compile(r'<details class="solution">\s*<summary>(.*?)</summary>(.*?)</details>', re.DOTALL)
QUESTION = re.compile(r"^\*\*\d+[.．、)]", re.MULTILINE)
TASK = re.compile(r"^(?:###\s|\*\*\d+[.．、)])", re.MULTILINE)


def chapters(root: Path) -> Iterator[Page]:
    return (page for page in pages(root) if page.is_loss_chapter)


def sections_stand_in_order(root: Path) -> Iterator[str]:
    """Every chapter has the same sections, and in one language each fixed section has one heading."""
    common: dict[tuple[str, str], str] = {}
    for page in chapters(root):
        order = [cell.id for cell in page.cells if cell.id in SECTIONS]
        if order != list(SECTIONS):
            yield f"{page}: expected the sections {', '.join(SECTIONS)}, got {', '.join(order)}"
            continue
        if not re.match(r"# \S", page.cells[0].source):
            yield f"{page}: expected the title to begin with '# ', got {page.cells[0].source[:20]!r}"
        for cell_id, english in list(SECTIONS.items())[2:]:
            heading = re.match(r"## (\S.*)", page.cell(cell_id).source)
            if not heading:
                yield f"{page}#{cell_id}: expected to begin with a heading '## '"
            elif english:
                expected = (
                    english if page.lang == "en" else common.setdefault((page.lang, cell_id), heading[1])
                )
                if heading[1] != expected:
                    yield f"{page}#{cell_id}: expected the heading {expected!r}, got {heading[1]!r}"
            if len(re.findall(r"^## ", page.cell(cell_id).source, re.MULTILINE)) > 1:
                yield f"{page}#{cell_id}: expected one '## ' heading, got several"


def cards_have_their_eight_rows(root: Path) -> Iterator[str]:
    """Range to `losslib`, two columns, nothing empty, with the same labels in every chapter of a language."""
    common: dict[str, list[str]] = {}
    for page in chapters(root):
        card = page.cell("at-a-glance")
        lines = re.findall(r"^\|(.*)\|\s*$", card.source if card else "", re.MULTILINE)
        rows = [[part.strip() for part in re.split(r"(?<!\\)\|", line)] for line in lines[2:]]
        labels = [re.split(r"[(（]", row[0])[0].strip(" *") for row in rows]
        expected = CARD if page.lang == "en" else common.setdefault(page.lang, labels)
        if len(rows) != len(CARD) or labels != expected:
            yield f"{page}#at-a-glance: expected the rows {expected} ({len(CARD)}), got {labels}"
        if not all(len(row) == 2 and all(row) for row in rows):
            yield f"{page}#at-a-glance: expected two filled columns in every row"


def quizzes_explain_every_answer(root: Path) -> Iterator[str]:
    """Three to five questions, each with a right and a wrong answer, each answer with its explanation."""
    for page in pages(root):
        quiz = page.cell("quiz")
        if quiz is None:
            continue
        questions = QUESTION.split("\n".join(cell.source for cell in page.section("quiz", "exercises")))[1:]
        if not 3 <= len(questions) <= 5:
            yield f"{page}#quiz: expected 3 to 5 questions, got {len(questions)}"
        for number, question in enumerate(questions, 1):
            answers = ANSWER.findall(question)
            if len(answers) != question.count("<details"):
                yield f"{page}#quiz: question {number} has a <details> that is not an answer with a summary"
            if {"right", "wrong"} != {kind for kind, _, _ in answers}:
                yield f"{page}#quiz: question {number} needs a right and a wrong answer"
            for _, answer, explanation in answers:
                if not answer.strip() or not explanation.strip():
                    yield f"{page}#quiz: question {number} has an empty answer or explanation"
                elif not re.match(r"\s*\n\s*\n", explanation):
                    yield f"{page}#quiz: question {number} needs a blank line before each explanation"


def exercises_have_solutions(root: Path) -> Iterator[str]:
    """Three to five tasks, each followed by a folded solution in words or in a hidden code cell."""
    for page in pages(root):
        if page.cell("exercises") is None:
            continue
        parts = []
        for cell in page.section("exercises", "references"):
            hidden = "hide-cell" in cell.metadata.get("tags", [])
            parts.append(cell.source if cell.cell_type == "markdown" else "<solution/>" if hidden else "")
        tasks = TASK.split("\n".join(parts))[1:]
        if not 3 <= len(tasks) <= 5:
            yield f"{page}#exercises: expected 3 to 5 tasks, got {len(tasks)}"
        for number, task in enumerate(tasks, 1):
            if "<solution/>" not in task and not any(text.strip() for _, text in SOLUTION.findall(task)):
                yield f"{page}#exercises: task {number} has no solution"


def an_exercise_answers_at_once(root: Path) -> Iterator[str]:
    """In each chapter one exercise asks for a function: a cell to write it in, a solution that its check accepts."""
    for page in chapters(root):
        code = [cell for cell in page.section("exercises", "references") if cell.cell_type == "code"]
        answers = [cell for cell in code if cell.id.endswith("-answer")]
        if len(answers) != 1:
            yield f"{page}: expected one exercise with a cell ...-answer, got {len(answers)}"
            continue
        call = re.search(r"^check\(.+\)$", answers[0].source, re.MULTILINE)
        if not call or "raise NotImplementedError" not in answers[0].source:
            yield f"{page}#{answers[0].id}: expected a function that is not written yet and its check(...)"
        elif set(answers[0].metadata.get("tags", [])) != {"raises-exception", "remove-output"}:
            yield f"{page}#{answers[0].id}: expected the tags raises-exception and remove-output"
        elif not any(call[0] in cell.source for cell in code if cell is not answers[0]):
            yield f"{page}#{answers[0].id}: no solution calls {call[0]}"
