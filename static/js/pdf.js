// PDF files, drawn page by page on canvases when they come into view. The browser's own viewer would follow what a file
// tells it to; here nothing of the file runs, and its links lead nowhere. data-pdf holds the address of the file,
// data-library and data-worker those of PDF.js, which is fetched only where there is a PDF to be seen.

const MAX_PAGES = 100;
const NAMES = {
  PasswordException: "It is locked with a password; download it to open it.",
  InvalidPDFException: "It is not a PDF that can be read, or it was cut off.",
};

export function drawPdfs(root = document) {
  root.querySelectorAll("[data-pdf]").forEach((box) => box.dataset.drawing || draw(box));
}

async function draw(box) {
  box.dataset.drawing = "true";
  try {
    const library = await import(box.dataset.library);
    library.GlobalWorkerOptions.workerSrc = box.dataset.worker;
    const file = await library.getDocument({ url: box.dataset.pdf, enableXfa: false, disableAutoFetch: true }).promise;
    await pages(box, file);
  } catch (error) {
    say(box, NAMES[error.name] ?? "It could not be drawn here; download it.");
  }
}

async function pages(box, file) {
  const first = (await file.getPage(1)).getViewport({ scale: 1 });
  const shown = Math.min(file.numPages, MAX_PAGES);
  const drawing = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      drawing.unobserve(target);
      page(file, target).catch(() => target.setAttribute("aria-label", "A page that could not be drawn"));
    }
  }, { root: box, rootMargin: "400px" });
  const canvases = Array.from({ length: shown }, (_, index) => {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Page ${index + 1} of ${file.numPages}`);
    canvas.dataset.page = index + 1;
    // room for it from the start, so that nothing jumps
    [canvas.width, canvas.height] = [first.width, first.height];
    return canvas;
  });
  box.replaceChildren(...canvases);
  if (file.numPages > shown) box.append(note(`The first ${shown} of ${file.numPages} pages.`));
  canvases.forEach((canvas) => drawing.observe(canvas));
}

async function page(file, canvas) {
  const found = await file.getPage(Number(canvas.dataset.page));
  const width = found.getViewport({ scale: 1 }).width;
  const viewport = found.getViewport({ scale: Math.min((canvas.clientWidth * devicePixelRatio) / width, 4) });
  [canvas.width, canvas.height] = [Math.floor(viewport.width), Math.floor(viewport.height)];
  await found.render({ canvas, canvasContext: canvas.getContext("2d"), viewport, annotationMode: 0 }).promise;
}

function say(box, text) {
  box.replaceChildren(note(text));
}

function note(text) {
  const line = document.createElement("p");
  line.className = "empty";
  line.textContent = text;
  return line;
}
