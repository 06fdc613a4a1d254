// The tree of files: folders unfold where they stand, arrows walk through it, the address follows what is chosen, and a
// live page asks for what is unfolded. Without this module every line is a link to a page that says the same.

import { drawPdfs } from "./pdf.js";

const root = document.querySelector("[data-artifacts]");
const tree = () => document.getElementById("artifact-tree");
const viewer = () => document.getElementById("artifact-viewer");

const isFolder = (line) => line.dataset.folder !== undefined;
const isUnfolded = (line) => line.getAttribute("aria-expanded") === "true";
const childrenOf = (line) => line.nextElementSibling;

function unfold(line) {
  const list = childrenOf(line);
  line.setAttribute("aria-expanded", "true");
  list.hidden = false;
  if (!list.firstElementChild) htmx.ajax("GET", line.dataset.nodes, { target: list, swap: "innerHTML" });
  followLive();
}

function fold(line) {
  line.setAttribute("aria-expanded", "false");
  childrenOf(line).hidden = true;
  followLive();
}

function choose(line) {
  for (const old of tree().querySelectorAll("[aria-current]")) old.removeAttribute("aria-current");
  line?.setAttribute("aria-current", "true");
}

// the line of the tree that an address belongs to, if it is unfolded
const lineOf = (url) => [...tree().querySelectorAll("a.line")].find((line) => line.getAttribute("href") === url);

function onClick(event) {
  const figure = event.target.closest("[data-figure]");
  if (figure && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    figure.classList.toggle("actual");
    return;
  }
  const line = event.target.closest("#artifact-tree a.line");
  if (!line || event.ctrlKey || event.metaKey) return;
  const wasChosen = line.hasAttribute("aria-current");
  if (isFolder(line)) wasChosen && isUnfolded(line) ? fold(line) : unfold(line);
}

// Arrows as in every tree: up and down by lines, right unfolds, left folds or goes to the folder above.
function onKey(event) {
  const line = event.target.closest?.("#artifact-tree a.line");
  if (!line || event.ctrlKey || event.metaKey || event.altKey) return;
  const lines = [...tree().querySelectorAll("a.line")].filter((one) => one.offsetParent !== null);
  const at = lines.indexOf(line);
  const moves = {
    ArrowDown: () => lines[at + 1]?.focus(),
    ArrowUp: () => lines[at - 1]?.focus(),
    Home: () => lines[0].focus(),
    End: () => lines.at(-1).focus(),
    ArrowRight: () => isFolder(line) && (isUnfolded(line) ? lines[at + 1]?.focus() : unfold(line)),
    ArrowLeft: () => (isFolder(line) && isUnfolded(line) ? fold(line) : line.closest("ul").previousElementSibling?.focus()),
  };
  if (!(event.key in moves)) return;
  event.preventDefault();
  moves[event.key]();
}

// A live page draws the tree as it is unfolded here; a folder in which somebody ticks files is left alone.
function followLive() {
  const live = document.querySelector("[data-live]");
  if (!live) return;
  const url = new URL(location.pathname + location.search, location.origin);
  url.searchParams.set("part", "1");
  url.searchParams.delete("open");
  for (const line of tree().querySelectorAll('[data-folder][aria-expanded="true"]')) {
    url.searchParams.append("open", line.dataset.folder);
  }
  if (viewer().querySelector("input:checked")) url.searchParams.set("still", "1");
  live.dataset.live = url.pathname + url.search;
}

function onChosen(event) {
  if (!event.target.closest("#artifact-place")) return;
  const line = lineOf(location.pathname + location.search);
  choose(line);
  drawPdfs(viewer());
  if (line && isFolder(line) && !isUnfolded(line)) unfold(line);
  followLive();
  if (matchMedia("(max-width: 760px)").matches) viewer().scrollIntoView({ block: "start" });
}

if (root) {
  drawPdfs();
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", followLive);
  document.addEventListener("htmx:afterSettle", onChosen);
  // what live.js brings is new to htmx
  document.addEventListener("live:swap", (event) => event.detail?.swapped.forEach((part) => htmx.process(part)));
  window.addEventListener("popstate", () => location.reload());
}
