/** Elements made by hand: the few helpers every module shares. Text always enters as text, never as markup. */

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/**
 * An HTML element. `attrs` are attributes, except `class`, `dataset` (object), `style` (object) and `on` ({event: f}).
 * @param {string} tag @param {Object} [attrs] @param {...(Node|string|number|null|undefined|Array)} children
 * @returns {any}
 */
export function h(tag, attrs = {}, ...children) {
  return furnish(document.createElement(tag), attrs, children);
}

/** The same for SVG. @param {string} tag @param {Object} [attrs] @returns {any} */
export function svg(tag, attrs = {}, ...children) {
  return furnish(document.createElementNS(SVG_NAMESPACE, tag), attrs, children);
}

function furnish(el, attrs, children) {
  for (const [name, value] of Object.entries(attrs || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, f] of Object.entries(value)) el.addEventListener(event, f);
    else if (name === "dataset") Object.assign(el.dataset, value);
    else if (name === "style") for (const [key, v] of Object.entries(value)) el.style.setProperty(key, v);
    else if (name === "class") el.setAttribute("class", value);
    else if (["value", "checked", "disabled", "selected", "hidden", "open", "indeterminate"].includes(name)) el[name] = value;
    else el.setAttribute(name, value === true ? "" : String(value));
  }
  append(el, children);
  return el;
}

function append(el, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    el.append(child instanceof Node ? child : String(child));
  }
}

/** Empties an element and, if given, fills it again. @param {Element} el @returns {any} */
export function clear(el, ...children) {
  el.replaceChildren();
  append(el, children);
  return el;
}

const STROKES = {
  play: "M7 4.8v14.4L19 12z",
  pause: "M8 5v14M16 5v14",
  step: "M6 5.5v13L15 12zM18.5 5.5v13",
  stop: "M6.5 6.5h11v11h-11z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  moon: "M20 14.2A8.2 8.2 0 0 1 9.8 4 8.2 8.2 0 1 0 20 14.2z",
  help: "M9.2 9a2.9 2.9 0 1 1 4.2 2.6c-.9.5-1.4 1.1-1.4 2.2M12 17.4v.1",
  download: "M12 4v11M7.5 10.8 12 15.3l4.5-4.5M5 19.5h14",
  copy: "M9 9h10v11H9zM5.5 15V4.5H15",
  image: "M4 5.5h16v13H4zM4 16l4.5-4.5 3.5 3.5 3-3 5 4.5M15.5 9.2v.1",
  upload: "M12 15.5V4.5M7.5 9 12 4.5 16.5 9M5 19.5h14",
  folder: "M3.5 18.5v-13h6l2 2.5h9v10.5z",
  file: "M6.5 3.5h7.5l4 4v13H6.5zM14 3.5v4h4",
  close: "M6 6l12 12M18 6 6 18",
  reset: "M5 5v5h5M5.4 10A7.5 7.5 0 1 1 4.8 14.5",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  data: "M12 4c4.4 0 7.5 1.2 7.5 2.8S16.4 9.6 12 9.6 4.5 8.4 4.5 6.8 7.6 4 12 4zM4.5 6.800V17.200C4.5 18.8 7.6 20 12 20s7.5-1.2 7.5-2.800V6.800M4.5 12c0 1.6 3.1 2.8 7.5 2.800s7.5-1.2 7.5-2.8",
  settings: "M4 7.5h9M17 7.5h3M4 16.500h3M11 16.500h9M15 5.500v4M9 14.5v4",
  list: "M8.5 6.500H20M8.5 12H20M8.5 17.5H20M4.5 6.500v.1M4.5 12v.1M4.5 17.5v.1",
  shuffle: "M4 7h3.500l8 10H20M4 17h3.500l2.5-3.200M13.2 10.2 15.5 7H20M17.5 4.5 20 7l-2.5 2.500M17.5 14.5 20 17l-2.5 2.5",
  check: "M5 12.500l4.5 4.5L19 7.5",
  warn: "M12 4 2.8 19.500h18.400zM12 10v4.5M12 17.200v.1",
  grid: "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.500h6v6h-6zM13.5 13.500h6v6h-6z",
  dice: "M5 5h14v14H5zM9 9v.1M15 15v.1M12 12v.1M15 9v.1M9 15v.1",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.500h8.400L17 7",
};

/** A small drawing beside a word; hidden from screen readers, so the button still needs a name. */
export function icon(name) {
  const filled = name === "play" || name === "stop";
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", width: 16, height: 16, "aria-hidden": "true", focusable: "false" },
    svg("path", { d: STROKES[name] || "", fill: filled ? "currentColor" : "none", stroke: "currentColor",
      "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round" }));
}

/** 1797 -> "1,797" */
export function count(n) {
  return Number(n).toLocaleString("en-US");
}

/** A number as one reads it: four significant digits, a true minus sign. */
export function number(v, digits = 4) {
  if (v === null || v === undefined || !Number.isFinite(v)) return "–";
  const size = Math.abs(v);
  const text = size !== 0 && (size < 1e-3 || size >= 1e6) ? v.toExponential(2) : String(Number(v.toPrecision(digits)));
  return text.replace("-", "−");
}

/** A number with so many decimals, and a true minus sign. */
export function fixed(v, decimals = 2) {
  return Number.isFinite(v) ? v.toFixed(decimals).replace("-", "−") : "–";
}

/** Calls f at most once per animation frame, with the last arguments. */
export function perFrame(f) {
  let waiting = 0;
  let last = [];
  return (...args) => {
    last = args;
    if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; f(...last); });
  };
}

/** Calls f once `ms` have passed without another call. */
export function debounce(f, ms) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...args), ms);
  };
}

/** A labelled range with its value beside it; `onInput(value)`. `show` turns the value into words. */
export function slider({ label, min, max, step = "any", value, show = number, onInput, attrs = {} }) {
  const out = h("output", { class: "slider-value" }, show(value));
  const input = h("input", { type: "range", min, max, step, value, "aria-label": label, "aria-valuetext": show(value), ...attrs,
    on: { input: () => { say(Number(input.value)); onInput(Number(input.value)); } } });
  const say = (v) => { out.textContent = show(v); input.setAttribute("aria-valuetext", show(v)); };
  const el = h("label", { class: "slider" }, h("span", { class: "slider-name" }, label), input, out);
  return { el, input, set(v) { input.value = v; say(Number(v)); } };
}

/** A group of buttons of which one is pressed. `choices` are [value, words, title?]; `onChoose(value)`. */
export function segmented({ label, choices, value, onChoose, attrs = {} }) {
  const buttons = new Map();
  const el = h("div", { class: "segmented", role: "group", "aria-label": label, ...attrs },
    choices.map(([key, words, title]) => {
      const button = h("button", { type: "button", class: "segment", title, dataset: { value: key }, "aria-pressed": String(key === value),
        on: { click: () => { set(key); onChoose(key); } } }, words);
      buttons.set(key, button);
      return button;
    }));
  function set(key) {
    for (const [k, button] of buttons) button.setAttribute("aria-pressed", String(k === key));
  }
  return { el, set, buttons };
}
