// For readers with keys only, a box that scrolls can be reached; and paper is white, whatever the screen is.
// A classic script: a module would not load from file://.
(() => {
  const boxes = "pre, .katex-display, .cell_output .output, .pst-scrollable-table-container";
  const scrolls = (box) => box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;

  // An observer hears of boxes that fold out, too, and asks for no layout of what is out of sight. A formula grows when
  // its fonts come, and its box does not.
  const observer = new ResizeObserver((entries) => {
    const found = new Set(entries.map(({ target }) => target.closest(boxes)));
    const wide = new Set([...found].filter(scrolls)); // before anything changes, so that all is laid out once
    for (const box of found)
      if (wide.has(box)) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
  });
  for (const part of document.querySelectorAll(`${boxes}, .katex-display .base`)) observer.observe(part);

  const { dataset } = document.documentElement;
  const print = matchMedia("print");
  let theme = dataset.theme;
  print.addEventListener("change", () => {
    if (print.matches) theme = dataset.theme;
    dataset.theme = print.matches ? "light" : theme;
  });
})();
