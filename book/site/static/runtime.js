// Brings the explorers of a page without a kernel to life: reads the widget state that the build left in the page
// and puts a live view in the place of each figure. A widget of another kind, or one that fails, keeps its figure.
(() => {
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
  const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';

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
    window.losslibModules[state._esm.module].render({ model: new Model(state), el });
    const named = figure.matches("[aria-label]") ? figure : figure.querySelector("[aria-label]");
    if (named) el.firstElementChild.setAttribute("aria-label", named.getAttribute("aria-label"));
    figure.replaceWith(el);
  }

  const states = [...document.querySelectorAll(STATE)].map((tag) => JSON.parse(tag.textContent).state);
  const models = Object.assign({}, ...states);
  for (const tag of document.querySelectorAll(VIEW)) {
    const state = models[JSON.parse(tag.textContent).model_id]?.state;
    const figure = tag.closest(".explorer-fallback");
    if (!figure || !state?._esm?.module) continue;
    try {
      replace(figure, state);
    } catch (error) {
      console.error(error);
    }
  }
  document.documentElement.dataset.explorersReady = Math.round(performance.now());
})();
