/** A row as a picture: an image pixel by pixel, or the profile of a table's row, one dot per float. */

import { css, diverging, errorColour, variable } from "./colour.js";
import { context2d } from "./dom.js";
import { differenceText, valueText } from "./float-units.js";
import { number } from "./format.js";

/** The size of a row's picture in its own pixels; a table's profile has channels 0. */
export function pictureSize(run) {
  if (!run.shape) return { width: 200, height: 120, channels: 0 };
  const [height, width, channels = 1] = run.shape;
  return { width, height, channels };
}

/** Red, green and blue of pixel i: two channels as the grey of their mean, four over white, of more the first three. */
export function pixelColour(values, i, channels, white) {
  const at = channels * i;
  if (channels < 3) {
    const grey = channels === 1 ? values[at] : (values[at] + values[at + 1]) / 2;
    return [grey, grey, grey];
  }
  const colour = [values[at], values[at + 1], values[at + 2]];
  if (channels !== 4) return colour;
  const cover = values[at + 3] / white;
  return colour.map((v) => v * cover + white * (1 - cover));
}

/**
 * Draws one row. Images keep one canvas pixel per pixel, enlarged by CSS without smoothing; uint8 values are 0..255, floats 0..1.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>|null} values n_floats of them; null clears
 * @param {Pictured} run
 * @param {PictureOptions} [options] scale: the value drawn in full colour
 */
