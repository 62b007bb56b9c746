// Runs in a page before anything of its own: notes what the reader sees and when, in milliseconds.
(() => {
  const PATIENCE = 120_000;
  const INTERVAL = 10;
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
        else setTimeout(look, INTERVAL);
      };
      look();
    });

  // An explorer is ready when it is drawn and the sections of the page are no longer held back. To be told of every
  // element instead would slow the reading of a page by a tenth.
  const explorers = document.getElementsByClassName("explorer");
  const held = () => document.documentElement?.hasAttribute("data-waiting");
  const note = () => {
    while (notes.explorers.length < explorers.length && !held()) notes.explorers.push(performance.now());
  };
  const watched = new MutationObserver(() => {
    watched.observe(document.documentElement, { attributes: true });
    note();
  });
  watched.observe(document, { childList: true });
  addEventListener("DOMContentLoaded", note);
  setInterval(note, INTERVAL);

  window.showsValues = () => {
    const values = [...(explorers[0]?.querySelectorAll("output") ?? [])].map((each) => each.textContent);
    return values.length > 0 && values.every(Boolean) && !held();
  };

  // From here on a key moves the first slider of an explorer, and what that draws is noted: when the key was pressed,
  // when the frame began that shows the change, and when the reader saw it. An explorer draws all that depends on a
  // slider together with the slider's text. Returns a key that moves the slider, and one that moves it back.
  window.watchSlider = (number) => {
    const slider = explorers[number].querySelector("input[type=range]");
    let [pressed, frame] = [null, 0];
    const press = (event) => {
      pressed = event.timeStamp;
      requestAnimationFrame(() => {
        frame = performance.now();
      });
    };
    slider.addEventListener("keydown", press, true);
    new MutationObserver(() => {
      if (pressed === null) return;
      const [start, drawn] = [pressed, frame];
      pressed = null;
      painted((end) => notes.reactions.push([start, drawn, end]));
    }).observe(slider, { attributeFilter: ["aria-valuetext"] });
    slider.focus({ preventScroll: true });
    const keys = ["ArrowRight", "ArrowLeft"];
    return slider.value === slider.max ? keys.reverse() : keys;
  };
})();
