// Copy buttons: data-copy holds the text itself, data-copy-from the id of the element whose text it is.

export function copyButtons(root = document) {
  root.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const text = button.dataset.copy ?? document.getElementById(button.dataset.copyFrom).textContent;
    const done = await copy(text);
    announce(button, done ? "Copied" : "Select and copy it by hand");
  });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // no clipboard without https or a permission: the old way still works there
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function announce(button, text) {
  const note = document.createElement("span");
  note.className = "chip good copied";
  note.setAttribute("role", "status");
  note.textContent = text;
  button.after(note);
  setTimeout(() => note.remove(), 1600);
}
