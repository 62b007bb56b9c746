"""Give each page only the styles and scripts that it uses, once each, and let no script hold up the page."""

# a part of an asset's address, and what a page that needs it holds
USED_BY = {
    "katex": 'class="katex',
    "copybutton": 'class="highlight',
    "clipboard": 'class="highlight',
    "mystnb": 'class="cell',
}
# for the page of Sphinx's search, whose template loads them itself
ONLY_FOR_SEARCH = ("doctools.js", "sphinx_highlight.js", "translations.js")


def thin_out(app, pagename, templatename, context, doctree):
    """Drop what the page does not use, and repetitions; defer scripts."""
    body = context.get("body", "")
    for kind in ("css_files", "script_files"):
        kept: dict[str, object] = {}
        for asset in context[kind]:
            name = str(asset.filename)
            if asset.filename and (pagename == "search" or _is_used(name, body)):
                kept.setdefault(name, asset)
        context[kind] = list(kept.values())
    # the page of Sphinx's search loads its scripts in an order of its own
    if pagename != "search":
        context["script_files"] = [_deferred(script) for script in context["script_files"]]


def _is_used(name: str, body: str) -> bool:
    if name.endswith(ONLY_FOR_SEARCH):
        return False
    return all(mark in body for part, mark in USED_BY.items() if part in name)


def _deferred(script):
    """The script with `defer`; Sphinx shares the objects between pages, so the original stays as it is."""
    if "async" in script.attributes or script.attributes.get("type") == "module":
        return script
    attributes = {**script.attributes, "defer": "defer"}
    return type(script)(script.filename, priority=script.priority, **attributes)


def setup(app):
    # Sphinx does not know when the code of extensions changes; with it, this value does, and all pages are made anew.
    app.add_config_value("site_code", "", "env")
    for name in ("buttons.js", "language-menu.js", "offline.js"):
        app.add_js_file(name)
    app.add_js_file("search.js")
    app.connect("html-page-context", thin_out, priority=990)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
