// Menus that fold out of the bar above a page: they need no script to open, and with it close as menus do.
for (const menu of document.querySelectorAll("details.bar-menu")) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
