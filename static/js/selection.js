// Which runs are selected: kept for this tab and experiment, so that paging, sorting and filtering lose none.

const MOST = 5000;

export function selection(table, form) {
  const name = `assay-selected-${table.dataset.experiment}`;
  // the runs that were selected are no longer here: they were moved, deleted or restored
  if (location.hash === "#none-selected") {
    sessionStorage.removeItem(name);
    history.replaceState(null, "", location.pathname + location.search);
  }
  const chosen = new Set(read(name));
  let last = null;

  const boxes = () => [...table.querySelectorAll('tbody input[name="run"]')];
  const all = document.getElementById("pick-all");
  const none = document.getElementById("select-none");
  const note = document.getElementById("num-selected");
  const ofOne = form.querySelectorAll("[data-of-one]");

  function draw() {
    const shown = boxes();
    for (const box of shown) {
      box.checked = chosen.has(box.value);
      box.closest("tr").classList.toggle("picked", box.checked);
    }
    const here = shown.filter((box) => box.checked).length;
    const away = chosen.size - here;
    form.hidden = chosen.size === 0;
    note.textContent = `${chosen.size} selected${away ? `, ${away} not shown` : ""}`;
    form.elements.runs.value = [...chosen].join(",");
    for (const link of ofOne) {
      link.hidden = chosen.size !== 1;
      link.href = link.dataset.ofOne.replace("RUN", [...chosen][0]);
    }
    if (all) {
      all.checked = shown.length > 0 && here === shown.length;
      all.indeterminate = here > 0 && here < shown.length;
    }
    sessionStorage.setItem(name, JSON.stringify([...chosen]));
  }

  function set(box, isOn) {
    if (isOn && chosen.size < MOST) chosen.add(box.value);
    else chosen.delete(box.value);
  }

  // shift-click reaches from the last one that was clicked
  function choose(box, isOn, reaches) {
    const shown = boxes();
    const [from, to] = [shown.findIndex((one) => one.value === last), shown.indexOf(box)];
    const range = reaches && from >= 0 ? shown.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    range.forEach((one) => set(one, isOn));
    last = box.value;
    draw();
  }

  table.addEventListener("click", (event) => {
    const box = event.target.closest('input[name="run"]');
    if (box) choose(box, box.checked, event.shiftKey);
  });
  table.addEventListener("live:swap", draw);
  if (all) {
    all.hidden = false;
    all.addEventListener("change", () => {
      boxes().forEach((box) => set(box, all.checked));
      draw();
    });
  }
  none.hidden = false;
  none.addEventListener("click", () => {
    chosen.clear();
    draw();
  });
  // the hidden field says all of them; boxes would say those of this page once more
  form.addEventListener("submit", () => {
    const shown = boxes();
    shown.forEach((box) => (box.disabled = true));
    // a download leaves the page where it is
    setTimeout(() => shown.forEach((box) => (box.disabled = false)));
  });
  window.addEventListener("pageshow", () => {
    chosen.clear();
    read(name).forEach((id) => chosen.add(id));
    draw();
  });
  draw();
  return {
    has: (id) => chosen.has(id),
    // as many as there is room for; what there was none for stays out
    setAll(ids, isOn) {
      for (const id of ids) if (!isOn) chosen.delete(id); else if (chosen.size < MOST) chosen.add(id);
      draw();
    },
    toggle: (row) => choose(row.querySelector('input[name="run"]'), !chosen.has(row.dataset.run), false),
  };
}

function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? "[]");
  } catch {
    return [];
  }
}
