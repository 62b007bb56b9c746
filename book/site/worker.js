// The service worker of the whole site. Pages come from the network, and from this device when that fails or takes
// too long; what has its hash in its address never changes and comes from this device at once. VERSION stands above:
// a new one makes browsers take the worker anew, and drop the files that nothing names any more.
const SITE = new URL(self.registration.scope);
const READ = `${SITE.pathname} read`; // the names of caches are shared by all sites of a host
const PATIENCE = 3000; // milliseconds
const HASHED = /\?v=[\da-f]{6,}$|[/._-][\da-f]{8,}\.\w+$|\.pf_\w+$/;

/** The address under which a file is kept, however a link or a host spells it. */
function plain(address) {
  const url = new URL(address);
  const version = url.searchParams.get("v");
  if (url.pathname.endsWith("/")) url.pathname += "index.html";
  else if (!url.pathname.split("/").at(-1).includes(".")) url.pathname += ".html";
  return `${url.origin}${url.pathname}${version ? `?v=${version}` : ""}`;
}

/** What this device has of an address: as it was last read, else from a language that is kept whole. */
async function find(address) {
  const read = await caches.open(READ);
  return (await read.match(address)) ?? caches.match(address);
}

/** Keep what was read. A full device keeps less, and reading goes on; downloads are not kept. */
async function save(address, response, isPage) {
  const cache = await caches.open(READ);
  if ([404, 410].includes(response.status)) return cache.delete(address);
  if (response.status !== 200 || response.type !== "basic") return;
  if (isPage && !response.headers.get("Content-Type")?.startsWith("text/html")) return;
  // made anew, because a page may not be answered with a response that was redirected
  return cache.put(address, new Response(response.body, response)).catch(() => cache.delete(address));
}

/** From the network, and kept. */
async function fetched(event, address) {
  const isPage = event.request.mode === "navigate";
  const response = (await event.preloadResponse) ?? (await fetch(event.request));
  event.waitUntil(save(address, response.clone(), isPage));
  return response;
}

async function hashed(event, address) {
  return (await find(address)) ?? fetched(event, address);
}

async function fresh(event, address) {
  const network = fetched(event, address);
  event.waitUntil(network.catch(() => {}));
  const kept = await find(address);
  if (!kept) return network.catch(() => missing(event.request));
  const late = new Promise((done) => setTimeout(done, PATIENCE, kept));
  const answer = network.then((response) => (response.status < 500 ? response : kept));
  return Promise.race([answer, late]).catch(() => kept);
}

/** In place of a page that cannot be had: one that says which pages can. It keeps the address, to be tried again. */
async function missing(request) {
  const page = request.mode === "navigate" && (await find(new URL("offline.html", SITE).href));
  return page ? new Response(page.body, { status: 503, headers: page.headers }) : Response.error();
}

/** Drop the files of earlier versions that no page kept here names; the worker before still answers. */
async function sweep() {
  const cache = await caches.open(READ);
  const addresses = (await cache.keys()).map(({ url }) => url);
  const pages = addresses.filter((address) => address.endsWith(".html"));
  const texts = await Promise.all(pages.map(async (address) => (await cache.match(address)).text()));
  const old = addresses.filter((address) => {
    const name = address.split("/").at(-1);
    return HASHED.test(address) && !texts.some((text) => text.includes(name));
  });
  await Promise.all(old.map((address) => cache.delete(address)));
}

self.addEventListener("install", (event) => {
  const page = new Request("offline.html", { cache: "no-cache" });
  const ready = caches.open(READ).then((cache) => cache.add(page));
  event.waitUntil(ready.then(() => sweep().catch(() => {})).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const preload = self.registration.navigationPreload?.enable();
  event.waitUntil(Promise.all([preload, self.clients.claim()]));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  // offline.js asks the host itself for what it keeps
  const isKept = request.cache === "no-cache" && request.destination === "";
  if (request.method !== "GET" || !request.url.startsWith(SITE.href)) return;
  if (request.headers.has("Range") || isKept) return;
  const address = plain(request.url);
  const strategy = HASHED.test(address) && request.mode !== "navigate" ? hashed : fresh;
  event.respondWith(strategy(event, address));
});
