"""Give each page only the styles and scripts that it uses, once each, and let no script hold up the page.

What every page does stands in book/site/scripts, a file for each thing, and travels as one script, `page.js`.
"""

from pathlib import Path

from book.site.project import BOOK

SCRIPTS = BOOK / "site" / "scripts"

# a part of an asset's address, and what a page that needs it holds
USED_BY = {
    "katex": 'class="katex',
    "mystnb": 'class="cell',
}
ONLY_FOR_SEARCH = ("documentation_options.js", "doctools.js", "sphinx_highlight.js", "translations.js")
# the theme's own, in place of which there is page.js
UNUSED = ("sphinx-book-theme.js",)


def thin_out(app, pagename, templatename, context, doctree):
    """Drop what the page does not use, and repetitions; defer scripts."""
    body = context.get("body", "")
    for kind in ("css_files", "script_files"):
        kept: dict[str, object] = {}
        for asset in context[kind]:
            name = str(asset.filename)
            if asset.filename and _is_used(name, pagename, body):
                kept.setdefault(name, asset)
        context[kind] = list(kept.values())
    context["script_files"] = [_deferred(script) for script in context["script_files"]]


def _is_used(name: str, pagename: str, body: str) -> bool:
    if name.endswith(UNUSED) or (name.endswith(ONLY_FOR_SEARCH) and pagename != "search"):
        return False
    return all(mark in body for part, mark in USED_BY.items() if part in name)


def _deferred(script):
    """The script with `defer`; Sphinx shares the objects between pages, so the original stays as it is."""
    if "async" in script.attributes or script.attributes.get("type") == "module":
        return script
    attributes = {**script.attributes, "defer": "defer"}
    return type(script)(script.filename, priority=script.priority, **attributes)


def write_script(app):
    """Join the scripts of every page."""
    target = Path(app.outdir) / "_static" / "page.js"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(path.read_text("utf-8") for path in sorted(SCRIPTS.glob("*.js"))), "utf-8")


def setup(app):
    # Sphinx does not know when the code of extensions changes; with it, this value does, and all pages are made anew.
    app.add_config_value("site_code", "", "env")
    app.add_js_file("page.js")
    app.connect("builder-inited", write_script)
    app.connect("html-page-context", thin_out, priority=990)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
