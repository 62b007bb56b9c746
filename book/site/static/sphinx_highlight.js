// In place of Sphinx's file: the words of a search are not stored in the browser to be marked on the page found.
globalThis.SPHINX_HIGHLIGHT_ENABLED = false;
