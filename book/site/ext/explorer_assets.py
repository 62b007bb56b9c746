"""Explorers on pages without a kernel: module and style once for the whole site, their numbers in the page.

myst-nb leaves the state of every widget in a script of the page, each explorer with its own copy of the
module's source. Here the module moves to `_static/explorer-<hash>.js`, which puts what it exports into
`window.losslibModules`, and the state keeps a key: `"_esm": {"module": "<hash>"}`. runtime.js does the rest.
Widgets that are not explorers need a kernel; their state is dropped, and their fallback stays.
"""

import json
import re
from pathlib import Path

from myst_nb.sphinx_ import NbMetadataCollector

from book.site.assets import content_hash

EXPLORER = "losslib.explorers.scene.Explorer"
STATE_TYPE = "application/vnd.jupyter.widget-state+json"
FIRST = 100  # of the page's own scripts: a reader sees the explorers, and none of what the others do


def classic_script(key: str, module: str) -> str:
    """An ES module that imports nothing as a script that leaves its default export in `losslibModules`.

    A page opened as a file may not import files, and an import waits until all deferred scripts have run.
    """
    body, found, exported = module.rpartition("export default ")
    if not found or re.search(r"^(import|export)\b", body, re.MULTILINE):
        raise ValueError("explorer module: expected no import and one `export default` at its end")
    function = f'(() => {{\n"use strict";\n{body}return {exported}}})()'
    return f"(window.losslibModules ??= {{}})[{json.dumps(key)}] = {function};\n"


def extract(models: dict, static: Path) -> tuple[dict, list[str]]:
    """The state that the page keeps, and the assets it needs, written below `static` if they are new."""
    kept, assets = {}, {}
    for model_id, model in models.items():
        state = model["state"]
        if state.get("_anywidget_id") != EXPLORER:
            continue
        key = _hash(state["_esm"])
        script = classic_script(key, state["_esm"])
        assets[f"explorer-{_hash(script)}.js"] = script
        assets[f"explorer-{_hash(state['_css'])}.css"] = state["_css"]
        kept[model_id] = {
            "state": {"_esm": {"module": key}, "scene": state["scene"], "state": state["state"]}
        }
    for name, text in assets.items():
        if not (static / name).exists():
            static.mkdir(parents=True, exist_ok=True)
            (static / name).write_text(text, "utf-8")
    return kept, list(assets)


def add_explorers(app, pagename, templatename, context, doctree):
    """Give a page with explorers their state, at its end so that the text comes first, and their assets."""
    scripts = context.get("script_files", [])
    scripts[:] = [script for script in scripts if _attributes(script).get("type") != STATE_TYPE]
    found = NbMetadataCollector.get_js_files(app.env, pagename).get("ipywidgets_state")
    if found is None or app.builder.name != "html":
        return
    _, attributes = found
    kept, assets = extract(json.loads(attributes["body"])["state"], Path(app.outdir) / "_static")
    if not kept:
        return
    state = json.dumps({"state": kept}, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    context["body"] += f'<script type="{STATE_TYPE}">{state}</script>\n'
    for name in [*assets, "runtime.js"]:
        add = app.add_css_file if name.endswith(".css") else app.add_js_file
        add(name, priority=FIRST)


def _hash(text: str) -> str:
    return content_hash(text.encode("utf-8"))


def _attributes(script) -> dict:
    return getattr(script, "attributes", {})


def setup(app):
    # After myst-nb has added the state to the page's scripts, before unused assets are dropped.
    app.connect("html-page-context", add_explorers, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
