// What a reader would stumble over in each of the frames, written into the page as JSON.
"use strict";

const LIMIT = 5;

// Colours as the browser computes them: rgb(1, 2, 3) or rgba(1, 2, 3, 0.5).
const parts = (colour) => colour.match(/[\d.]+/g).map(Number);

const luminance = (colour) => {
  const [red, green, blue] = parts(colour).slice(0, 3).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

const contrast = (one, other) => {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};

const isSeeThrough = (colour) => parts(colour)[3] === 0;

const told = (element) =>
  `${element.tagName} ${element.className.baseVal ?? element.className}: ` +
  element.textContent.slice(0, 40);

function background(element, styleOf) {
  for (let one = element; one; one = one.parentElement) {
    const colour = styleOf(one).backgroundColor;
    if (!isSeeThrough(colour)) return colour;
  }
  return "rgb(255, 255, 255)";
}

// Whether text stands in an element itself, and not only in those within.
const hasText = (element) =>
  [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());

const overlaps = (one, other) =>
  one.left < other.right - 1 && other.left < one.right - 1 &&
  one.top < other.bottom - 1 && other.top < one.bottom - 1;

function measure(frame) {
  const page = frame.contentDocument;
  const styleOf = (element) => frame.contentWindow.getComputedStyle(element);
  const all = [...page.body.querySelectorAll("*")];
  const shown = all.filter((one) => one.getClientRects().length && one.tagName !== "title");
  const width = page.documentElement.clientWidth;
  const found = {
    scrolls: page.documentElement.scrollWidth > width,
    outside: shown.filter((one) => {
      const box = one.getBoundingClientRect();
      return box.right > width + 1 || box.left < -1;
    }).map(told),
    cutOff: shown.filter((one) =>
      !one.closest("svg") && one.scrollWidth > one.clientWidth + 1 && one.clientWidth,
    ).map(told),
    letters: [], overlapping: [], unlabelled: [], faint: [],
    // Of what is fetched, and of what follows a click.
    links: all.filter((one) => ["src", "href", "action", "data"].some(
      (name) => one.hasAttribute(name),
    )).map(told),
    scripts: page.querySelectorAll("script, iframe, object, embed, link, base").length,
    handlers: all.filter((one) => [...one.attributes].some(
      (attribute) => attribute.name.startsWith("on"),
    )).map(told),
    notNumbers: all.filter((one) => [...one.attributes].some(
      (attribute) => one.closest("svg") && attribute.name !== "class" &&
        /nan|inf|none|null|undefined/i.test(attribute.value) &&
        attribute.name !== "preserveAspectRatio",
    )).map(told),
    hasRun: Boolean(frame.contentWindow.hasRun || window.hasRun),
    headings: [...page.querySelectorAll("h2")].map((one) => one.textContent),
    plots: page.querySelectorAll("svg.plot").length,
    text: page.body.innerText,
    page: styleOf(page.body).backgroundColor,
  };
  for (const plot of page.querySelectorAll("svg.plot")) {
    const frameOfPlot = plot.getBoundingClientRect();
    const texts = [...plot.querySelectorAll("text")];
    const boxes = texts.map((text) => text.getBoundingClientRect());
    texts.forEach((text, i) => {
      const box = boxes[i];
      if (box.left < frameOfPlot.left - 1 || box.right > frameOfPlot.right + 1 ||
          box.top < frameOfPlot.top - 1 || box.bottom > frameOfPlot.bottom + 1)
        found.letters.push(told(text));
      for (let j = i + 1; j < texts.length; j++)
        if (overlaps(box, boxes[j]))
          found.overlapping.push(`${told(text)} / ${told(texts[j])}`);
    });
    const labels = [...plot.querySelectorAll("text.label")];
    const ticks = texts.length - labels.length;
    if (labels.length !== 2 || labels.some((one) => !one.textContent.trim()) ||
        ticks < 4 || !plot.querySelector("title")?.textContent ||
        !plot.closest("figure")?.querySelector("figcaption")?.textContent)
      found.unlabelled.push(told(plot));
  }
  for (const one of shown.filter(hasText)) {
    const style = styleOf(one);
    const colour = one.closest("svg") ? style.fill : style.color;
    if (contrast(colour, background(one, styleOf)) < 4.5) found.faint.push(told(one));
  }
  for (const name of Object.keys(found))
    if (Array.isArray(found[name]) && name !== "headings")
      found[name] = found[name].slice(0, LIMIT);
  return found;
}

window.addEventListener("load", () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe"))
    found[frame.name] = measure(frame);
  document.getElementById("found").textContent = JSON.stringify(found);
});
