// Keys that work on every page: elements name theirs with data-key. ? lists them, Escape closes what is open.

const typing = (element) => element.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;

export function keyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return escape(event);
    if (typing(event.target)) return;
    if (event.key === "?") return toggleHelp();
    // whoever is about to answer a question must not be led away from it, nor lose what they wrote
    if (document.querySelector('[popover][role="dialog"]:popover-open')) return;
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target || target.closest("[hidden]")) return;
    event.preventDefault();
    if (target.matches("input, select, textarea")) target.focus();
    else target.click();
  });
}

function escape(event) {
  const open = document.querySelector("details.menu[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  } else if (typing(event.target)) {
    event.target.blur();
  }
}

function toggleHelp() {
  const old = document.getElementById("keys-help");
  if (old) return old.close();
  const dialog = document.createElement("dialog");
  dialog.id = "keys-help";
  dialog.className = "panel pad keys";
  dialog.append(heading("Keys"), list());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function heading(text) {
  const h2 = document.createElement("h2");
  h2.textContent = text;
  return h2;
}

function list() {
  const dl = document.createElement("dl");
  dl.className = "facts";
  const rows = [...document.querySelectorAll("[data-key]")].map((element) => [
    element.dataset.key,
    element.dataset.keyLabel ?? element.getAttribute("aria-label") ?? element.textContent.trim(),
  ]);
  // pages with keys of their own say them in <body data-keys='{"j": "next row"}'>
  const own = Object.entries(JSON.parse(document.body.dataset.keys ?? "{}"));
  for (const [key, label] of [...rows, ...own, ["?", "These keys"], ["Esc", "Close"]]) {
    const dt = document.createElement("dt");
    const kbd = document.createElement("kbd");
    kbd.textContent = key;
    dt.append(kbd);
    const dd = document.createElement("dd");
    dd.textContent = label;
    dl.append(dt, dd);
  }
  return dl;
}
