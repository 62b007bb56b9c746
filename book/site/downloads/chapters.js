// A page of the site as paper and e-readers show it: all is unfolded, answers stand at the end of the chapter, and
// nothing needs a script. chapters.py calls `chapter` for one page after the other.

// what only the site needs
const EXTRA = "script, button, .headerlink, .toctree-wrapper, .downloads, .tips";

/** A new element; attributes that are undefined are left out. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The element with another tag. */
function renamed(element, tag, attributes = {}) {
  const fresh = make(tag, {
    ...Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value])),
    ...attributes,
  });
  fresh.append(...element.childNodes);
  element.replaceWith(fresh);
  return fresh;
}

/** Hidden code is left out where it only draws or checks, and belongs to the solution before it in an exercise. */
function placeHiddenCode(article) {
  for (const cell of article.querySelectorAll(".cell.tag_hide-input"))
    cell.querySelector("details")?.remove();
  for (const cell of article.querySelectorAll(".cell.tag_hide-cell")) {
    let before = cell.previousElementSibling;
    while (before?.matches(".cell")) before = before.previousElementSibling;
    if (before?.matches("details.solution") && cell.closest("#exercises"))
      before.append(...cell.querySelectorAll(".cell_input, .cell_output"));
    cell.remove();
  }
}

/** The number and the text of the question that stands before an answer: in bold, or as the section's heading. */
function questionOf(answer) {
  for (let before = answer.previousElementSibling; before; before = before.previousElementSibling) {
    const text = before.matches("p, h3") ? (before.querySelector("strong") ?? before).textContent : "";
    if (/^\d+\./.test(text)) return { question: before, number: Number.parseInt(text, 10) };
  }
  throw new Error(
    `expected a numbered question before "${answer.textContent.trim().slice(0, 60)}", found none`,
  );
}

/** Links question and answer with each other; returns what stands among the answers. */
function answered(question, number, key, words, content) {
  question.id ||= `question-${key}-${number}`;
  question.after(
    make("p", { class: "to-answer" }, make("a", { href: `#answer-${key}-${number}` }, words.answer)),
  );
  const back = make("a", { href: `#${question.id}` }, `${number}.`);
  const label = make("p", { class: "number" }, back);
  return make("div", { class: "answered", id: `answer-${key}-${number}` }, label, ...content);
}

/** The options stay with the question, lettered; verdicts and reasons go to the answers under the same letters. */
function takeChoices(section, words) {
  const found = [];
  for (const first of section.querySelectorAll("details.answer")) {
    if (!first.isConnected || first.previousElementSibling?.matches("details.answer")) continue;
    const group = [first];
    while (group.at(-1).nextElementSibling?.matches("details.answer"))
      group.push(group.at(-1).nextElementSibling);
    const { question, number } = questionOf(first);
    const options = make("ol", { class: "options", type: "A" });
    const reasons = make("ol", { class: "options", type: "A" });
    first.before(options);
    for (const answer of group) {
      options.append(make("li", {}, ...answer.querySelector("summary").childNodes));
      answer.querySelector("summary").remove();
      reasons.append(make("li", { class: answer.className }, ...answer.childNodes));
      answer.remove();
    }
    found.push(answered(question, number, section.id, words, [reasons]));
    options.after(question.nextElementSibling); // the link to the answer
  }
  return found;
}

function takeSolutions(section, words) {
  return [...section.querySelectorAll("details.solution")].map((solution) => {
    const { question, number } = questionOf(solution);
    solution.querySelector("summary").remove();
    const entry = answered(question, number, section.id, words, [...solution.childNodes]);
    solution.replaceWith(question.nextElementSibling); // by the link to the answer
    return entry;
  });
}

/** Moves the answers of quiz and exercises to a section of their own, before the references. */
function collectAnswers(article, words) {
  const parts = [
    ["quiz", takeChoices],
    ["exercises", takeSolutions],
  ].flatMap(([id, take]) => {
    const section = article.querySelector(`#${id}`);
    const entries = section ? take(section, words) : [];
    if (!entries.length) return [];
    return [make("section", {}, make("h3", {}, section.querySelector("h2").textContent), ...entries)];
  });
  if (!parts.length) return;
  const answers = make("section", { id: "answers" }, make("h2", {}, words.answers), ...parts);
  const references = article.querySelector("#references");
  if (references) references.before(answers);
  else article.firstElementChild.append(answers);
}

/** What else folds out stands open, with its summary as a heading of its own. */
function unfold(article) {
  for (const details of [...article.querySelectorAll("details")].reverse()) {
    renamed(details.querySelector(":scope > summary"), "p", { class: "summary" });
    renamed(details, "div");
  }
}

