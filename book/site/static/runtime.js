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

  // Modules arrive as text from explorers.js, since a page opened as a file may not import files.
  const modules = new Map();
  function load(key) {
    if (!modules.has(key)) {
      const text = new Blob([window.losslibModules[key]], { type: "text/javascript" });
      modules.set(key, import(URL.createObjectURL(text)));
    }
    return modules.get(key);
  }

  async function replace(figure, state) {
    const { default: widget } = await load(state._esm.module);
    const el = document.createElement("div");
    const named = figure.matches("[aria-label]") ? figure : figure.querySelector("[aria-label]");
    figure.before(el);
    widget.render({ model: new Model(state), el });
    if (named) el.firstElementChild.setAttribute("aria-label", named.getAttribute("aria-label"));
    figure.remove();
  }

  async function start() {
    const states = [...document.querySelectorAll(STATE)].map((tag) => JSON.parse(tag.textContent).state);
    const models = Object.assign({}, ...states);
    const jobs = [...document.querySelectorAll(VIEW)].map(async (tag) => {
      const state = models[JSON.parse(tag.textContent).model_id]?.state;
      const figure = tag.closest(".explorer-fallback");
      if (figure && state?._esm?.module) await replace(figure, state);
    });
    for (const { reason } of await Promise.allSettled(jobs)) if (reason) console.error(reason);
    document.documentElement.dataset.explorersReady = Math.round(performance.now());
  }
  start();
})();
