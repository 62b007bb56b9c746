"""Every check accepts the sample book and finds the fault that is put into it."""

import pytest

from tests.book import sample
from tests.book.checks import CHECKS, chapters, form, glossary, language, sources
from tests.book.faults import edit, remove, replace, rewrite, set_figure, set_metadata, write

CHAPTER = "book/en/regression/mse.ipynb"
PROSE = "## Motivation\n\n" + sample.WORDS["en"]

# The check, the fault, and what the check says about it.
FAULTS = [
    (
        form.notebooks_are_canonical,
        rewrite(CHAPTER, '"execution_count": null', '"execution_count": 1'),
        "outputs, an editor's metadata",
    ),
    (
        form.notebooks_are_canonical,
        rewrite(CHAPTER, '"metadata": {}', '"metadata": {"editable": true}'),
        "outputs, an editor's metadata",
    ),
    (form.notebooks_are_canonical, rewrite(CHAPTER, "\n}\n", "\n}"), "another layout"),
    (
        form.cell_ids_are_words,
        rewrite(CHAPTER, '"id": "pitfalls"', '"id": "3f2a9c1e"'),
        "'3f2a9c1e' is not made of words",
    ),
    (
        form.times_are_marked_as_measured,
        edit("f-solution", replace("^", "time_step(f, device())\\n")),
        "#f-solution: a cell that measures times lacks the tag measured",
    ),
    (
        form.figures_are_described,
        edit("parabola", lambda cell: cell.metadata.clear()),
        "a figure without caption",
    ),
    (form.figures_are_described, edit("parabola", set_figure(alt="")), "alternative text is empty"),
    (
        form.figures_are_described,
        edit("parabola", set_figure(caption="Same", alt="Same")),
        "repeats the caption",
    ),
    (
        form.figures_are_described,
        edit("parabola", set_figure(name="parabola")),
        "expected a figure name fig-",
    ),
    (form.figures_are_described, edit("parabola", replace(r"\nshow\(fig\)", "")), "draws nothing"),
    (form.figures_are_described, edit("setup", set_figure()), "share the name 'fig-mse'"),
    (form.contents_match_the_pages, write("_toc.yml", "root: index\n"), "missing from _toc.yml"),
    (
        form.contents_match_the_pages,
        rewrite("_toc.yml", "regression/mse", "regression/rmse"),
        "names regression/rmse, which book/en lacks",
    ),
    (
        form.contents_match_the_pages,
        rewrite("_toc.yml", "chapters:", "caption: Part\nchapters:"),
        "cannot be translated",
    ),
    (
        form.contents_match_the_pages,
        rewrite("book/languages.toml", "[zh]", ""),
        "zh has pages, but no section",
    ),
    (
        form.contents_match_the_pages,
        rewrite("book/languages.toml", "[zh]", "[zh]\n[de]"),
        "de is in book/languages.toml, but has no pages",
    ),
    (
        form.contents_match_the_pages,
        remove("losslib/locales/ru.toml"),
        "ru is in book/languages.toml, but has no catalogue",
    ),
    (
        chapters.sections_stand_in_order,
        rewrite(CHAPTER, '"id": "pitfalls"', '"id": "traps"'),
        "expected the sections title, setup",
    ),
    (
        chapters.sections_stand_in_order,
        edit("gpu", replace("Training on a GPU", "Speed")),
        "expected the heading 'Training on a GPU'",
    ),
    (
        chapters.sections_stand_in_order,
        edit("pitfalls", replace("## ", "### ")),
        "expected to begin with a heading",
    ),
    (chapters.sections_stand_in_order, edit("title", replace("# ", "")), "expected the title to begin"),
    (
        chapters.cards_have_their_eight_rows,
        edit("at-a-glance", replace(r"\| Convex.*\n", "")),
        "expected the rows",
    ),
    (
        chapters.cards_have_their_eight_rows,
        edit("at-a-glance", replace("Convex", "Smooth")),
        "expected the rows",
    ),
    (chapters.cards_have_their_eight_rows, edit("at-a-glance", replace(r"\$x\$", "")), "two filled columns"),
    (
        chapters.quizzes_explain_every_answer,
        edit("quiz", replace("answer right", "answer wrong")),
        "question 1 needs a right",
    ),
    (
        chapters.quizzes_explain_every_answer,
        edit("quiz", replace(r"\*\*3\. .*", "")),
        "expected 3 to 5 questions, got 2",
    ),
    (
        chapters.quizzes_explain_every_answer,
        edit("quiz", replace(r"</summary>\n\n.*\n", "</summary>\n\n")),
        "empty answer or explanation",
    ),
    (
        chapters.quizzes_explain_every_answer,
        edit("quiz", replace(r"</summary>\n\n", "</summary>")),
        "blank line before each explanation",
    ),
    (
        chapters.quizzes_explain_every_answer,
        edit("quiz", replace("<summary>.*</summary>", "")),
        "not an answer with a summary",
    ),
    (
        chapters.exercises_have_solutions,
        edit("exercises", replace(r"\*\*3\. .*", "")),
        "expected 3 to 5 tasks, got 2",
    ),
    (
        chapters.exercises_have_solutions,
        edit("exercises", replace('class="solution"', 'class="hint"')),
        "task 1 has no solution",
    ),
    (
        chapters.an_exercise_answers_at_once,
        edit("f-answer", lambda cell: cell.update(id="f-stub")),
        "expected one exercise with a cell ...-answer, got 0",
    ),
    (
        chapters.an_exercise_answers_at_once,
        edit("f-answer", replace("raise NotImplementedError", "return x")),
        "expected a function that is not written yet",
    ),
    (
        chapters.an_exercise_answers_at_once,
        edit("f-answer", set_metadata(tags=["remove-output"])),
        "expected the tags raises-exception and remove-output",
    ),
    (
        chapters.an_exercise_answers_at_once,
        edit("f-solution", replace(r"check\(.*\)", "assert f(1) == 1")),
        'no solution calls check("f", f)',
    ),
    (
        language.translations_have_not_drifted,
        edit("parabola", replace(r"r\*\*2", "abs(r)")),
        "drifted: parabola: code",
    ),
    (language.translations_have_not_drifted, remove("book/zh/index.ipynb"), "zh/index: missing: page"),
    (language.setup_names_the_language, edit("setup", replace('"en"', '"ru"')), "expected exactly"),
    (
        language.code_holds_no_natural_language,
        edit("parabola", replace("^", "# Plot the parabola.\n")),
        "'# Plot the parabola.'",
    ),
    (
        language.code_holds_no_natural_language,
        edit("parabola", replace(r'tr\("residual"\)', '"residual"')),
        "words in code: 'residual'",
    ),
    (
        language.code_holds_no_natural_language,
        edit("parabola", replace("^", 'print(f"the loss is {r}")\n')),
        "words in code: 'the loss is {}'",
    ),
    (
        language.code_holds_no_natural_language,
        edit("parabola", replace("^", 'name = "остаток"\n')),
        "words in code: 'остаток'",
    ),
    (
        language.catalogues_hold_exactly_the_phrases_in_use,
        edit("parabola", replace('"residual"', '"slope"')),
        "'slope' is missing",
    ),
    (
        language.catalogues_hold_exactly_the_phrases_in_use,
        write("losslib/locales/ru.toml", 'residual = "{n}"'),
        "different placeholders",
    ),
    (
        language.descriptions_are_in_the_language_of_the_page,
        edit("parabola", set_figure(), "ru"),
        "expected words of the page's language",
    ),
    (
        language.prose_is_in_the_language_of_the_page,
        edit("motivation", replace(".*$", PROSE), "zh"),
        "not in the language of the page",
    ),
    (
        language.formulas_have_the_decimal_mark_of_the_language,
        edit("motivation", replace("$", " $x = 1.5$"), "ru"),
        "expected the decimal mark {,}, got 1.5",
    ),
    (
        language.formulas_have_the_decimal_mark_of_the_language,
        edit("parabola", set_figure(alt="$x = 1{,}5$")),
        "expected the decimal mark ., got 1{,}5",
    ),
    (
        sources.citations_are_in_the_bibliography,
        edit("formula", replace("gauss1809", "gauss1810")),
        "'gauss1810' is not in references.bib",
    ),
    (
        sources.citations_are_in_the_bibliography,
        edit("formula", replace(r"\{footcite.*", "")),
        "cites nothing",
    ),
    (
        sources.bibliography_is_complete,
        rewrite("book/references.bib", "journal = {Annals},", ""),
        "missing journal",
    ),
    (
        sources.bibliography_is_complete,
        rewrite("book/references.bib", ", doi = {10.1000/1}", ""),
        "no DOI, arXiv id or URL",
    ),
    (
        sources.bibliography_is_complete,
        rewrite("book/references.bib", "@article", "@thesis"),
        "expected a type among",
    ),
    (
        sources.links_lead_somewhere,
        edit("motivation", replace("index.ipynb", "contents.ipynb")),
        "a link to ../contents.ipynb",
    ),
    (
        sources.links_lead_somewhere,
        edit("motivation", replace("index.ipynb", "regression/mse.ipynb#proof")),
        "#proof, a section that does not exist",
    ),
    (
        sources.no_registry_is_named,
        write("notes.txt", f"pip install --index-url https://{sources.REGISTRIES[0]}"),
        "notes.txt: names",
    ),
    (
        glossary.terms_stand_in_bold_where_the_glossary_says,
        edit("derivation", replace(r"\*\*", "")),
        "expected 'residual' in bold",
    ),
    (
        glossary.terms_stand_in_bold_where_the_glossary_says,
        rewrite("book/glossary.toml", "mse#derivation", "mse#proof"),
        "no such cell",
    ),
    (
        glossary.terms_stand_in_bold_where_the_glossary_says,
        rewrite("book/glossary.toml", "Что осталось", ""),
        "lacks name or meaning in ru",
    ),
    (
        glossary.bold_terms_are_in_the_glossary,
        edit("derivation", replace("$", " and the **variance** of it")),
        "'variance' is bold, but no term",
    ),
    (
        glossary.bold_terms_are_in_the_glossary,
        edit("derivation", replace("$", " and the **cubic residual** of it")),
        "'cubic residual' is bold, but no term",
    ),
]


