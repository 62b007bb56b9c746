// The table of contents shows the section that is being read. Observers measure nothing themselves, so that sections
// out of sight are still not laid out.
(() => {
  const links = new Map();
  for (const link of document.querySelectorAll(".bd-toc nav a[href^='#']"))
    links.set(decodeURIComponent(link.hash.slice(1)), link);
  const sections = [...document.querySelectorAll("article section[id]")].filter(({ id }) => links.has(id));
  const seen = new Set();
  let current;

  function mark(link, isCurrent) {
    link?.classList.toggle("active", isCurrent);
    if (isCurrent) link.setAttribute("aria-current", "true");
    else link?.removeAttribute("aria-current");
    for (let item = link?.closest("li"); item; item = item.parentElement.closest("li"))
      item.classList.toggle("active", isCurrent);
  }

  // Sections nest, and the last one in sight is the innermost; between two of them the one before stays marked.
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) seen[isIntersecting ? "add" : "delete"](target);
      const found = links.get(sections.findLast((section) => seen.has(section))?.id);
      if (!found || found === current) return;
      mark(current, false);
      mark(found, true);
      current = found;
    },
    { rootMargin: "0px 0px -60%" },
  );
  for (const section of sections) observer.observe(section);

  // The bar above the page casts a shadow once the page has moved under it.
  const top = document.querySelector(".sbt-scroll-pixel-helper");
  const atTop = new IntersectionObserver(([{ boundingClientRect }]) =>
    document.body.classList.toggle("scrolled", boundingClientRect.y < 0),
  );
  if (top) atTop.observe(top);
})();
