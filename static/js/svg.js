// Elements of pictures that scripts draw.

const SVG = "http://www.w3.org/2000/svg";

// Shorten a text; the whole of it shows on hover.
export function cut(text, most) {
  const whole = text.textContent;
  if (whole.length > Math.max(most, 4)) {
    text.textContent = `${whole.slice(0, Math.max(most, 4) - 1)}…`;
    text.append(make("title", {}, whole));
  }
  return text;
}

export function make(name, attributes, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}
