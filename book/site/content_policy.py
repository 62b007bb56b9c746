"""What the site allows: nothing from other hosts, no script or style but its own. As a tag and as headers.

A page says in a tag what it needs itself, so the policy holds wherever the site lies, from disk too. `_headers` says
the same for the whole site, and what a tag cannot say; Netlify, Cloudflare Pages and `serve.py` read it.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.DOTALL)
INLINE_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
DATA = re.compile(r'type="application/(?!javascript)')
HANDLER = re.compile(r'(<[^>]*?)\son[a-z]+="([^"]*)"')
CHARSET = re.compile(r'<meta charset="utf-8"\s*/?>', re.IGNORECASE)
# code in attributes of the theme's buttons, and the name by which scripts/buttons.js does the same
ACTIONS = {"window.print()": "print", "toggleFullScreen()": "fullscreen"}
REFERRER = "no-referrer"
# folders whose files carry a hash in their names
NEVER_CHANGES = ("assets/*", "pagefind/fragment/*", "pagefind/index/*")


def with_policy(page: str) -> str:
    """The page with the policy that its own inline scripts and styles need, and no code in attributes."""
    page = HANDLER.sub(_named_action, page)
    tags = (
        f'<meta http-equiv="Content-Security-Policy" content="{_policy([page])}" />',
        f'<meta name="referrer" content="{REFERRER}" />',
    )
    return CHARSET.sub(lambda charset: "\n    ".join((charset[0], *tags)), page, count=1)


def write_headers(site: Path) -> None:
    """Write `_headers` for the pages of a finished site."""
    policy = _policy(path.read_text("utf-8") for path in sorted(site.rglob("*.html")))
    lines = [
        "/*",
        f"  Content-Security-Policy: {policy}; frame-ancestors 'self'",
        f"  Referrer-Policy: {REFERRER}",
        "  X-Content-Type-Options: nosniff",
    ]
    for pattern in NEVER_CHANGES:
        lines += [f"/{pattern}", "  Cache-Control: public, max-age=31536000, immutable"]
    (site / "_headers").write_text("\n".join(lines) + "\n", "utf-8")


def _policy(pages: Iterable[str]) -> str:
    scripts, styles = set(), set()
    for page in pages:
        scripts |= {_hash(code) for kind, code in INLINE_SCRIPT.findall(page) if not DATA.search(kind)}
        styles |= {_hash(code) for code in INLINE_STYLE.findall(page)}
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self' 'wasm-unsafe-eval'", *sorted(scripts))),  # Pagefind is WebAssembly
            "style-src 'self' 'unsafe-inline'",  # for browsers that do not know the next two
            " ".join(("style-src-elem 'self'", *sorted(styles))),
            "style-src-attr 'unsafe-inline'",  # formulas and figures are placed by thousands of them
            "img-src 'self' data:",  # small pictures within figures
            "font-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
        )
    )


def _named_action(tag: re.Match) -> str:
    if tag[2] not in ACTIONS:
        raise ValueError(f"expected code in attributes to be one of {list(ACTIONS)}, found {tag[2]!r}")
    return f'{tag[1]} data-action="{ACTIONS[tag[2]]}"'


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
