"""Explorers on pages without a kernel: one script and one style for the whole site, the state of each in its figure.

myst-nb leaves the state of every widget in a script of the page, each explorer with its own copy of the module's
source. Here the module becomes `_static/explorer-<hash>.js` together with runtime.js, which calls it, and the state,
with the module's hash in the place of its source, goes where the view named it: so an explorer can be used before
the rest of the page has come. Widgets that are not explorers need a kernel; their fallback stays.
"""

import json
import re
from pathlib import Path

from myst_nb.sphinx_ import NbMetadataCollector

from book.site.assets import content_hash
from book.site.project import BOOK

RUNTIME = BOOK / "site" / "runtime.js"
EXPLORER = "losslib.explorers.scene.Explorer"
STATE_TYPE = "application/vnd.jupyter.widget-state+json"
VIEW = re.compile(r'<script type="application/vnd\.jupyter\.widget-view\+json">(.*?)</script>', re.DOTALL)


def explorer_script(module: str) -> str:
    """An ES module that imports nothing as a script that brings the explorers of a page to life.

    A page opened as a file may not import files, and an import waits until all deferred scripts have run.
    """
    body, found, exported = module.rpartition("export default ")
    if not found or re.search(r"^(import|export)\b", body, re.MULTILINE):
        raise ValueError("explorer module: expected no import and one `export default` at its end")
    runtime = RUNTIME.read_text("utf-8").rstrip().removesuffix(";")
    function = f'(() => {{\n"use strict";\n{body}return {exported}}})()'
    return f"({runtime})({function}, {json.dumps(_hash(module))});\n"


def with_states(body: str, models: dict, static: Path) -> tuple[str, list[str]]:
    """The page's text with the states of its explorers, and the assets they need, written below `static` if new."""
    assets = {}

    def state_of(view: re.Match) -> str:
        state = models[json.loads(view[1])["model_id"]]["state"]
        if state.get("_anywidget_id") != EXPLORER:
            return view[0]
        script = explorer_script(state["_esm"])
        assets[f"explorer-{_hash(script)}.js"] = script
        assets[f"explorer-{_hash(state['_css'])}.css"] = state["_css"]
        kept = {"module": _hash(state["_esm"]), "scene": state["scene"], "state": state["state"]}
        text = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        return f'<script type="{STATE_TYPE}">{text}</script>'

    body = VIEW.sub(state_of, body)
    for name, text in assets.items():
        if not (static / name).exists():
            static.mkdir(parents=True, exist_ok=True)
            (static / name).write_text(text, "utf-8")
    return body, list(assets)


def add_explorers(app, pagename, templatename, context, doctree):
    """Give a page with explorers their states and their assets."""
    scripts = context.get("script_files", [])
    scripts[:] = [script for script in scripts if _attributes(script).get("type") != STATE_TYPE]
    found = NbMetadataCollector.get_js_files(app.env, pagename).get("ipywidgets_state")
    if found is None or app.builder.name != "html":
        return
    _, attributes = found
    models = json.loads(attributes["body"])["state"]
    context["body"], assets = with_states(context["body"], models, Path(app.outdir) / "_static")
    for name in assets:
        if name.endswith(".css"):
            app.add_css_file(name)
        else:
            app.add_js_file(name, loading_method="async")


def _hash(text: str) -> str:
    return content_hash(text.encode("utf-8"))


def _attributes(script) -> dict:
    return getattr(script, "attributes", {})


def setup(app):
    # After myst-nb has added the state to the page's scripts, before unused assets are dropped.
    app.connect("html-page-context", add_explorers, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
