// What a column of the runs table offers, and dragging its heading elsewhere. A choice of columns goes the way of the
// picker's form, so that this browser remembers it; what is shaded stands in the address.

const KINDS = ["last", "best", "min", "max", "mean", "first", "count"];

export function columnMenus(table) {
  if (!table) return;
  const wrap = table.closest(".table-wrap");
  const heads = () => [...table.querySelectorAll("th[data-column]")];
  const tokens = () => heads().map((th) => th.dataset.column);
  scrollBack(wrap);

  function show(columns) {
    const kept = new URLSearchParams(location.search);
    const form = Object.assign(document.createElement("form"), { method: "post", action: table.dataset.choose, hidden: true });
    const csrf = document.querySelector('input[name="csrfmiddlewaretoken"]').value;
    const fields = table.dataset.kept.split(" ").flatMap((name) => kept.getAll(name).map((value) => [name, value]));
    for (const [name, value] of [["csrfmiddlewaretoken", csrf], ...fields, ...columns.map((token) => ["col", token])]) {
      form.append(Object.assign(document.createElement("input"), { name, value }));
    }
    document.body.append(form);
    sessionStorage.setItem("assay-table-scroll", JSON.stringify([location.pathname, wrap.scrollLeft, scrollY]));
    form.submit();
  }

  function move(token, to) {
    const columns = tokens().filter((one) => one !== token);
    columns.splice(to, 0, token);
    show(columns);
  }

  const actions = { tokens, show, move };
  heads().forEach((th) => th.append(menuButton(th, actions)));
  dragging(table, actions);
}

function menuButton(th, actions) {
  const { column } = th.dataset;
  const name = th.querySelector(".key").textContent;
  const button = element("button", "▼", { type: "button", className: "column-button" });
  button.setAttribute("aria-label", `Column ${name}`);
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    const sheet = element("div", "", { className: "sheet column-sheet", popover: "auto" });
    sheet.setAttribute("aria-label", `Column ${name}`);
    sheet.append(element("strong", name), ...items(column, actions));
    sheet.addEventListener("toggle", ({ newState }) => {
      button.setAttribute("aria-expanded", String(newState === "open"));
      if (newState === "closed") sheet.remove();
    });
    th.append(sheet);
    sheet.showPopover();
    const { left, bottom } = button.getBoundingClientRect();
    sheet.style.left = `${Math.max(Math.min(left, innerWidth - sheet.offsetWidth - 8), 8)}px`;
    sheet.style.top = `${bottom + 4}px`;
    sheet.querySelector("button").focus();
  });
  return button;
}

function items(column, { tokens, show, move }) {
  const [kind, ...rest] = column.split(":");
  const key = rest.join(":");
  const all = tokens();
  const place = all.indexOf(column);
  const item = (text, act) => {
    const button = element("button", text, { type: "button" });
    button.addEventListener("click", act);
    return button;
  };
  const found = [];
  if (KINDS.includes(kind)) {
    const kinds = element("div", "", { className: "kinds" });
    kinds.setAttribute("role", "group");
    kinds.setAttribute("aria-label", "Which value");
    for (const one of KINDS) {
      const choice = item(one, () => show(all.map((token) => (token === column ? `${one}:${key}` : token))));
      choice.setAttribute("aria-pressed", String(one === kind));
      kinds.append(choice);
    }
    found.push(kinds);
  }
  if (KINDS.includes(kind) || kind === "param") {
    const query = new URLSearchParams(location.search);
    const isOn = query.getAll("shade").includes(column);
    found.push(item(isOn ? "Shade no longer" : "Shade by value", () => {
      if (isOn) query.delete("shade", column);
      else query.append("shade", column);
      location.search = query;
    }));
  }
  if (["param", "tag"].includes(kind)) {
    const query = new URLSearchParams(location.search);
    const isOn = query.get("group") === column;
    found.push(item(isOn ? "Group no longer" : "Group by this", () => {
      ["group", "open", "after", "before"].forEach((name) => query.delete(name));
      if (!isOn) query.set("group", column);
      location.search = query;
    }));
  }
  if (place > 0) found.push(item("Move to the front", () => move(column, 0)), item("Move left", () => move(column, place - 1)));
  if (place < all.length - 1) found.push(item("Move right", () => move(column, place + 1)));
  if (all.length > 1) found.push(item("Hide", () => show(all.filter((token) => token !== column))));
  return found;
}

// a heading that is dropped on another lands on that side of it where the pointer is
function dragging(table, { tokens, move }) {
  let dragged = null;
  const over = (event) => dragged && event.target.closest?.("th[data-column]");
  const isBehind = (th, event) => event.clientX > th.getBoundingClientRect().left + th.offsetWidth / 2;
  const unmark = () => table.querySelectorAll("th").forEach((th) => th.classList.remove("lands-before", "lands-behind"));

  table.querySelectorAll("th[data-column]").forEach((th) => (th.draggable = true));
  table.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("th[data-column]")?.dataset.column ?? null;
    if (dragged) event.dataTransfer.effectAllowed = "move";
  });
  table.addEventListener("dragover", (event) => {
    const th = over(event);
    if (!th) return;
    event.preventDefault();
    unmark();
    if (th.dataset.column !== dragged) th.classList.add(isBehind(th, event) ? "lands-behind" : "lands-before");
  });
  table.addEventListener("drop", (event) => {
    const th = over(event);
    if (!th || th.dataset.column === dragged) return;
    event.preventDefault();
    const others = tokens().filter((token) => token !== dragged);
    move(dragged, others.indexOf(th.dataset.column) + (isBehind(th, event) ? 1 : 0));
  });
  table.addEventListener("dragend", () => {
    dragged = null;
    unmark();
  });
}

// the page comes anew with other columns: it stays where it was scrolled to
function scrollBack(wrap) {
  const [path, left, top] = JSON.parse(sessionStorage.getItem("assay-table-scroll") ?? "[]");
  sessionStorage.removeItem("assay-table-scroll");
  if (path !== location.pathname) return;
  wrap.scrollLeft = left;
  scrollTo(scrollX, top);
}

function element(name, text, more = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...more });
}
