/** Helpers that create elements. Text is inserted as text, never as markup. */

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/**
 * An HTML element. `attrs` are attributes, except `class`, `dataset` (object), `style` (object) and `on` ({event: f}).
 * @param {string} tag
 * @param {Object} [attrs]
 * @param {...(Node|string|number|null|undefined|Array)} children
 * @returns {any}
 */
export function h(tag, attrs = {}, ...children) {
  return build(document.createElement(tag), attrs, children);
}

/**
 * The same for SVG.
 * @param {string} tag
 * @param {Object} [attrs]
 * @returns {any}
 */
export function svg(tag, attrs = {}, ...children) {
  return build(document.createElementNS(SVG_NAMESPACE, tag), attrs, children);
}

function build(el, attrs, children) {
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

/**
 * The first element that matches a selector; an error if there is none.
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function existing(selector) {
  const el = document.querySelector(selector);
  if (!(el instanceof HTMLElement)) throw new Error(`The page has no ${selector}.`);
  return el;
}

/**
 * The 2-D context of a canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [options]
 * @returns {CanvasRenderingContext2D}
 */
export function context2d(canvas, options) {
  const context = canvas.getContext("2d", options);
  if (!context) throw new Error("This browser cannot draw on a canvas.");
  return context;
}

/**
 * Empties an element and, if given, fills it again.
 * @param {Element} el
 * @returns {any}
 */
export function clear(el, ...children) {
  el.replaceChildren();
  append(el, children);
  return el;
}
