// For readers with keys only, a box that scrolls can be reached; and paper is white, whatever the screen is.
// A classic script: a module would not load from file://.
(() => {
  const boxes = "pre, .katex-display, .cell_output .output, .pst-scrollable-table-container";
  const scrolls = (box) => box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;

  // An observer hears of boxes that fold out, too, and asks for no layout of what is out of sight.
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries)
      if (scrolls(target)) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
  });
  for (const box of document.querySelectorAll(boxes)) observer.observe(box);

  const { dataset } = document.documentElement;
  const print = matchMedia("print");
  let theme = dataset.theme;
  print.addEventListener("change", () => {
    if (print.matches) theme = dataset.theme;
    dataset.theme = print.matches ? "light" : theme;
  });
})();
