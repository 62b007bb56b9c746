"""What must hold for every page. A check takes a tree and yields a sentence for each thing it finds wrong."""

from tests.book.checks import chapters, form, glossary, language, sources

CHECKS = [
    form.notebooks_are_canonical,
    form.cell_ids_are_words,
    form.times_are_marked_as_measured,
    form.figures_are_described,
    form.contents_match_the_pages,
    chapters.sections_stand_in_order,
    chapters.cards_have_their_eight_rows,
    chapters.quizzes_explain_every_answer,
    chapters.exercises_have_solutions,
    chapters.an_exercise_answers_at_once,
    language.translations_have_not_drifted,
    language.setup_names_the_language,
    language.code_holds_no_natural_language,
    language.catalogues_hold_exactly_the_phrases_in_use,
    language.descriptions_are_in_the_language_of_the_page,
    language.prose_is_in_the_language_of_the_page,
    language.formulas_have_the_decimal_mark_of_the_language,
    sources.citations_are_in_the_bibliography,
    sources.bibliography_is_complete,
    sources.links_lead_somewhere,
    sources.no_registry_is_named,
    glossary.terms_stand_in_bold_where_the_glossary_says,
    glossary.bold_terms_are_in_the_glossary,
]
