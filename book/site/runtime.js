// Brings the explorers of a page without a kernel to life: each figure that holds the state of one gives its place to a
// live view, as soon as the browser has read it. One that fails keeps its figure. It is called with what the
// explorers' module exports, and with the name that the states of that module carry.
({ render }, module) => {
  const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
  const figures = document.getElementsByClassName("explorer-fallback");
  const seen = new WeakSet();
  // Something follows it, or nothing more will.
  const isRead = (node) =>
    document.readyState !== "loading" || (node && (node.nextSibling !== null || isRead(node.parentNode)));

  // The part of a widget model that an explorer uses.
  class Model {
    #state;
    #listeners = new Map();
    constructor(state) {
      this.#state = state;
    }
    get(name) {
      return this.#state[name];
    }
    set(name, value) {
      this.#state[name] = value;
      for (const listener of this.#listeners.get(`change:${name}`) ?? []) listener();
    }
    save_changes() {} // there is no kernel to tell
    on(event, listener) {
      this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    }
    off(event, listener) {
      this.#listeners.set(
        event,
        (this.#listeners.get(event) ?? []).filter((other) => other !== listener),
      );
    }
  }

  // The figure stays where it is until the view is ready to take its place.
  function replace(figure, state) {
    const el = document.createElement("div");
    render({ model: new Model(state), el });
    const named = figure.matches("[aria-label]") ? figure : figure.querySelector("[aria-label]");
    if (named) el.firstElementChild.setAttribute("aria-label", named.getAttribute("aria-label"));
    figure.replaceWith(el);
  }

  function enliven() {
    for (const figure of [...figures].filter((each) => !seen.has(each) && isRead(each))) {
      seen.add(figure);
      try {
        const tag = figure.querySelector(STATE);
        const state = tag && JSON.parse(tag.textContent);
        if (state?.module === module) replace(figure, state);
      } catch (error) {
        console.error(error);
      }
    }
  }

  function follow() {
    enliven();
    if (document.readyState === "loading") requestAnimationFrame(follow);
  }

  document.addEventListener("DOMContentLoaded", enliven);
  follow();
};
