// Light or dark: the button leads from the system's choice to the opposite and on, and the choice is kept.
(() => {
  const { dataset } = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  function show() {
    const chosen = system.matches ? "dark" : "light";
    dataset.theme = dataset.mode === "auto" ? chosen : dataset.mode;
  }

  function next() {
    const modes = system.matches ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
    dataset.mode = modes[(modes.indexOf(dataset.mode) + 1) % modes.length];
    localStorage.setItem("mode", dataset.mode);
    localStorage.setItem("theme", dataset.mode); // the theme reads it before it paints
    show();
  }

  system.addEventListener("change", show);
  for (const button of document.querySelectorAll(".theme-switch-button"))
    button.addEventListener("click", next);
})();
