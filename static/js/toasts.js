// What went wrong with a part of a page is said in a corner of it, for a while: toast("…"). htmx's failures come by
// themselves, in the words of templates/errors/_message.html.

const SHOWN_MS = 8_000;

export function toast(text) {
  let region = document.getElementById("toasts");
  if (!region) {
    region = document.createElement("div");
    region.id = "toasts";
    region.setAttribute("role", "status");
    document.body.append(region);
  }
  const note = document.createElement("p");
  note.className = "banner bad";
  note.textContent = text;
  region.append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}

export function failures() {
  document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
    if (!xhr.getResponseHeader("HX-Redirect")) toast(wordsOf(xhr) || `Assay answered ${xhr.status}.`);
  });
  for (const event of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(event, () => toast("Assay cannot be reached just now. Nothing was changed."));
  }
}

function wordsOf(xhr) {
  const answer = new DOMParser().parseFromString(xhr.responseText, "text/html");
  return answer.querySelector(".banner")?.textContent.trim();
}