export function drawPicture(canvas, values, run, { mode = "grey", scale = 1 } = {}) {
  if (!run.shape) return drawProfile(canvas, values, null, run, mode, scale);
  const { width, height, channels } = pictureSize(run);
  markKind(canvas, "picture");
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = context2d(canvas);
  if (!values) return context.clearRect(0, 0, width, height);
  const image = context.createImageData(width, height);
  const data = image.data;
  const unit = values instanceof Uint8Array || values instanceof Uint8ClampedArray ? 1 / 255 : 1;
  for (let i = 0; i < width * height; i++) {
    const at = 4 * i;
    if (mode === "grey") {
      pixelColour(values, i, channels, 1 / unit).forEach((v, c) => { data[at + c] = Math.round(255 * unit * v); });
    } else {
      let v = 0;
      for (let c = 0; c < channels; c++) v += values[channels * i + c] * unit / channels;
      [data[at], data[at + 1], data[at + 2]] = mode === "error" ? errorColour(Math.abs(v) / scale) : diverging(v / scale);
    }
    data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** Draws a table row (rings) and its reconstruction (dots) in one profile; of an image, only the reconstruction. */
export function drawPair(canvas, original, rebuilt, run) {
  if (run.shape) return drawPicture(canvas, rebuilt, run);
  drawProfile(canvas, rebuilt, original, run, "grey", 1);
}

function markKind(canvas, kind) {
  canvas.classList.toggle("is-picture", kind === "picture");
  canvas.classList.toggle("is-profile", kind === "profile");
}

const drawnProfiles = new WeakMap();

function drawProfile(canvas, values, second, run, mode, scale) {
  markKind(canvas, "profile");
  const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
  const width = canvas.clientWidth || 200;
  const height = canvas.clientHeight || 120;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = context2d(canvas);
  context.scale(ratio, ratio);
  if (!drawnProfiles.has(canvas)) canvas.addEventListener("pointermove", nameUnderPointer);
  drawnProfiles.set(canvas, { values, second, run, mode });
  if (!values) return;
  const ink = (name, fallback) => variable(canvas, name) || fallback;
  const [low, high] = mode === "error" ? [0, scale] : mode === "signed" ? [-scale, scale] : run.range || [-3, 3];
  const edge = 6;
  const names = run.names && (width - 2 * edge) / values.length >= 11 && height >= 130 ? run.names.map(shortened) : null;
  context.font = NAME_FONT;
  const strip = names ? Math.min(height / 2, edge + Math.max(...names.map((name) => context.measureText(name).width))) : 0;
  const y = (v) => edge + (height - strip - 2 * edge) * (1 - (Math.max(low, Math.min(high, v)) - low) / (high - low));
  const x = (i) => edge + (width - 2 * edge) * (i + 0.5) / values.length;
  const zero = y(Math.max(low, 0));
  const radius = Math.max(1.2, Math.min(3.5, (width - 2 * edge) / values.length / 2.4));
  context.strokeStyle = ink("--line", "#d8dde4");
  context.beginPath();
  context.moveTo(edge, zero);
  context.lineTo(width - edge, zero);
  context.stroke();
  if (names) drawNames(context, names, { x, bottom: height - edge, colour: ink("--muted", "#566070") });
  const isMissing = mode === "grey" ? missingFloats(second ?? values, run) : () => false;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    if (isMissing(i)) drawCross(context, x(i), zero, radius + 1.5, ink("--muted", "#566070"));
    if (isMissing(i) && !second) continue;
    const colour = mode === "error" ? css(errorColour(0.25 + 0.75 * Math.abs(values[i]) / scale))
      : mode === "signed" ? css(diverging(0.3 * Math.sign(values[i]) + 0.7 * values[i] / scale)) : ink("--accent", "#0b5cad");
    context.strokeStyle = context.fillStyle = colour;
    context.globalAlpha = second ? 0.5 : 0.35;
    context.lineWidth = Math.max(1, radius * 0.7);
    context.beginPath();
    context.moveTo(x(i), second && !isMissing(i) ? y(second[i]) : zero);
    context.lineTo(x(i), y(values[i]));
    context.stroke();
    context.globalAlpha = 1;
    context.beginPath();
    context.arc(x(i), y(values[i]), radius, 0, 2 * Math.PI);
    context.fill();
    if (second && !isMissing(i)) {
      context.strokeStyle = ink("--ink", "#1b2230");
      context.lineWidth = 1.2;
      context.beginPath();
      context.arc(x(i), y(second[i]), radius + 0.8, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

/** Whether the cell of a float is missing in a row, by the mask of its column. */
function missingFloats(row, run) {
  const { masks } = run;
  return (i) => Boolean(masks && masks[i] >= 0 && row[masks[i]] > 0.5);
}

/** The mark of a missing cell. */
function drawCross(context, x, y, size, colour) {
  context.strokeStyle = colour;
  context.globalAlpha = 1;
  context.lineWidth = 1.4;
  context.beginPath();
  for (const way of [1, -1]) {
    context.moveTo(x - size, y - way * size);
    context.lineTo(x + size, y + way * size);
  }
  context.stroke();
}

const NAME_FONT = "10px system-ui, sans-serif";

/** A name of a float that fits below it; the end tells levels and flags apart, so it is kept. */
const shortened = (name) => (name.length > 14 ? `${name.slice(0, 6)}…${name.slice(-7)}` : name);

/** Names of the floats, upright, in a strip below them. */
function drawNames(context, names, { x, bottom, colour }) {
  context.save();
  context.fillStyle = colour;
  context.font = NAME_FONT;
  names.forEach((name, i) => {
    context.save();
    context.translate(x(i) + 3.5, bottom);
    context.rotate(-Math.PI / 2);
    context.fillText(name, 0, 0);
    context.restore();
  });
  context.restore();
}

/** The float under the pointer, named in the canvas's tooltip. */
function nameUnderPointer(event) {
  const canvas = event.currentTarget;
  const { values, second, run, mode } = drawnProfiles.get(canvas);
  if (!values) return;
  const box = canvas.getBoundingClientRect();
  const i = Math.max(0, Math.min(values.length - 1, Math.floor((event.clientX - box.left - 6) / (box.width - 12) * values.length)));
  const name = run.names ? run.names[i] : `float ${i}`;
  canvas.title = `${name}: ${pointText()}`;

  function pointText() {
    if (mode === "error") return number(values[i], 3);
    if (mode === "signed") return differenceText(values[i], i, run);
    const isMissing = missingFloats(second ?? values, run)(i);
    const before = isMissing ? "missing" : valueText((second ?? values)[i], i, run);
    return second ? `${before} → ${valueText(values[i], i, run)}` : before;
  }
}

/** The values of row i of an array (n, ...) of rows. */
export function rowOf(array, i) {
  const size = array.length / array.shape[0];
  return array.subarray(i * size, (i + 1) * size);
}
