// Reading without a connection: starts the site's worker, and keeps a whole language on this device for those who ask.
// A classic script: a module would not load from file://.
(() => {
  const box = document.querySelector(".keep-offline");
  if (!location.protocol.startsWith("http")) return;
  const book = new URL(document.documentElement.dataset.content_root, location.href);
  const site = new URL("../", book);
  // a page opened as a file may not name its manifest
  const manifest = { rel: "manifest", href: new URL("manifest.webmanifest", book) };
  document.head.append(Object.assign(document.createElement("link"), manifest));

  const worker = navigator.serviceWorker;
  if (!worker || !box) return;

  const words = JSON.parse(box.querySelector("script").textContent);
  const status = box.querySelector("[role=status]");
  const progress = box.querySelector("progress");
  const [keepButton, removeButton] = box.querySelectorAll("button");
  const OWN = `${site.pathname} kept ${book.pathname} `;
  const LIST = new URL("offline.json", book).href;
  let stopping;

  function show(state, values = {}) {
    const text = words[state].replaceAll(/\{(\w+)\}/g, (_, name) => values[name]);
    if (status.textContent !== text) status.textContent = text;
    box.dataset.state = state;
    const focused = box.contains(document.activeElement) && document.activeElement.matches("button");
    progress.hidden = state !== "busy";
    keepButton.hidden = state === "busy" || state === "done";
    removeButton.hidden = state === "offer";
    if (focused) (keepButton.hidden ? removeButton : keepButton).focus();
  }

  const kept = async () => (await caches.keys()).filter((name) => name.startsWith(OWN));

  const megabytes = (bytes) =>
    new Intl.NumberFormat(document.documentElement.lang, {
      style: "unit",
      unit: "megabyte",
      maximumFractionDigits: 0,
    }).format(Math.max(1, bytes / 1e6));

  async function list() {
    if (!navigator.onLine) throw new Error("expected a connection"); // a failing request is noted in the console
    const response = await fetch(LIST, { cache: "no-cache" });
    if (!response.ok) throw new Error(`expected ${LIST}, got status ${response.status}`);
    return response;
  }

  /** The files of the caches as their lists tell them: from a hash to where it is. */
  async function known(names) {
    const found = new Map();
    for (const name of names) {
      const cache = await caches.open(name);
      const { files } = (await (await cache.match(LIST))?.json()) ?? { files: [] };
      for (const [path, hash] of files) found.set(`${path} ${hash}`, cache);
    }
    return found;
  }

  /** Fill a cache with the files that it lacks: from older ones what is the same, the rest from the network. */
  async function fill(cache, files, older, signal) {
    const have = new Set((await cache.keys()).map(({ url }) => url));
    const total = files.reduce((sum, [, , size]) => sum + size, 0);
    let done = 0;
    const waiting = [...files];
    async function next() {
      while (waiting.length && !signal.aborted) {
        const [path, hash, size] = waiting.shift();
        const { href } = new URL(path, site);
        if (!have.has(href)) {
          const same = await older.get(`${path} ${hash}`)?.match(href);
          const response = same ?? (await fetch(href, { cache: "no-cache", signal }));
          if (!response.ok) throw new Error(`expected ${href}, got status ${response.status}`);
          await cache.put(href, new Response(response.body, response));
        }
        done += size;
        progress.value = done / total;
      }
    }
    await Promise.all(Array.from({ length: 6 }, next));
  }

  /** Keep the language as it is now. The book as it was kept before stays whole until all of the new one is here. */
  async function keep() {
    stopping = new AbortController();
    const { signal } = stopping;
    try {
      const current = await list();
      const { version, files, size } = await current.clone().json();
      const name = OWN + version;
      const older = (await kept()).filter((other) => other !== name);
      const cache = await caches.open(name);
      if (!(await cache.match(LIST))) await cache.put(LIST, current);
      if ((await cache.keys()).length <= files.length) {
        show("busy");
        await fill(cache, files, await known(older), signal);
        if (signal.aborted) return;
        const read = await caches.open(`${site.pathname} read`);
        for (const [path] of files) await read.delete(new URL(path, site));
      }
      for (const other of older) await caches.delete(other);
      show("done", { size: megabytes(size) });
    } catch (error) {
      if (!signal.aborted) await explain(error);
    }
  }

  /** Without a connection the book may still be here as it was. */
  async function explain(error) {
    for (const name of await kept()) {
      const cache = await caches.open(name);
      const old = await (await cache.match(LIST))?.json();
      if (old && (await cache.keys()).length > old.files.length)
        return show("done", { size: megabytes(old.size) });
    }
    show(error.name === "QuotaExceededError" ? "full" : "failed");
  }

  /** What nobody has asked for yet. */
  async function offer() {
    try {
      const { size, download } = await (await list()).json();
      if ((await kept()).length) return;
      show("offer", { size: megabytes(size), download: megabytes(download) });
    } catch {
      show("failed");
      removeButton.hidden = true;
    }
  }

  async function remove() {
    for (const name of await kept()) await caches.delete(name);
    await offer();
  }

  // one tab at a time
  const keepInTurn = () => navigator.locks.request(OWN, keep);

  function removeInTurn() {
    stopping?.abort();
    return navigator.locks.request(OWN, remove);
  }

  async function start() {
    const isFirst = !worker.controller;
    await worker.register(new URL("sw.js", site), { scope: site });
    await worker.ready;
    if ((await kept()).length) await keepInTurn();
    if (isFirst && worker.controller) await again();
    else if (isFirst) worker.addEventListener("controllerchange", again, { once: true });
  }

  /** What was fetched before there was a worker passes through it once, from the browser's own cache. */
  async function again() {
    const fetched = performance.getEntriesByType("resource").map(({ name }) => name);
    const own = [location.href.split("#")[0], ...fetched].filter((address) => address.startsWith(site));
    await Promise.allSettled(own.map((address) => fetch(address, { cache: "force-cache" })));
  }

  box.hidden = false;
  box.addEventListener("toggle", () => box.open && !box.dataset.state && offer());
  keepButton.addEventListener("click", () => {
    navigator.storage.persist?.();
    keepInTurn();
  });
  removeButton.addEventListener("click", removeInTurn);
  if (document.readyState === "complete") start();
  else window.addEventListener("load", start);
})();
