// The language menu leads to the section that is being read, and the site's root page to the language chosen last.
// A classic script: a module would not load from file://.
(() => {
  const menu = document.querySelector(".language-menu");

  /** The id of the last section whose heading is above the middle of the window; none at the top of the page. */
  function currentSection() {
    const sections = [...document.querySelectorAll("article section[id]")].slice(1);
    return sections.filter((s) => s.getBoundingClientRect().top < innerHeight / 2).at(-1)?.id ?? "";
  }

  menu?.addEventListener("toggle", () => {
    if (!menu.open) return;
    const hash = scrollY > 0 ? currentSection() : "";
    for (const link of menu.querySelectorAll("a")) link.hash = hash;
  });

  menu?.addEventListener("click", (event) => {
    const language = event.target.closest("a")?.dataset.language;
    if (language) localStorage.setItem("language", language);
  });
})();
