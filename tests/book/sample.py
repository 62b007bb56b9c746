"""A whole book in three languages with one chapter, small and without fault: what tests break on purpose."""

from pathlib import Path

from nbformat import v4

from book import translations

WORDS = {
    "en": "What the loss of a residual says about a model",
    "ru": "Что говорит о модели функция потерь остатка",
    "zh": "残差的损失说明了模型的什么性质",
}
CARD = {
    "en": "Range|Convex|Differentiable|Estimates (mean)|Noise model|Robust to outliers|PyTorch|`losslib`",
    "ru": "Значения|Выпукла|Дифференцируема|Оценивает|Модель шума|Устойчива к выбросам|PyTorch|`losslib`",
    "zh": "取值范围|凸性|可微性|估计量|噪声模型|对离群值的鲁棒性|PyTorch|`losslib`",
}
TERM = {"en": "residuals", "ru": "остатка", "zh": "残差"}
HEADINGS = {
    "at-a-glance": ("At a glance", "Коротко", "概览"),
    "motivation": ("Motivation", "Зачем", "动机"),
    "formula": ("Definition", "Определение", "定义"),
    "derivation": ("Derivation", "Вывод", "推导"),
    "explorer": ("Explorer", "Опыт", "演示"),
    "from-scratch": ("From scratch", "С нуля", "从零实现"),
    "pitfalls": ("Pitfalls", "Ловушки", "陷阱"),
    "gpu": ("Training on a GPU", "Обучение на GPU", "在 GPU 上训练"),
    "when-to-use": ("When to use it", "Когда применять", "何时使用"),
    "quiz": ("Check yourself", "Проверьте себя", "自测"),
    "exercises": ("Exercises", "Упражнения", "练习"),
    "references": ("References", "Литература", "参考文献"),
}
BIBLIOGRAPHY = """@article{gauss1809,
  author = {Carl Friedrich Gauss}, title = {On errors}, journal = {Annals}, year = {1809}, doi = {10.1000/1}
}
"""
GLOSSARY = """[[term]]
page = "regression/mse#derivation"
en = { name = "residual", meaning = "What is left" }
ru = { name = "остаток", meaning = "Что осталось" }
zh = { name = "残差", sounds = "can cha", meaning = "余下的" }
"""
BODIES = (
    "raise NotImplementedError",
    "return x",
)  # of an exercise's function: as it is found, and its solution


def make(root: Path) -> Path:
    """Write the book below `root` and return `root`."""
    (root / "losslib/locales").mkdir(parents=True)
    (root / "book").mkdir()
    (root / "book/languages.toml").write_text("[en]\n[ru.words]\ndecimal_mark = ','\n[zh]\n")
    (root / "book/references.bib").write_text(BIBLIOGRAPHY)
    (root / "book/glossary.toml").write_text(GLOSSARY, encoding="utf8")
    (root / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n  - file: regression/mse\n")
    for lang, phrase in (("ru", "остаток"), ("zh", "残差")):
        (root / f"losslib/locales/{lang}.toml").write_text(f'residual = "{phrase}"\n', encoding="utf8")
    for lang in WORDS:
        for page, cells in (
            ("index", [prose("title", f"# {WORDS[lang]}")]),
            ("regression/mse", chapter(lang)),
        ):
            notebook = v4.new_notebook(cells=cells)
            translations.save(notebook, lang, page, root / "book")
        if lang != "en":
            for page in ("index", "regression/mse"):
                translations.stamp(lang, page, book=root / "book")
    return root


def chapter(lang: str) -> list:
    """A chapter with every section, a figure, a quiz and exercises."""
    words = WORDS[lang]
    bodies = dict.fromkeys(HEADINGS, words)
    bodies["at-a-glance"] = "| | |\n|---|---|\n" + "\n".join(
        f"| {row} | $x$ |" for row in CARD[lang].split("|")
    )
    bodies["formula"] = (
        f"{words}\n\n$$\n\\ell = r^2 \\quad \\text{{{words}}}\n$$ (eq-mse)\n\n{{footcite:t}}`gauss1809`"
    )
    bodies["motivation"] = f"[{words}](../index.ipynb)"
    bodies["derivation"] = f"{words}: **{TERM[lang]}**"
    bodies["quiz"] = "\n\n".join(question(n, words) for n in (1, 2, 3))
    bodies["exercises"] = "\n\n".join(
        f'**{n}. {words}**\n\n<details class="solution"><summary>{words}</summary>\n\n{words}\n\n</details>'
        for n in (1, 2, 3)
    )
    cells = [
        prose("title", f"# MSE\n\n{words}"),
        code("setup", f'from losslib.notebook import setup\n\nsetup("{lang}")'),
    ]
    for cell_id, heading in HEADINGS.items():
        heading = dict(zip(WORDS, heading, strict=True))[lang]
        cells.append(prose(cell_id, f"## {heading}\n\n{bodies[cell_id]}"))
        if cell_id == "motivation":
            figure = {"figure": {"caption": words, "name": "fig-mse"}, "image": {"alt": f"{words}: $r^2$"}}
            cells.append(code("parabola", 'ax.plot(r, r**2, label=tr("residual"))\nshow(fig)', mystnb=figure))
        if cell_id == "exercises":
            answer, solution = (f'def f(x):\n    {body}\n\n\ncheck("f", f)' for body in BODIES)
            cells.append(code("f-answer", answer, tags=["raises-exception", "remove-output"]))
            cells.append(code("f-solution", solution, tags=["hide-cell"], jupyter={"source_hidden": True}))
    return cells


def question(number: int, words: str) -> str:
    answers = "\n\n".join(
        f'<details class="answer {kind}"><summary>{words}</summary>\n\n{words}\n\n</details>'
        for kind in ("right", "wrong")
    )
    return f"**{number}. {words}**\n\n{answers}"


def prose(cell_id: str, source: str):
    return v4.new_markdown_cell(source, id=cell_id)


def code(cell_id: str, source: str, **metadata):
    return v4.new_code_cell(source, id=cell_id, metadata=metadata)
