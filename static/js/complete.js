// Completes names in the filter box: metrics, params, tags and attributes that the runs really have.

const WAIT_MS = 120;
const WORD = /[^\s()'"<>=~!,]*$/;

export function complete(input) {
  const list = document.createElement("ul");
  list.className = "completions";
  list.id = `completions-${input.name}`;
  list.setAttribute("role", "listbox");
  list.hidden = true;
  input.after(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  let timer = null;
  let at = -1;

  const options = () => [...list.children];

  function show(names) {
    at = -1;
    list.replaceChildren(...names.map((name, index) => option(list.id, name, index)));
    list.hidden = names.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
  }

  function mark(place) {
    at = place;
    options().forEach((element, index) => element.setAttribute("aria-selected", String(index === at)));
    options()[at]?.scrollIntoView({ block: "nearest" });
    if (options()[at]) input.setAttribute("aria-activedescendant", options()[at].id);
    else input.removeAttribute("aria-activedescendant");
  }

  function take(name) {
    const before = input.value.slice(0, input.selectionStart).replace(WORD, "");
    const after = input.value.slice(input.selectionStart);
    input.value = `${before}${name}${after}`;
    input.setSelectionRange(before.length + name.length, before.length + name.length);
    input.focus();
    show([]);
  }

  async function ask() {
    const word = written(input);
    if (word.length < 1 && input.dataset.completeAll === undefined) return show([]);
    const address = new URL(input.dataset.complete, location.href);
    address.searchParams.set("find", word);
    const response = await fetch(address);
    if (!response.ok || written(input) !== word) return;
    const { names } = await response.json();
    show(document.activeElement === input && !(names.length === 1 && names[0] === word) ? names : []);
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  if (input.dataset.completeAll !== undefined) input.addEventListener("focus", ask);
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      mark((at + step + options().length) % options().length);
    } else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) {
      event.preventDefault();
      take(options()[at].textContent);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      show([]);
    }
  });
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    if (event.target.matches("li")) take(event.target.textContent);
  });
  input.addEventListener("blur", () => show([]));
}

// the word that ends where the caret stands, outside of quotes
function written(input) {
  const before = input.value.slice(0, input.selectionStart);
  if ((before.match(/'/g) ?? []).length % 2) return "";
  return before.match(WORD)[0];
}

function option(prefix, name, index) {
  const li = document.createElement("li");
  li.id = `${prefix}-${index}`;
  li.setAttribute("role", "option");
  li.setAttribute("aria-selected", "false");
  li.textContent = name;
  return li;
}
