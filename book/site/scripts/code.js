// A button in every block of code copies it.
(() => {
  const words = JSON.parse(document.getElementById("words").textContent);
  const SHOWN_MS = 2000;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "copybtn", title: words.copy_code });
  button.innerHTML = '<i class="fa-solid fa-copy" aria-hidden="true"></i>';

  // What was copied must run: line numbers and prompts stay behind.
  function code(block) {
    const copy = block.querySelector("pre").cloneNode(true);
    for (const mark of copy.querySelectorAll(".linenos, .gp")) mark.remove();
    return copy.textContent.trimEnd();
  }

  /** Copies without the clipboard's newer interface, which pages opened as a file may not have. */
  function copyBySelection(text) {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }

  async function copy({ currentTarget: pressed }) {
    const text = code(pressed.closest(".highlight"));
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyBySelection(text);
    }
    const look = (title, icon) => {
      pressed.title = title;
      pressed.firstChild.className = `fa-solid ${icon}`;
    };
    look(words.code_copied, "fa-check");
    setTimeout(look, SHOWN_MS, words.copy_code, "fa-copy");
  }

  for (const block of document.querySelectorAll("div.highlight")) {
    const own = button.cloneNode(true);
    own.addEventListener("click", copy);
    block.append(own);
  }
})();
