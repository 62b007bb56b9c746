// Results while typing in the theme's search dialog. Enter still opens Sphinx's search page, which needs no server.
// A classic script: a module would not load from file://.
(() => {
  const dialog = document.getElementById("pst-search-dialog");
  const form = dialog?.querySelector("form");

  if (!form || !location.protocol.startsWith("http")) return;

  const words = JSON.parse(document.getElementById("words").textContent);
  const root = new URL(document.documentElement.dataset.content_root, location.href);
  const input = form.querySelector("input");
  const status = element("p", { className: "status", role: "status" });
  const list = element("ul", { className: "hits", ariaLabel: words.search_results });
  form.after(status, list);

  let engine;
  let latest = 0;
  let waiting;

  function element(tag, properties, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  }

  async function load() {
    engine ??= import(new URL("../pagefind/pagefind.js", root)).then(async (pagefind) => {
      await pagefind.options({ excerptLength: 24 });
      await pagefind.init();
      return pagefind;
    });
    return engine;
  }

  // The index spells ё as е, and holds Chinese character by character: a run of characters is asked for as a phrase.
  function asIndexed(query) {
    const spaced = (word) => word.replaceAll(/(?<=\p{Script=Han})(?=\p{Script=Han})/gu, " ");
    const spell = (word) => (spaced(word) === word ? word : `"${spaced(word)}"`);
    return query.replaceAll("ё", "е").replaceAll("Ё", "Е").split(/\s+/).map(spell).join(" ");
  }

  const plain = (text) => text.replaceAll("\u200b", "").replaceAll(/<\/mark>(\s*)<mark>/g, "$1");

  function hit({ url, title, excerpt }, className = "") {
    const text = element("span", {});
    text.innerHTML = plain(excerpt);
    const link = element("a", { href: url }, element("b", { textContent: plain(title) }), text);
    return element("li", { className }, link);
  }

  async function search() {
    const turn = ++latest;
    const query = input.value.trim();
    const show = (message, ...hits) => {
      if (turn !== latest) return;
      status.textContent = message;
      list.replaceChildren(...hits);
    };
    if (!query) return show("");
    try {
      const pagefind = await load();
      const phrases = asIndexed(query);
      const { results: exact } = await pagefind.search(phrases);
      // Pagefind ranks pages by their words, but not those that hold a phrase.
      const held = new Set(exact.map(({ id }) => id));
      const { results: ranked } = await pagefind.search(phrases.replaceAll('"', ""));
      const results = ranked.filter(({ id }) => held.has(id));
      const pages = await Promise.all(results.slice(0, 8).map((result) => result.data()));
      const hits = pages.flatMap((page) => [
        hit({ url: page.url, title: page.meta.title, excerpt: page.excerpt }),
        ...page.sub_results
          .filter((part) => part.anchor && part.title !== page.meta.title)
          .slice(0, 3)
          .map((part) => hit(part, "section")),
      ]);
      show(results.length ? words.search_found.replace("{n}", results.length) : words.search_none, ...hits);
    } catch {
      engine = undefined;
      show(words.search_offline);
    }
  }

  input.addEventListener("focus", () => load().catch(() => (engine = undefined)), { once: true });
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 150);
  });
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const stops = [input, ...list.querySelectorAll("a")];
    event.preventDefault();
    stops[stops.indexOf(document.activeElement) + step]?.focus();
  });
})();
