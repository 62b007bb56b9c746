// Shows what a term means beside it: on hover, on focus, and on touch, where a second tap in the tip leads on to the
// glossary. Without scripts, or popovers, a term is a link there. A classic script: a module would not load from file://.
(() => {
  const meanings = document.querySelector(".tips");
  if (!meanings || !HTMLElement.prototype.showPopover) return;

  const DELAY = 200;
  const box = Object.assign(document.createElement("span"), { className: "tip-box", popover: "manual" });
  let term;
  let waiting;

  function show(link) {
    clearTimeout(waiting);
    if (link === term) return;
    hide();
    term = link;
    const meaning = document.getElementById(link.getAttribute("aria-describedby"));
    const more = Object.assign(document.createElement("a"), {
      href: link.href,
      textContent: meanings.dataset.more,
    });
    box.replaceChildren(...meaning.cloneNode(true).childNodes, " ", more);
    link.after(box);
    box.showPopover();
    place(link.getClientRects()[0]);
  }

  // Below the term, or above it where there is no room.
  function place({ left, top, bottom }) {
    const { offsetWidth: width, offsetHeight: height } = box;
    const below = bottom + height + 8 < innerHeight;
    box.style.left = `${Math.max(8, Math.min(left, document.documentElement.clientWidth - width - 8))}px`;
    box.style.top = `${below ? bottom + 4 : Math.max(8, top - height - 4)}px`;
  }

  function hide() {
    clearTimeout(waiting);
    if (!term) return;
    term = undefined;
    box.hidePopover();
    box.remove();
  }

  const termOf = (event) => event.target.closest?.("a.tip");
  const inside = (node) => node && (box.contains(node) || node === term);

  addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    clearTimeout(waiting);
    const link = termOf(event);
    if (link) waiting = setTimeout(show, term ? 0 : DELAY, link);
    else if (term && !inside(event.target) && !inside(document.activeElement))
      waiting = setTimeout(hide, DELAY);
  });
  addEventListener("focusin", (event) => {
    if (termOf(event)) show(termOf(event));
    else if (!inside(event.target)) hide();
  });
  addEventListener("click", (event) => {
    const link = termOf(event);
    if (link && matchMedia("(hover: none)").matches) {
      event.preventDefault();
      show(link);
    } else if (!inside(event.target)) hide();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (box.contains(document.activeElement)) term.focus();
      hide();
    }
  });
  addEventListener("scroll", hide, { passive: true });
})();
