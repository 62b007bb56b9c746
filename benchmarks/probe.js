// Runs in a page before anything of its own: notes what the reader sees and when, in milliseconds.
(() => {
  const PATIENCE = 120_000;
  const notes = { largest: 0, shifts: [], tasks: [], explorers: [], reactions: [] };
  window.notes = notes;
  const watch = (type, note) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
  watch("largest-contentful-paint", (e) => {
    notes.largest = e.startTime;
  });
  watch("layout-shift", (e) => {
    if (!e.hadRecentInput) notes.shifts.push([e.startTime, e.value]);
  });
  watch("longtask", (e) => notes.tasks.push([e.startTime, e.duration]));

  // A task posted while a frame is made runs once it is painted.
  const painted = (then) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => then(performance.now());
    port2.postMessage(null);
  };

  // Playwright's own way to wait needs eval, which the site's policy forbids.
  window.until = (condition) =>
    new Promise((resolve, reject) => {
      const look = () => {
        if (condition()) resolve();
        else if (performance.now() > PATIENCE)
          reject(new Error(`${PATIENCE} ms went by without ${condition}`));
        else requestAnimationFrame(look);
      };
      look();
    });

  const explorers = document.getElementsByClassName("explorer");
  new MutationObserver(() => {
    while (notes.explorers.length < explorers.length) notes.explorers.push(performance.now());
  }).observe(document, { childList: true, subtree: true });

  const readouts = () =>
    [...(explorers[0]?.querySelectorAll("output") ?? [])].map((each) => each.textContent);
  window.showsValues = () => readouts().length > 0 && readouts().every(Boolean);

  // From here on a key moves the first slider of the first explorer, and changes of its readouts are noted: when the
  // key was pressed, and when the reader saw the change. Returns a key that moves the slider, and one that moves it back.
  window.watchReadouts = () => {
    const [explorer] = explorers;
    const slider = explorer.querySelector("input[type=range]");
    let [pressed, before] = [null, ""];
    const press = (event) => {
      [pressed, before] = [event.timeStamp, readouts().join()];
    };
    explorer.addEventListener("keydown", press, true);
    new MutationObserver(() => {
      if (pressed === null || readouts().join() === before) return;
      const start = pressed;
      pressed = null;
      painted((end) => notes.reactions.push([start, end]));
    }).observe(explorer, { childList: true, characterData: true, subtree: true });
    slider.focus({ preventScroll: true });
    const keys = ["ArrowRight", "ArrowLeft"];
    return slider.value === slider.max ? keys.reverse() : keys;
  };
})();
