"""A small site without fault, one chapter in every language: what tests break on purpose."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from book.site.assets import content_hash
from book.site.languages import languages
from book.site.project import notebook

CHAPTER = "regression/mse"
WORDS = {"en": "residual", "ru": "остаток", "zh": "残差"}
# what the drawing and the picture of the sample are said to show
SHOWN = {
    "en": (
        "A drawing with the one word residual, black on white, and nothing else in it",
        "A small empty picture of eight by eight points at the end of the text",
    ),
    "ru": (
        "Рисунок с одним словом «остаток», чёрным по белому, и больше ни с чем",
        "Маленькая пустая картинка, восемь на восемь точек, в самом конце текста",
    ),
    "zh": (
        "一幅图，白底黑字，上面只有“残差”这一个词，别无他物",
        "一张很小的图，长宽各八个点，里面什么也没有画",
    ),
}
PAGE = """<!doctype html>
<html lang="{language.html}">
<head>
<meta charset="utf-8">
{policy}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MSE</title>
<meta name="description" content="{words}">
<meta property="og:title" content="MSE">
<meta property="og:description" content="{words}">
<meta property="og:image" content="../../{picture}">
<link rel="icon" href="../../{picture}">
<style>{rules}</style>
</head>
<body>
<nav><details class="language-menu"><summary>{words}</summary>{menu}</details>
<a href="../_sources/regression/mse.ipynb">.ipynb</a></nav>
<main><article>
<h1>MSE</h1>
<h2 id="start">{words}</h2>
<p>{words} <a href="#start">{words}</a></p>
<svg role="img" aria-label="{shown[0]}" fill="currentColor" width="200" height="40">
<text x="5" y="20">{words}</text>
</svg>
<img src="../../{picture}" alt="{shown[1]}" width="8" height="8">
<table><thead><tr><th>{words}</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>
<div class="highlight"><pre>loss(r)</pre><button class="copybtn">{words}</button></div>
</article></main>
</body>
</html>
"""
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'
PICTURE = f"picture-{content_hash(DRAWING.encode())}.svg"
RULES = f""":root {{ color-scheme: light dark }}
html {{ background: Canvas }}
body {{ font-family: sans-serif }}
a {{ color: LinkText }}
article {{ background: url("../../{PICTURE}") no-repeat 0 0 / 1px }}
"""
OWN_STYLE = f"'sha256-{b64encode(sha256(RULES.encode()).digest()).decode()}'"
DIRECTIVES = (
    f"default-src 'none'; script-src 'self'; style-src-elem {OWN_STYLE}; style-src-attr 'unsafe-inline'; "
    "img-src 'self'"
)
POLICY = f'<meta http-equiv="Content-Security-Policy" content="{DIRECTIVES}">'


def make(root: Path) -> Path:
    """Write the site below `root` and return `root`."""
    (root / PICTURE).write_text(DRAWING, "utf-8")
    for name in ("index.html", "404.html"):
        (root / name).write_text("<title>MSE</title>", "utf-8")
    menu = " ".join(
        f'<a href="../../{code}/{CHAPTER}.html" hreflang="{language.html}">{code}</a>'
        for code, language in languages().items()
    )
    for code, language in languages().items():
        page, source = root / code / f"{CHAPTER}.html", root / code / "_sources" / f"{CHAPTER}.ipynb"
        for path in (page, source):
            path.parent.mkdir(parents=True)
        source.write_bytes(notebook(code, CHAPTER).read_bytes())
        parts = {
            "policy": POLICY,
            "picture": PICTURE,
            "rules": RULES,
            "words": WORDS[code],
            "shown": SHOWN[code],
            "menu": menu,
        }
        page.write_text(PAGE.format(language=language, **parts), "utf-8")
    return root
