// The theme's buttons that print and fill the screen; the site's policy allows no code in their attributes.
document.addEventListener("click", (event) => {
  const action = event.target.closest("[data-action]")?.dataset.action;
  if (action === "print") window.print();
  if (action !== "fullscreen") return;
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
});
