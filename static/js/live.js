// Parts of a page that follow the server: an element with data-live="ADDRESS" is replaced by what the address answers,
// the same partial that drew it. Quick while somebody watches and things change, slow otherwise, silent in hidden tabs.
// 304 and equal answers touch nothing, so that focus, selection and scrolling stay. An answer with the header
// X-Live: stop ends it. With data-live-keyed the element stays and only its parts (elements with data-part and an id)
// are replaced, each by the one of its id; a part that the answer lacks stays as it is. The event live:swap names the
// parts that were `swapped`, and those of them that have something new to say (`told`).

const QUICKEST_MS = 1_500;
const SLOWEST_MS = 30_000;
const SLOWER = 1.4;

export function follow(element) {
  let wait = Number(element.dataset.liveEvery ?? QUICKEST_MS);
  const quickest = wait;
  let etag = element.dataset.liveEtag ?? "";
  let timer = null;
  let last = null;

  const plan = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(ask, ms);
  };

  async function ask() {
    if (!element.isConnected) return;
    if (document.hidden) return;
    let changed = false;
    const address = element.dataset.live;
    try {
      const headers = { "HX-Request": "true", ...(etag && { "If-None-Match": etag }) };
      const response = await fetch(address, { headers, credentials: "same-origin" });
      // somebody chose something else meanwhile: what comes is of before
      if (element.dataset.live !== address) return plan(0);
      if (response.redirected || response.status === 401 || response.status === 403 || response.status === 404) return;
      if (response.status === 200) {
        etag = response.headers.get("ETag") ?? "";
        const text = await response.text();
        changed = text !== last;
        const isKeyed = element.dataset.liveKeyed !== undefined;
        if (changed && (isKeyed || !holdsFocus(element))) {
          (isKeyed ? swapParts : swap)(element, text);
          last = text;
        }
      }
      if (response.headers.get("X-Live") === "stop") {
        element.dispatchEvent(new CustomEvent("live:stop", { bubbles: true }));
        return;
      }
    } catch {
      wait = SLOWEST_MS; // the server is away; look again later
    }
    wait = changed ? quickest : Math.min(wait * SLOWER, SLOWEST_MS);
    plan(wait);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && element.isConnected) plan(0);
  });
  plan(wait);
}

// somebody is typing or choosing in there: what they do comes first
function holdsFocus(element) {
  const active = document.activeElement;
  return active !== document.body && element.contains(active) && active.matches("input, textarea, select, summary");
}

function swap(element, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  element.replaceChildren(template.content);
  element.dispatchEvent(new CustomEvent("live:swap", { bubbles: true }));
}

function swapParts(element, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const [swapped, told] = [[], []];
  for (const part of template.content.querySelectorAll("[data-part][id]")) {
    const old = document.getElementById(part.id);
    const drawn = part.outerHTML;
    if (!old || drawn === (old.dataset.drawn ?? old.outerHTML)) continue;
    const focused = old.contains(document.activeElement) ? pathOf(document.activeElement, old) : null;
    part.dataset.drawn = drawn;
    if (words(old) !== words(part)) told.push(part);
    old.replaceWith(part);
    swapped.push(part);
    if (focused) part.querySelectorAll(focused.tag)[focused.index]?.focus();
  }
  element.dispatchEvent(new CustomEvent("live:swap", { bubbles: true, detail: { swapped, told } }));
}

// what a part says besides that time goes by
function words(part) {
  const copy = part.cloneNode(true);
  copy.querySelectorAll("time, .clock").forEach((clock) => clock.remove());
  return copy.textContent;
}

// where the focus was, so that it is there again in the part's successor
function pathOf(focused, part) {
  const tag = focused.localName;
  return { tag, index: [...part.querySelectorAll(tag)].indexOf(focused) };
}

export function livePolling(root = document) {
  root.querySelectorAll("[data-live]").forEach(follow);
}
