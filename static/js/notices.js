// A notice is read once its link is followed, in this tab or another; a GET changes nothing, so that is sent beside it.

const csrf = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

function markRead(link) {
  const body = new URLSearchParams({ notice: link.dataset.notice });
  const address = link.closest("li").querySelector("form").action;
  fetch(address, { method: "POST", body, headers: { "X-CSRFToken": csrf }, redirect: "manual", keepalive: true });
  link.closest("li").classList.remove("new");
}

for (const kind of ["click", "auxclick"]) {
  document.addEventListener(kind, (event) => {
    const link = event.target.closest?.("a[data-notice]");
    // 0 the first button, 1 the one that opens a tab
    if (link && event.button < 2) markRead(link);
  });
}
