// The search dialog, and the two sidebars, which on a narrow screen open as dialogs.
(() => {
  const byId = (id) => document.getElementById(id);
  const wide = matchMedia("(min-width: 992px)"); // from here on the theme shows the chapters beside the page

  function closeOutside(dialog) {
    dialog?.addEventListener("click", ({ clientX: x, clientY: y }) => {
      const { left, right, top, bottom } = dialog.getBoundingClientRect();
      if (x < left || x > right || y < top || y > bottom) dialog.close();
    });
  }

  // The theme's style knows a sidebar by its classes, so they move with what is in it.
  function move(from, to) {
    to.append(...from.childNodes);
    to.classList.add(...from.classList);
    from.removeAttribute("class");
  }

  for (const side of ["primary", "secondary"]) {
    const [sidebar, dialog] = [byId(`pst-${side}-sidebar`), byId(`pst-${side}-sidebar-modal`)];
    if (!sidebar || !dialog) continue;
    document.querySelector(`.${side}-toggle`)?.addEventListener("click", () => {
      if (side === "primary" && wide.matches) return sidebar.classList.toggle("pst-sidebar-hidden");
      move(sidebar, dialog);
      dialog.showModal();
    });
    closeOutside(dialog);
    dialog.addEventListener("close", () => move(dialog, sidebar));
    dialog.addEventListener("click", (event) => {
      if (event.target.closest("a[href^='#']")) dialog.close();
    });
  }

  // The list of chapters stays where the reader left it, from page to page.
  const chapters = byId("pst-primary-sidebar");
  if (chapters && wide.matches) {
    const kept = sessionStorage.getItem("sidebar-scroll-top");
    if (kept !== null) chapters.scrollTop = Number(kept);
    else chapters.querySelector("a.current")?.scrollIntoView({ block: "nearest" });
    addEventListener("pagehide", () => sessionStorage.setItem("sidebar-scroll-top", chapters.scrollTop));
  }

  const search = byId("pst-search-dialog");
  closeOutside(search);
  // A search field would take the first Escape to empty itself.
  search?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    search.close();
  });

  // The search page has a field of its own.
  function toggleSearch() {
    const field = document.querySelector(":not(#pst-search-dialog) > form.bd-search input");
    if (!field) return search.open ? search.close() : search.showModal();
    field.focus();
    field.select();
  }

  for (const button of document.querySelectorAll(".search-button__button"))
    button.addEventListener("click", toggleSearch);
  const isMac = /^(Mac|iP)/.test(navigator.platform);
  addEventListener("keydown", (event) => {
    const modifier = isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
    if (!modifier || event.shiftKey || event.altKey || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    toggleSearch();
  });
  const keys = document.querySelectorAll(".search-button__kbd-shortcut > kbd:first-child");
  if (isMac) for (const key of keys) key.textContent = "⌘";
})();
