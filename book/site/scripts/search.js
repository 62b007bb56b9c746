// Results while typing in the theme's search dialog: what the query names first, then the full text by Pagefind.
// From a file, where Pagefind cannot load, the names alone. Enter opens Sphinx's search page, which needs no server
// and shows the names as well. A classic script: a module would not load from file://.
(() => {
  const LONGEST = 200;
  const PAGES = 8;
  const dialog = document.getElementById("pst-search-dialog");
  const form = dialog?.querySelector("form");
  const fallback = document.getElementById("search-results");
  const words = JSON.parse(document.getElementById("words").textContent);
  const root = new URL(document.documentElement.dataset.content_root, location.href);
  const served = location.protocol.startsWith("http");
  const kept = {}; // what has been loaded

  function element(tag, properties, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  }

  /** Scripts that are loaded together and run in this order. */
  function scripts(addresses) {
    const load = (src) =>
      new Promise((onload, onerror) => {
        document.head.append(element("script", { src, async: false, onload, onerror }));
      });
    return Promise.all(addresses.map(load));
  }

  /** What `make` promises, made once; after a failure it is tried again. */
  function once(name, make) {
    kept[name] ??= make().catch((error) => {
      delete kept[name];
      throw error;
    });
    return kept[name];
  }

  const names = () =>
    once("names", async () => {
      const stemmer = typeof Stemmer === "undefined" ? [words.search_stemmer] : [];
      await scripts([...stemmer, ...words.search_scripts]);
      return window.nameSearch;
    });

  const engine = () =>
    once("engine", async () => {
      const pagefind = await import(new URL("../pagefind/pagefind.js", root));
      await pagefind.options({ excerptLength: 24 });
      await pagefind.init();
      return pagefind;
    });

  // The index spells ё as е, and holds Chinese character by character: a run of characters is asked for as a phrase.
  function asIndexed(query) {
    const spaced = (word) => word.replaceAll(/(?<=\p{Script=Han})(?=\p{Script=Han})/gu, " ");
    const spell = (word) => (spaced(word) === word ? word : `"${spaced(word)}"`);
    const apart = query
      .replaceAll('"', " ")
      .replaceAll(/(?<=\p{Script=Han})(?=[a-z\d])|(?<=[a-z\d])(?=\p{Script=Han})/giu, " ");
    return apart.replaceAll("ё", "е").replaceAll("Ё", "Е").trim().split(/\s+/).map(spell);
  }

  /** The pages whose text holds all words of a query, or else those that hold most of them. */
  async function fullText(query) {
    if (!served) return { count: 0, pages: [] };
    const pagefind = await engine();
    const phrases = asIndexed(query);
    const { results: exact } = await pagefind.search(phrases.join(" "));
    // Pagefind ranks pages by their words, but not those that hold a phrase.
    const held = new Set(exact.map(({ id }) => id));
    const { results: ranked } = await pagefind.search(phrases.join(" ").replaceAll('"', ""));
    const results = ranked.filter(({ id }) => held.has(id));
    return {
      count: results.length,
      pages: await Promise.all(results.slice(0, PAGES).map((result) => result.data())),
    };
  }

  const plain = (text) => text.replaceAll("\u200b", "").replaceAll(/<\/mark>(\s*)<mark>/g, "$1");

  function hit({ url, title, within = "", excerpt }, className = "") {
    const text = element("span", { textContent: within });
    if (excerpt) text.innerHTML = plain(excerpt);
    const link = element("a", { href: url }, element("b", { textContent: plain(title) }), text);
    return element("li", { className }, link);
  }

  const address = (url) => new URL(url, root).pathname.replace(/index\.html$/, "");

  /** The list: what the query names, told by the full text where that has the page, then the rest of the full text. */
  function hits(named, pages) {
    const byAddress = new Map(pages.map((page) => [address(page.url), page]));
    const direct = named.map((entry) => {
      const page = entry.within ? undefined : byAddress.get(address(entry.url));
      const known = { ...entry, url: new URL(entry.url, root).href };
      return page ? whole(page) : [hit(known, "named")];
    });
    const told = new Set(named.filter(({ within }) => !within).map(({ url }) => address(url)));
    return [...direct, ...pages.filter(({ url }) => !told.has(address(url))).map(whole)].flat();
  }

  function whole(page) {
    return [
      hit({ url: page.url, title: page.meta.title, excerpt: page.excerpt }),
      ...page.sub_results
        .filter((part) => part.anchor && part.title !== page.meta.title)
        .slice(0, 3)
        .map((part) => hit(part, "section")),
    ];
  }

  /** The words that the full text marks in what it found. */
  const marked = (pages) =>
    pages
      .flatMap(({ excerpt }) => [...plain(excerpt).matchAll(/<mark>(.*?)<\/mark>/g)].map((mark) => mark[1]))
      .join(" ");

  async function search(query, literally) {
    const known = await names();
    const show = (named, { count, pages }, meant) => ({ named, count, pages, meant });
    const meant = literally ? undefined : known.meant(query);
    const found = await fullText(query);
    // Pagefind takes a word with the nearest beginning for one that it lacks.
    if (!meant || (found.count && !known.lacks(query, marked(found.pages))))
      return show(known.find(query), found);
    return show(known.find(meant), await fullText(meant), meant);
  }

  if (form) {
    const input = form.querySelector("input");
    const status = element("p", { className: "status", role: "status" });
    const instead = element("button", { className: "instead", type: "button", hidden: true });
    const list = element("ul", { className: "hits", ariaLabel: words.search_results });
    let latest = 0;
    let waiting;
    form.after(status, instead, list);

    async function answer(literally = false) {
      const turn = ++latest;
      const query = input.value.trim().slice(0, LONGEST);
      let [message, found] = ["", { named: [], pages: [] }];
      try {
        if (query) found = await search(query, literally);
        const count = Math.max(found.count ?? 0, found.named.length);
        if (query) message = count ? words.search_found.replace("{n}", count) : words.search_none;
        if (query && !served) message = words.search_offline;
      } catch {
        message = words.search_offline;
      }
      if (turn !== latest) return;
      if (found.meant) message = `${words.search_meant.replace("{query}", found.meant)} ${message}`;
      status.textContent = message;
      instead.hidden = !found.meant;
      instead.textContent = words.search_instead.replace("{query}", query);
      list.replaceChildren(...hits(found.named, found.pages));
      list.scrollTop = 0;
    }

    const load = () => Promise.allSettled([names(), served && engine()]);
    input.addEventListener("focus", load, { once: true });
    for (const kind of ["input", "compositionend"])
      input.addEventListener(kind, ({ isComposing }) => {
        clearTimeout(waiting);
        if (!isComposing) waiting = setTimeout(answer, 150);
      });
    instead.addEventListener("click", () => {
      input.focus();
      answer(true);
    });
    dialog.addEventListener("keydown", (event) => {
      const stops = [input, ...list.querySelectorAll("a")];
      const at = stops.indexOf(document.activeElement);
      const next = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
      if (next === undefined || event.isComposing) return;
      event.preventDefault();
      stops[next]?.focus();
    });
  }

  async function addNames(query) {
    const known = await names();
    const meant = known.find(query).length ? undefined : known.meant(query);
    const named = known.find(meant ?? query);
    if (!named.length) return;
    const text = meant && words.search_meant.replace("{query}", meant);
    const note = meant ? element("a", { href: `?q=${encodeURIComponent(meant)}`, textContent: text }) : "";
    const list = element("ul", { className: "hits", ariaLabel: words.search_results }, ...hits(named, []));
    fallback.before(note, list);
  }

  /** What the query of the search page names, above what Sphinx will find in the text. */
  window.showNames = async (asked) => addNames(asked.trim().slice(0, LONGEST)).catch(() => {});
})();