/** An explorer is its figure; a note says where it moves. */
function stillExplorers(article, address, words) {
  for (const explorer of article.querySelectorAll(".explorer-fallback")) {
    const figure = explorer.closest("figure[id]");
    const svg = explorer.querySelector("svg");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", explorer.getAttribute("aria-label") ?? figure.textContent.trim());
    explorer.removeAttribute("role");
    explorer.removeAttribute("aria-label");
    renamed(explorer, "div");
    const note = address ? make("a", { href: `${address}#${figure.id}` }, words.live) : words.live;
    figure.querySelector("figcaption").append(make("p", { class: "live" }, note));
  }
}

/** KaTeX leaves the sign of a function's application, after max in an index, where MathML wants one element alone. */
function repair(math) {
  for (const mark of math.querySelectorAll(":is(mfrac, msub, msup, msubsup, munder, mover, munderover) > mo"))
    if (mark.textContent === "\u2061") mark.remove();
  return math;
}

/** E-readers set MathML; a browser prints what KaTeX has set. */
function chooseMath(article, medium) {
  for (const formula of article.querySelectorAll(".katex")) {
    const mathml = formula.querySelector(".katex-mathml");
    if (medium === "epub") formula.replaceWith(repair(mathml.querySelector("math")));
    else {
      mathml.remove();
      formula.querySelector(".katex-html").removeAttribute("aria-hidden");
    }
  }
}

/** Colours of the site's figures are variables with a fallback; e-readers know the fallback alone. */
function fixColours(article) {
  for (const element of article.querySelectorAll("[style*='var(']"))
    element.setAttribute(
      "style",
      element.getAttribute("style").replaceAll(/var\(--[\w-]+,\s*([^()]+)\)/g, "$1"),
    );
}

/** Leads links to the place in the book or on the web that they mean; those that lead nowhere become text. */
function redirect(article, page, { slugs, site, language, medium }) {
  const root = "http://book.invalid/";
  const own = `${root}${language}/${page}.html`;
  const place = (target, id) => {
    if (medium === "epub") return target === page ? `#${id}` : `${slugs[target]}.xhtml${id && `#${id}`}`;
    return `#${slugs[target]}${id && `--${id}`}`;
  };
  for (const link of article.querySelectorAll("a[href]")) {
    const url = new URL(link.getAttribute("href"), own);
    link.setAttribute("href", url.href); // with what addresses may not hold escaped
    if (url.origin !== new URL(root).origin) continue;
    const path = decodeURIComponent(url.pathname.slice(1));
    const target = path.replace(`${language}/`, "").replace(/\.html$/, "");
    if (target in slugs) link.setAttribute("href", place(target, decodeURIComponent(url.hash.slice(1))));
    else if (site) link.setAttribute("href", `${site}/${path}${url.hash}`);
    else link.replaceWith(...link.childNodes);
  }
  for (const picture of article.querySelectorAll("image, img")) {
    const name = picture.localName === "img" ? "src" : "xlink:href";
    const source = picture.getAttribute(name);
    if (source && !source.startsWith("data:"))
      picture.setAttribute(
        name,
        medium === "epub" ? `pictures/${source.split("/").at(-1)}` : new URL(source, own).pathname,
      );
  }
}

/** Ids that stay unique in one document of all chapters, and headings below those of the part. */
function joinBook(article, slug, depth) {
  for (const element of article.querySelectorAll("[id]"))
    if (!element.closest("svg")) element.id = `${slug}--${element.id}`;
  for (const heading of article.querySelectorAll("h1, h2, h3, h4"))
    renamed(heading, `h${Number(heading.localName[1]) + depth}`, { class: `level-${heading.localName[1]}` });
}

/** A page of the site, given as HTML, as a chapter: its XHTML, title, and headings of the first two levels. */
// biome-ignore lint/correctness/noUnusedVariables: chapters.py calls it
function chapter(html, page, options) {
  const { slugs, site, language, words, medium } = options;
  const article = new DOMParser().parseFromString(html, "text/html").querySelector("article");
  document.body.replaceChildren(article); // in a document, so that addresses and positions can be asked for
  for (const extra of article.querySelectorAll(EXTRA)) extra.remove();
  for (const term of article.querySelectorAll("a.tip")) term.removeAttribute("aria-describedby");
  placeHiddenCode(article);
  collectAnswers(article, words);
  unfold(article);
  stillExplorers(article, site && `${site}/${language}/${page}.html`, words);
  chooseMath(article, medium);
  fixColours(article);
  redirect(article, page, options);
  if (medium === "pdf") joinBook(article, slugs[page], options.depth);
  const headings = [...article.querySelectorAll(medium === "pdf" ? ".level-1, .level-2" : "h1, h2")].map(
    (heading) => ({
      text: heading.textContent,
      id: heading.closest("section").id,
      level: Number((heading.className || heading.localName).at(-1)),
    }),
  );
  const serializer = new XMLSerializer();
  const xhtml = [...article.childNodes].map((node) => serializer.serializeToString(node)).join("");
  return { title: article.querySelector("h1, h2").textContent, xhtml, headings };
}
