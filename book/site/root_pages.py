"""The pages above the languages: choice of a language, pages for wrong and unreachable addresses, files for robots."""

import base64
import json
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from book.site.content_policy import with_policy
from book.site.languages import Language
from book.site.project import BOOK, base_url, pages

TITLE = re.compile(r"<h1>(.*?)(?:<a class=\"headerlink\".*?)?</h1>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
PAGE = """<!doctype html>
<html lang="{lang}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>{title}</title>
    <meta name="description" content="{description}" />
    <link rel="icon" href="data:image/svg+xml;base64,{icon}" />{head}
    <style>
      :root {{ color-scheme: light dark; background: Canvas; }}
      body {{ font: 1.125rem/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
        max-width: 36rem; margin: 8vh auto; padding: 0 1.25rem; }}
      svg {{ width: 5rem; }}
      h1 {{ font-size: 1.375rem; line-height: 1.3; margin: 1.5rem 0 0; }}
      p {{ margin: 0.25rem 0; }}
      a {{ display: inline-block; padding: 0.5rem 0; }}
      ul {{ margin: 0; padding: 0 0 0 1.25rem; }}
    </style>
  </head>
  <body>
    {logo}
    <main>
{body}
    </main>{end}
  </body>
</html>
"""

# The language chosen before, else the first of the browser's languages that the book has.
CHOOSE = """
    <script>
      const codes = {codes};
      const browser = navigator.languages.map((tag) => tag.split("-")[0]);
      const code = [localStorage.getItem("language"), ...browser].find((code) => codes.includes(code));
      if (code) location.replace(`${{code}}/index.html`);
      if (location.protocol.startsWith("http"))
        document.head.append(Object.assign(document.createElement("link"), {{
          rel: "manifest", href: "{manifest}",
        }}));
    </script>"""

REMEMBER = """
    <script>
      document.addEventListener("click", (event) => {
        const code = event.target.closest("a")?.dataset.language;
        if (code) localStorage.setItem("language", code);
      });
    </script>"""

# A host or the service worker answers with such a page at every depth. The first folder of the address that names a
# language ends the site's own address, whatever subfolder it is in; without one every language has its say.
FIND_SITE = """
    <script>
      const parts = location.pathname.split("/");
      const at = parts.findIndex((part) => {codes}.includes(part));
      const known = at < 0 ? [] : [parts[at]];
      const root = at < 0 ? {fallback} : parts.slice(0, at).join("/") + "/";
      for (const link of document.querySelectorAll("[data-path]")) link.href = root + link.dataset.path;
      for (const part of document.querySelectorAll("section"))
        part.hidden = known.length > 0 && !known.includes(part.dataset.language);
      if (known.length) {
        const shown = document.querySelector("section:not([hidden])");
        document.documentElement.lang = shown.lang;
        document.title = shown.querySelector("h1").textContent;
      }
    </script>"""

# Of all pages, in whatever language, those that this device has.
SHOW_KEPT = """
    <script>
      for (const link of document.querySelectorAll("li [data-path]"))
        caches.match(link.href).then((kept) => {
          link.parentElement.hidden = !kept;
          if (kept) for (const sentence of document.querySelectorAll(".here")) sentence.hidden = false;
        });
    </script>"""


def write_root_pages(site: Path, built: list[Language]) -> None:
    """Write index.html, 404.html, offline.html, sitemap.xml, robots.txt and .nojekyll."""
    (site / "index.html").write_text(with_policy(_chooser(built)), "utf-8")
    (site / "404.html").write_text(with_policy(_not_found(built)), "utf-8")
    (site / "offline.html").write_text(with_policy(_offline(site, built)), "utf-8")
    (site / "sitemap.xml").write_text(_sitemap(built), "utf-8")
    sitemap = f"Sitemap: {base_url()}/sitemap.xml\n" if base_url() else ""
    (site / "robots.txt").write_text(f"User-agent: *\nAllow: /\n{sitemap}", "utf-8")
    (site / ".nojekyll").touch()


def _logo() -> dict[str, str]:
    """The book's mark within the page itself, which then works at every depth."""
    svg = (BOOK / "site" / "static" / "logo.svg").read_text("utf-8").strip()
    icon = base64.b64encode(svg.encode()).decode()
    return {"logo": svg.replace("<svg ", '<svg aria-hidden="true" ', 1), "icon": icon}


def _chooser(built: list[Language]) -> str:
    def invitation(language: Language) -> str:
        return (
            f'      <section lang="{language.html}">\n'
            f"        <h1>{escape(language.title)}</h1>\n"
            f"        <p>{escape(language.description)}</p>\n"
            f'        <a href="{language.code}/index.html" hreflang="{language.html}" '
            f'data-language="{language.code}">{escape(language.words["read_in"])}</a>\n'
            f"      </section>"
        )

    source = built[0]
    head = "".join(
        f'\n    <link rel="alternate" hreflang="{language.html}" href="{_address(language.code, "index")}" />'
        for language in built
        if base_url()
    )
    return PAGE.format(
        lang=source.html,
        title=" · ".join(language.title for language in built),
        description=escape(source.description),
        **_logo(),
        head=head
        + CHOOSE.format(
            codes=json.dumps([language.code for language in built]),
            manifest=f"{source.code}/manifest.webmanifest",
        ),
        body="\n".join(map(invitation, built)),
        end=REMEMBER,
    )


def _not_found(built: list[Language]) -> str:
    def content(language: Language) -> str:
        path = f"{language.code}/index.html"
        home = escape(language.words["missing_home"])
        return (
            f"        <p>{escape(language.words['missing_text'])}</p>\n"
            f'        <a href="{path}" data-path="{path}">{home}</a>\n'
        )

    return _anywhere(built, "missing", content)


def _offline(site: Path, built: list[Language]) -> str:
    """In place of a page that is not kept: the pages that are."""

    def entry(path: str) -> str:
        title = TITLE.search((site / path).read_text("utf-8"))
        if not title:
            raise ValueError(f"expected a heading of the first level in {path}")
        text = TAG.sub("", title[1]).strip()
        return f'        <li hidden><a href="{path}" data-path="{path}">{text}</a></li>\n'

    def content(language: Language) -> str:
        words = language.words
        return (
            f"        <p>{escape(words['offline_text'])}</p>\n"
            f'        <a href="">{escape(words["offline_again"])}</a>\n'
            f'        <p class="here" hidden>{escape(words["offline_here"])}</p>\n'
        )

    lists = "".join(
        f'\n      <ul lang="{language.html}">\n'
        f"{''.join(entry(f'{language.code}/{page}.html') for page in pages())}"
        f"      </ul>"
        for language in built
    )
    return _anywhere(built, "offline", content, lists, SHOW_KEPT)


def _anywhere(
    built: list[Language], name: str, content: Callable[[Language], str], below: str = "", end: str = ""
) -> str:
    """A page that stands in for others at any depth, in the language of the address."""

    def section(language: Language) -> str:
        return (
            f'      <section lang="{language.html}" data-language="{language.code}">\n'
            f"        <h1>{escape(language.words[f'{name}_title'])}</h1>\n"
            f"{content(language)}"
            f"      </section>"
        )

    source = built[0]
    folder = base_url().removeprefix("https://").partition("/")[2]
    fallback = f"/{folder}/".replace("//", "/") if base_url() else ""
    script = FIND_SITE.replace("{codes}", json.dumps([language.code for language in built]))
    script = script.replace("{fallback}", json.dumps(fallback))
    return PAGE.format(
        lang=source.html,
        title=source.words[f"{name}_title"],
        description=escape(source.words[f"{name}_text"]),
        **_logo(),
        head="",
        body="\n".join(map(section, built)) + below,
        end=script + end,
    )


def _address(code: str, page: str) -> str:
    path = f"{code}/{page}.html"
    return f"{base_url()}/{path}" if base_url() else path


def _sitemap(built: list[Language]) -> str:
    def alternate(language: Language, page: str) -> str:
        address = _address(language.code, page)
        return f'\n    <xhtml:link rel="alternate" hreflang="{language.html}" href="{address}" />'

    def entry(code: str, page: str) -> str:
        alternates = "".join(alternate(language, page) for language in built)
        return f"  <url>\n    <loc>{_address(code, page)}</loc>{alternates}\n  </url>"

    codes = [language.code for language in built]
    entries = "\n".join(entry(code, page) for page in pages() for code in codes)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
        f"{entries}\n</urlset>\n"
    )
