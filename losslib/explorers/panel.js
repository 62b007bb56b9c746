// One pair of axes and what stands in it: looks up the coordinates that Python tabulated and draws them as SVG.
// They arrive as whole numbers, STEPS to an axis, each less the one before (see encoding.py).

const STEPS = 4000;
const MARGIN = { top: 26, right: 14, bottom: 44 };
const DASHES = ["", "8 4", "9 3 2 3", "2 3", "6 2 1 2 1 2", "2 2"];

let panels = 0;

function create(namespace, name, attributes, children) {
  const node = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
const svg = (name, attributes = {}, ...children) =>
  create("http://www.w3.org/2000/svg", name, attributes, children);
export const html = (name, attributes = {}, ...children) =>
  create("http://www.w3.org/1999/xhtml", name, attributes, children);

// The row of a table for the sliders' positions. The last slider of `over` runs fastest.
export function lookup(over, rows, lengths) {
  return (state) => rows[over.reduce((row, control) => row * lengths[control] + state[control], 0)];
}

function decode({ deltas, size }) {
  let sum = 0;
  const rows = Array.from({ length: deltas.length / size }, () => []);
  for (const [i, delta] of deltas.entries()) {
    if (delta !== null) sum += delta;
    rows[Math.floor(i / size)].push(delta === null ? Number.NaN : sum / STEPS);
  }
  return rows;
}

// What each kind of element draws at its pixels, as the `d` of a path; null coordinates are left out.
const circle = (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
const each = (names, outline) => (e, pixels) => {
  const places = pixels[names[0]].map((_, i) => names.map((name) => pixels[name][i]));
  return places.map((place) => (place.some(Number.isNaN) ? "" : outline(e, ...place))).join("");
};
const CORNERS = ["x0", "y0", "x1", "y1"];
const outlines = {
  curve: (_, { x, y }) => {
    let pen = "M";
    const parts = x.map((_, i) => {
      const gap = Number.isNaN(x[i] + y[i]);
      const part = gap ? "" : `${pen}${x[i]} ${y[i]}`;
      pen = gap ? "M" : "L";
      return part;
    });
    return parts.join("");
  },
  points: each(["x", "y"], (e, x, y) => circle(x, y, e.size)),
  rects: each(CORNERS, (_, x0, y0, x1, y1) => `M${x0} ${y0}H${x1}V${y1}H${x0}z`),
  ellipses: each(CORNERS, (_, x0, y0, x1, y1) => {
    const arc = `a${Math.abs(x1 - x0) / 2} ${Math.abs(y1 - y0) / 2} 0 1 0`;
    return `M${x0} ${(y0 + y1) / 2}${arc} ${x1 - x0} 0${arc} ${x0 - x1} 0z`;
  }),
  segments: each(CORNERS, (e, x0, y0, x1, y1) => {
    const angle = Math.atan2(y1 - y0, x1 - x0);
    const barb = (turn) => `${x1 - 9 * Math.cos(angle + turn)} ${y1 - 9 * Math.sin(angle + turn)}`;
    return `M${x0} ${y0}L${x1} ${y1}${e.arrow ? `M${barb(0.45)}L${x1} ${y1}L${barb(-0.45)}` : ""}`;
  }),
};

const ink = (e) => (e.color === null ? "var(--explorer-ink)" : `var(--explorer-${e.color})`);

function style(e) {
  const filled = e.fill || (e.kind === "points" && !e.hollow);
  const empty = e.hollow ? "var(--explorer-paper)" : "none";
  return {
    style: filled ? `fill:${ink(e)};stroke:none` : `fill:${empty};stroke:${ink(e)}`,
    "stroke-width": e.width ?? 2,
    "stroke-dasharray": DASHES[e.dash ?? 0],
    opacity: e.opacity,
  };
}

// The look of an element, small, for legends.
export function swatch(e) {
  const dots = { points: circle(15, 6, Math.min(e.size, 5)), handle: circle(15, 6, 5) };
  const d = dots[e.kind] ?? (e.fill ? "M6 1H24V11H6z" : "M1 6H29");
  const box = { class: "explorer-swatch", width: 30, height: 12, "aria-hidden": "true" };
  return svg("svg", box, svg("path", { ...style(e), d }));
}

// `left` is the room for the texts beside the axis; `move({control: index, ...})` is called while a handle is dragged.
export function createPanel(panel, lengths, left, move) {
  const plot = { left, top: MARGIN.top, width: 0, height: 0 };
  const axes = svg("g", { class: "explorer-axes" });
  // Lines end at the axes, dots may stand on them, handles are never cut.
  const clips = [0, 8].map((room) => ({ room, node: svg("clipPath", { id: `explorer-clip-${panels++}` }) }));
  const [lines, dots] = clips.map(({ node }) => svg("g", { "clip-path": `url(#${node.id})` }));
  const layers = { lines, points: dots, handle: svg("g") };
  const name = [panel.y.label, panel.x.label].filter(Boolean).join(", ");
  // a panel without axes is told by the name of the explorer
  const told = name ? { role: "img", "aria-label": name } : { "aria-hidden": true };
  const root = svg("svg", told, ...clips.map(({ node }) => node), axes);
  root.append(...Object.values(layers));
  const box = html("div", { class: "explorer-panel" }, root);
  // as high as it will be, before anything is measured: what stands below does not move
  const [beside, above] = [left + MARGIN.right, MARGIN.top + MARGIN.bottom];
  root.style.height = `calc((100cqw - ${beside}px) * ${panel.height} + ${above}px)`;

  const draws = panel.elements.map((e) => {
    const kinds = { handle: createHandle, text: createText, picture: createPicture };
    const node = kinds[e.kind]?.(e, plot, root, move) ?? svg("path", style(e));
    (layers[e.kind] ?? lines).append(node);
    return drawing(e, node, plot, lengths);
  });

  function resize() {
    plot.width = Math.max(box.clientWidth - beside, 1);
    plot.height = Math.round(plot.width * panel.height);
    const height = plot.height + above;
    const size = { width: box.clientWidth, height, viewBox: `0 0 ${box.clientWidth} ${height}` };
    for (const [key, value] of Object.entries(size)) root.setAttribute(key, value);
    root.style.height = "";
    for (const { room, node } of clips) {
      const corner = { x: left - room, y: plot.top - room };
      const extent = { width: plot.width + 2 * room, height: plot.height + 2 * room };
      node.replaceChildren(svg("rect", { ...corner, ...extent }));
    }
    axes.replaceChildren(...drawAxes(panel, plot));
  }
  const draw = (state) => {
    for (const drawElement of draws) drawElement(state);
  };
  return { box, draw, resize };
}

// From a fraction of an axis to pixels.
const toPixels = {
  x: (plot, v) => Math.round(10 * (plot.left + v * plot.width)) / 10,
  y: (plot, v) => Math.round(10 * (plot.top + (1 - v) * plot.height)) / 10,
};

// The function that moves an element to where it is at the sliders' positions.
function drawing(e, node, plot, lengths) {
  const names = Object.keys(e).filter((key) => /^[xy]\d?$/.test(key));
  const rows = names.map((key) => lookup(e[key].over, decode(e[key]), lengths));
  const shown = e.pictures && lookup(e.shown.over, e.shown.rows, lengths);
  return (state) => {
    const last = e.upto === undefined ? undefined : state[e.upto] + 1;
    const pixels = {};
    for (const [i, key] of names.entries()) {
      const row = rows[i](state).slice(0, last);
      pixels[key] = row.map((v) => toPixels[key[0]](plot, v));
    }
    if (shown) placePicture(node, pixels, e.pictures[shown(state)]);
    else if (outlines[e.kind]) node.setAttribute("d", outlines[e.kind](e, pixels));
    else
      for (const [i, child] of [...node.children].entries())
        child.setAttribute("transform", `translate(${pixels.x[i]} ${pixels.y[i]})`);
  };
}

function placePicture(node, { x0, y0, x1, y1 }, href) {
  const place = { x: x0[0], y: y1[0], width: x1[0] - x0[0], height: y0[0] - y1[0], href };
  for (const [key, value] of Object.entries(place)) node.setAttribute(key, value);
}

function drawAxes(panel, plot) {
  const [left, right] = [plot.left, plot.left + plot.width];
  const [top, bottom] = [plot.top, plot.top + plot.height];
  const xs = panel.x.ticks.map(([v, words]) => [toPixels.x(plot, v), words]);
  const ys = panel.y.ticks.map(([v, words]) => [toPixels.y(plot, v), words]);
  const line = (kind, d) => svg("path", { class: `explorer-${kind}`, d });
  const text = (words, attributes) => svg("text", attributes, words);
  const label = { class: "explorer-label" };
  return [
    ...xs.map(([x]) => line("grid", `M${x} ${top}V${bottom}`)),
    ...ys.map(([y]) => line("grid", `M${left} ${y}H${right}`)),
    line("spine", `M${left} ${top}V${bottom}H${right}`),
    ...xs.map(([x, words]) => text(words, { x, y: bottom + 20, "text-anchor": "middle" })),
    ...ys.map(([y, words]) => text(words, { x: left - 7, y: y + 4, "text-anchor": "end" })),
    text(panel.x.label, { ...label, x: right, y: bottom + 39, "text-anchor": "end" }),
    text(panel.y.label, { ...label, x: 2, y: 14 }),
  ];
}

function createText(e) {
  const look = { "text-anchor": e.anchor, dy: "0.35em", style: `fill:${ink(e)}`, opacity: e.opacity };
  return svg("g", {}, ...Array.from({ length: e.x.size }, () => svg("text", look, e.text)));
}

function createPicture(e) {
  return svg("image", { preserveAspectRatio: "none", opacity: e.opacity });
}

// A point to drag: the pointer's place snaps to the nearest values of the sliders that it moves.
function createHandle(e, plot, root, move) {
  const circles = { reach: 22, ring: 8, grip: 2 };
  const dots = Object.entries(circles).map(([name, r]) => svg("circle", { r, class: `explorer-${name}` }));
  const moves = Object.values(e.drag).join(" ");
  const node = svg("g", { class: "explorer-handle", "data-moves": moves }, svg("g", {}, ...dots));
  // A finger that moves across the direction of a one-way handle still scrolls the page.
  const ways = Object.keys(e.drag).join("");
  node.style.touchAction = { x: "pan-y", y: "pan-x" }[ways] ?? "none";
  node.style.cursor = { "pan-y": "ew-resize", "pan-x": "ns-resize", none: "move" }[node.style.touchAction];
  const places = { x: decode(e.x).flat(), y: decode(e.y).flat() };
  const drags = Object.entries(e.drag);
  const nearest = (distances) => distances.indexOf(Math.min(...distances));
  const pixels = { x: () => plot.width, y: () => plot.height };
  const away = (axis, wanted) => places[axis].map((place) => (place - wanted[axis]) * pixels[axis]());
  const chosen = (axis, wanted) => {
    if (axis !== "along") return nearest(away(axis, wanted).map(Math.abs));
    const dy = away("y", wanted);
    return nearest(away("x", wanted).map((dx, i) => Math.hypot(dx, dy[i])));
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button === 0) node.setPointerCapture(event.pointerId);
    event.preventDefault(); // else a drag selects text
  });
  node.addEventListener("pointermove", (event) => {
    if (!node.hasPointerCapture(event.pointerId)) return;
    const corner = root.getBoundingClientRect();
    const wanted = {
      x: (event.clientX - corner.left - plot.left) / plot.width,
      y: 1 - (event.clientY - corner.top - plot.top) / plot.height,
    };
    move(Object.fromEntries(drags.map(([axis, control]) => [control, chosen(axis, wanted)])));
  });
  return node;
}
