// The column picker in a dialog: the same form that has a page of its own, its keys found while one types.

const WAIT_MS = 180;

export function columnPicker(link) {
  if (!link) return;
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const dialog = document.createElement("dialog");
    dialog.className = "columns-dialog pad";
    dialog.setAttribute("aria-label", "Columns");
    dialog.innerHTML = await part(link.href);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (inside) => {
      if (inside.target === dialog || inside.target.closest("[data-close]")) dialog.close();
    });
    document.body.append(dialog);
    dialog.showModal();
    findWhileTyping(dialog);
  });
}

async function part(address) {
  const response = await fetch(address, { headers: { "HX-Request": "true" } });
  return response.text();
}

export function findWhileTyping(root) {
  const form = root.querySelector("form.columns-form");
  const find = form.querySelector('input[name="find"]');
  let timer = null;
  find.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  find.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => refind(form, find), WAIT_MS);
  });
  find.focus();
}

// what was ticked stays ticked, found or not
async function refind(form, find) {
  const address = new URL(form.dataset.find, location.href);
  address.searchParams.set("find", find.value);
  address.searchParams.delete("col");
  const ticked = [...form.querySelectorAll('input[name="col"]:checked')].map((box) => box.value);
  const template = document.createElement("template");
  template.innerHTML = await part(address);
  const known = form.querySelector("#known-columns");
  const fresh = template.content.querySelector("#known-columns");
  const found = new Set();
  for (const box of fresh.querySelectorAll('input[name="col"]')) {
    found.add(box.value);
    box.checked = ticked.includes(box.value);
  }
  const outside = new Set([...form.querySelectorAll('input[name="col"]')].filter((box) => !known.contains(box)).map((box) => box.value));
  for (const value of ticked) {
    if (found.has(value) || outside.has(value)) continue;
    const kept = document.createElement("input");
    Object.assign(kept, { type: "checkbox", name: "col", value, checked: true, hidden: true });
    fresh.append(kept);
  }
  known.replaceWith(fresh);
}
