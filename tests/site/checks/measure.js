// What a page looks like to its reader, measured in the browser for rendering.py. Each of the measures at the end
// returns a list of sentences, one for each thing that is wrong.

const SLACK = 1.5; // pixels of rounding and of letters that reach over their box
const INVISIBLE = ".katex-mathml, .visually-hidden, .explorer-spoken, script, style, noscript";

/** The function with its answers kept. */
function memoized(answer) {
  const known = new Map();
  return (question) => {
    if (!known.has(question)) known.set(question, answer(question));
    return known.get(question);
  };
}

const sample = (text) => JSON.stringify(text.trim().replaceAll(/\s+/g, " ").slice(0, 50));

const isShown = (element) =>
  element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.closest(INVISIBLE);

/** Every piece of text that is drawn: its node and the element it stands in. */
function shownTexts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.data.trim() && isShown(node.parentElement)) found.push({ node, element: node.parentElement });
  }
  return found;
}

function* ancestors(element) {
  for (let e = element; e; e = e.parentElement) yield e;
}

/** How a message names an element. */
const tag = (element) => {
  const names = element.getAttribute("class");
  return `<${element.tagName.toLowerCase()}${names ? ` class="${names}"` : ""}>`;
};

const scrolls = (style) => ["auto", "scroll"].includes(style.overflowX);
const clips = (style) => ["hidden", "clip"].includes(style.overflowX);

function boxOf(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  return range.getBoundingClientRect();
}

/** What is wider than the window, and what sticks out of it without a box that scrolls. */
function overflowing() {
  const width = document.documentElement.clientWidth;
  const found = [];
  if (document.documentElement.scrollWidth > width)
    found.push(`the page is ${document.documentElement.scrollWidth} pixels wide in a window of ${width}`);
  for (const element of document.body.querySelectorAll("*")) {
    const box = element.getBoundingClientRect();
    if (box.right <= width + SLACK && box.left >= -SLACK) continue;
    if (!isShown(element) || box.width < 2) continue;
    const boxes = [...ancestors(element.parentElement)].map((e) => getComputedStyle(e));
    if (boxes.some((style) => scrolls(style) || clips(style))) continue;
    found.push(`${tag(element)} reaches from ${box.left} to ${box.right}`);
  }
  return found;
}

/** The boxes that cut off what reaches out of an element; none beyond a box that scrolls. */
const frames = memoized((element) => {
  if (!element) return [];
  const style = getComputedStyle(element);
  if (scrolls(style)) return [];
  const outer = frames(element.parentElement);
  return clips(style) ? [{ element, box: element.getBoundingClientRect() }, ...outer] : outer;
});

/** Text that is cut off by a box that does not scroll, or that sticks out of its button. */
function cutTexts() {
  const found = [];
  for (const { node, element } of shownTexts()) {
    const text = boxOf(node);
    const middle = (text.top + text.bottom) / 2;
    const frame = frames(element).find(
      ({ box }) =>
        text.right > box.right + SLACK ||
        text.left < box.left - SLACK ||
        middle < box.top ||
        middle > box.bottom,
    );
    if (frame) found.push(`${sample(node.data)} is cut off by ${tag(frame.element)}`);
  }
  for (const button of document.querySelectorAll("button, summary, a.btn, label"))
    if (isShown(button) && button.clientWidth && button.scrollWidth > button.clientWidth + SLACK)
      found.push(`${sample(button.textContent)} sticks out of its ${tag(button)}`);
  return found;
}

const canvas = document.createElement("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });

/** Any colour of CSS as red, green, blue from 0 to 255, and alpha from 0 to 1. */
const colour = memoized((css) => {
  canvas.width = canvas.height = 1;
  pen.fillStyle = css;
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
  return { rgb: [r, g, b], alpha: a / 255 };
});

const over = (front, alpha, back) => front.map((v, i) => alpha * v + (1 - alpha) * back[i]);

/** What the browser paints under a page that paints nothing, light or dark. */
function paper() {
  const probe = document.createElement("i");
  probe.style.backgroundColor = "Canvas";
  document.body.append(probe);
  const { rgb } = colour(getComputedStyle(probe).backgroundColor);
  probe.remove();
  return rgb;
}

/** The colour behind an element, and how much of itself shows. */
const backdrop = memoized((element) => {
  if (!element) return { rgb: paper(), opacity: 1 };
  const { rgb, opacity } = backdrop(element.parentElement);
  const style = getComputedStyle(element);
  const layer = colour(style.backgroundColor);
  return { rgb: over(layer.rgb, layer.alpha, rgb), opacity: opacity * Number(style.opacity) };
});

function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => {
    const part = v / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

/** Text whose colour is too near to the one behind it: below 4.5 to 1, or 3 to 1 for large text. */
function faintTexts() {
  const found = new Map();
  for (const { node, element } of shownTexts()) {
    const style = getComputedStyle(element);
    const isDrawn = element instanceof SVGElement;
    const { rgb, alpha } = colour(isDrawn ? style.fill : style.color);
    const back = backdrop(element);
    const ratio = contrast(over(rgb, alpha * back.opacity, back.rgb), back.rgb);
    const size = Number.parseFloat(style.fontSize);
    const isLarge = !isDrawn && (size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700));
    if (ratio >= (isLarge ? 3 : 4.5)) continue;
    const pair = `${isDrawn ? style.fill : style.color} on ${back.rgb.map(Math.round)}`;
    if (!found.has(pair))
      found.set(pair, `${sample(node.data)} in ${tag(element)}: contrast ${ratio.toFixed(2)}, ${pair}`);
  }
  return [...found.values()];
}

function drawn(character, font) {
  canvas.width = canvas.height = 28;
  pen.font = font;
  pen.fillText(character, 2, 22);
  return pen.getImageData(0, 0, 28, 28).data.join();
}

/** Characters that the fonts of the page draw like ones that no font has. */
function missingGlyphs() {
  const used = new Map();
  for (const { node, element } of shownTexts()) {
    const style = getComputedStyle(element);
    const font = `${style.fontStyle} ${style.fontWeight} 20px ${style.fontFamily}`;
    if (!used.has(font)) used.set(font, new Set());
    for (const character of node.data) used.get(font).add(character);
  }
  const found = [];
  for (const [font, characters] of used) {
    const boxes = new Set(["\u{10FFFE}", "\u0378", "\uFFFF"].map((nothing) => drawn(nothing, font)));
    for (const character of characters)
      if (!/[\p{Cc}\p{Cf}\p{M}\p{Z}]/u.test(character) && boxes.has(drawn(character, font)))
        found.push(`no glyph for ${character} (U+${character.codePointAt(0).toString(16)}) in ${font}`);
  }
  return found;
}

/** Blocks of code without a button that copies them. */
function uncopiable() {
  const blocks = [...document.querySelectorAll("article div.highlight")];
  const bare = blocks.filter((block) => isShown(block) && !block.querySelector("button.copybtn"));
  return bare.map((block) => `no button copies ${sample(block.textContent)}`);
}

globalThis.measures = { overflowing, cutTexts, faintTexts, missingGlyphs, uncopiable };
