"""A content security policy in each page: nothing from other hosts, no script but the site's own."""

import base64
import hashlib
import html
import re

INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.DOTALL)
DATA = re.compile(r'type="application/(?!javascript)')
HANDLER = re.compile(r'\son[a-z]+="([^"]*)"')


def with_policy(page: str) -> str:
    """The page with the policy that its own inline scripts need."""
    scripts = {_hash(body) for attributes, body in INLINE_SCRIPT.findall(page) if not DATA.search(attributes)}
    handlers = {_hash(html.unescape(code)) for code in HANDLER.findall(page)}
    # 'unsafe-hashes': the theme's buttons to print and to fill the screen
    allowed = [*sorted(scripts), *(["'unsafe-hashes'", *sorted(handlers)] if handlers else [])]
    policy = "; ".join(
        (
            "default-src 'self'",
            " ".join(("script-src 'self' 'wasm-unsafe-eval'", *allowed)),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )
    charset = re.compile(r'<meta charset="utf-8"\s*/?>', re.IGNORECASE)
    return charset.sub(
        lambda tag: f'{tag[0]}\n    <meta http-equiv="Content-Security-Policy" content="{policy}" />', page, 1
    )


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