def test_every_check_has_a_fault():
    assert {check for check, _, _ in FAULTS} == set(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_check_accepts_the_sample(check, tmp_path):
    assert list(check(sample.make(tmp_path))) == []


@pytest.mark.parametrize(("check", "fault", "expected"), FAULTS, ids=[expected for _, _, expected in FAULTS])
def test_check_finds_the_fault(check, fault, expected, tmp_path):
    root = sample.make(tmp_path)
    fault(root)
    assert any(expected in found for found in check(root))


@pytest.mark.parametrize(
    "source",
    [
        'ax.plot(x, y, label="MSE")',
        'ax.set_xlabel(r"$\\delta$ (px)")',
        'ax.legend(loc="upper left")',
        'table({"δ": deltas, tr("slope"): slopes})',
        'print(f"{a:.3f} {b:.3f}")',
        "x = y  # (N, D)",
        'F.mse_loss(a, b, reduction="none")',
        'curves = {"MSE / 2": f, "log-cosh": g}',
        'print(f"MSE = {a:.3f}, 2/λmax = {b:.3f}, ∂MSE/∂ŷ = {c:.1e}")',
        'raise ValueError(f"mse: expected target {shape}, got {other}")',
    ],
)
def test_symbols_names_and_options_are_no_natural_language(source, tmp_path):
    root = sample.make(tmp_path)
    edit("parabola", replace("^", source.replace("\\", "\\\\") + "\n"))(root)
    assert not list(language.code_holds_no_natural_language(root))


def test_stale_cells_may_still_be_english(tmp_path):
    root = sample.make(tmp_path)
    edit("motivation", replace("$", " More."))(root)
    edit("motivation", replace("[^#]*$", sample.WORDS["en"]), "ru")(root)
    assert list(language.prose_is_in_the_language_of_the_page(root)) == []
