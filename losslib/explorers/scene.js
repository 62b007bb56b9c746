// An explorer on the page: panels, sliders, buttons, readouts. It computes nothing: for the sliders' positions it
// looks up what Python tabulated, and it shows the texts that Python wrote in the reader's language.

import { createPanel, html, lookup, swatch } from "./panel.js";

const DIGIT = 6.6; // pixels of a digit beside an axis
const STEP_MS = 250; // between two steps of the play button
const QUIET_MS = 800; // without a change until a screen reader hears the new values

let labelled = 0;

function createSlider(control, i, move) {
  const id = `explorer-control-${labelled++}`;
  const value = html("span", { class: "explorer-value" });
  const range = { type: "range", id, min: 0, max: control.texts.length - 1, step: 1, "data-control": i };
  // JupyterLab would take the arrow keys for itself.
  const input = html("input", { ...range, "data-lm-suppress-shortcuts": "true" });
  input.addEventListener("input", () => move({ [i]: Number(input.value) }));
  const draw = (state) => {
    const text = control.texts[state[i]];
    input.value = state[i];
    input.setAttribute("aria-valuetext", text);
    value.textContent = text;
  };
  const label = html("label", { for: id }, control.label);
  return { box: html("div", { class: "explorer-control" }, label, value, input), draw };
}

// Moves a slider to its end step by step; a reader who asked for less motion gets one step per press.
function createPlayer({ controls, play, words }, current, move) {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const button = html("button", { type: "button", class: "explorer-play" });
  const last = controls[play].texts.length - 1;
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = still.matches ? words["next step"] : words.play;
  };
  const step = () => {
    move({ [play]: Math.min(current()[play] + 1, last) });
    if (current()[play] === last) stop();
  };
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (current()[play] === last) move({ [play]: 0 });
    else step();
    if (still.matches) return;
    timer = setInterval(step, STEP_MS);
    button.textContent = words.pause;
  });
  stop();
  return { button, stop };
}

function createReadouts({ readouts, names, words }, lengths) {
  const outputs = readouts.map((r) => {
    const output = html("output", { "data-readout": r.key, "aria-live": "off" });
    return { ...r, output, at: lookup(r.over, r.texts.split(" "), lengths) };
  });
  const columns = [...new Set(readouts.map((r) => r.column))];
  const head = columns.map((column) => html("th", { scope: "col" }, column));
  const body = [...new Set(readouts.map((r) => r.row))].map((row) => {
    const cells = columns.map((column) => {
      const found = outputs.find((r) => r.row === row && r.column === column);
      return html("td", {}, ...(found ? [found.output] : []));
    });
    const look = names[row] ? [swatch(names[row])] : [];
    const key = html("span", { class: "explorer-key" }, ...look, row);
    return html("tr", {}, html("th", { scope: "row" }, key), ...cells);
  });
  const table = html(
    "table",
    { "aria-label": words.values },
    html("thead", {}, html("tr", {}, html("td"), ...head)),
    html("tbody", {}, ...body),
  );
  const draw = (state) => {
    for (const { output, at } of outputs) output.textContent = at(state);
  };
  // Only what has changed since it was last asked: a reader who moves one slider need not hear all the others.
  let heard = [];
  const news = () => {
    const shown = outputs.map(({ row, column, output }) => {
      const said = { row, column, value: output.textContent };
      return words.news.replaceAll(/\{(\w+)\}/g, (_, part) => said[part]);
    });
    const changed = shown.filter((text, i) => text !== heard[i]);
    heard = shown;
    return changed.join(words.between);
  };
  return { table, draw, news };
}

// What the table of readouts does not name already.
function createLegend({ names, readouts, words }) {
  const rows = readouts.map((r) => r.row);
  const left = Object.keys(names).filter((name) => !rows.includes(name));
  const entries = left.map((name) => html("li", { class: "explorer-key" }, swatch(names[name]), name));
  return html("ul", { class: "explorer-legend", "aria-label": words.legend }, ...entries);
}

function createButtons(scene, current, move) {
  const player = scene.play === null ? null : createPlayer(scene, current, move);
  const reset = html("button", { type: "button" }, scene.words.reset);
  reset.addEventListener("click", () => {
    player?.stop();
    move({ ...scene.initial });
  });
  const box = html("div", { class: "explorer-buttons" }, ...(player ? [player.button] : []), reset);
  return { box, stop: () => player?.stop() };
}

// The sliders' positions, then those that follow from them, each looked up in a table over the ones before.
function createPlaces({ controls, derived }) {
  const lengths = [...controls.map(({ texts }) => texts.length), ...derived.map(({ length }) => length)];
  const found = derived.map(({ over, rows }) => lookup(over, rows, lengths));
  const follow = (state) => {
    const places = [...state];
    for (const at of found) places.push(at(places));
    return places;
  };
  return { lengths, follow };
}

function render({ model, el }) {
  const scene = model.get("scene");
  const { lengths, follow } = createPlaces(scene);
  const current = () => model.get("state");
  const move = (changes) => {
    const state = current().map((index, i) => changes[i] ?? index);
    if (state.every((index, i) => index === current()[i])) return;
    model.set("state", state);
    model.save_changes();
  };

  // One left margin for all panels, so that their plots are of one size.
  const marks = scene.panels.flatMap((panel) => panel.y.ticks.map(([, text]) => text.length));
  const margin = Math.ceil(Math.max(0, ...marks) * DIGIT) + 12;
  const panels = scene.panels.map((panel) => createPanel(panel, lengths, margin, move));
  const sliders = scene.controls.map((control, i) => createSlider(control, i, move));
  const readouts = createReadouts(scene, lengths);
  const buttons = createButtons(scene, current, move);
  const spoken = html("p", { class: "explorer-spoken", role: "status" });
  const block = (name, ...children) => html("div", { class: `explorer-${name}` }, ...children);
  const boxes = (parts) => parts.map((part) => part.box);
  const controls = block("controls", ...boxes(sliders), buttons.box);
  const root = html("div", { class: "explorer", role: "group" }, block("panels", ...boxes(panels)));
  root.append(createLegend(scene), block("desk", controls, readouts.table), spoken);
  el.append(root);

  const draw = () => {
    const places = follow(current());
    for (const part of [...panels, ...sliders, readouts]) part.draw(places);
  };
  markHandles(root);
  const observer = new ResizeObserver(() => {
    for (const panel of panels) panel.resize();
    draw();
  });
  observer.observe(root);
  draw();
  readouts.news();
  const forget = onChange(model, draw, () => spoken.replaceChildren(readouts.news()));
  return () => {
    forget();
    observer.disconnect();
    buttons.stop();
  };
}

// Whoever moves a slider with keys sees on the drawing which point moves with it.
function markHandles(root) {
  const mark = ({ target, type }) => {
    const { control } = target.dataset;
    if (control === undefined) return;
    for (const handle of root.querySelectorAll(".explorer-handle"))
      handle.classList.toggle(
        "explorer-held",
        type === "focusin" && handle.dataset.moves.split(" ").includes(control),
      );
  };
  root.addEventListener("focusin", mark);
  root.addEventListener("focusout", mark);
}

// Calls `draw` in the next frame after a change of the sliders, and `tell` once they rest.
function onChange(model, draw, tell) {
  let frame = 0;
  let quiet = 0;
  const changed = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
    clearTimeout(quiet);
    quiet = setTimeout(tell, QUIET_MS);
  };
  model.on("change:state", changed);
  return () => {
    model.off("change:state", changed);
    cancelAnimationFrame(frame);
    clearTimeout(quiet);
  };
}

export default { render };
