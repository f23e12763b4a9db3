/** Activations as pixels: one canvas a layer, made once and enlarged without smoothing. */

import { diverging } from "../../core/colour.js";
import { context2d } from "../../core/dom.js";

/** The largest absolute value; 1 where all are 0, so that it can be divided by. */
export function largestSize(values) {
  let most = 0;
  for (const v of values) if (Math.abs(v) > most) most = Math.abs(v);
  return most || 1;
}

/**
 * A canvas of one pixel per unit, laid out as `box` says (see hourglass.js).
 * @param {PaintedBox} box
 * @param {ArrayLike<number>} values
 */
export function paintLayer(box, values) {
  const [columns, lines] = [box.columns * (box.wide || 1), box.lines * (box.high || 1)];
  const [width, height] = box.vertical && box.kind === "cells" ? [lines, columns] : [columns, lines];
  /** @type {[number, number]} */
  const sized = box.vertical && box.kind === "maps" ? [box.lines * box.wide, box.columns * box.high] : [width, height];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = sized;
  const context = context2d(canvas);
  const image = context.createImageData(...sized);
  const scale = largestSize(values);
  for (let unit = 0; unit < values.length; unit++) {
    const at = 4 * pixelOf(box, unit, sized[0]);
    [image.data[at], image.data[at + 1], image.data[at + 2]] = diverging(values[unit] / scale);
    image.data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function pixelOf(box, unit, width) {
  if (box.kind === "cells") {
    const [line, column] = [Math.floor(unit / box.columns), unit % box.columns];
    return box.vertical ? column * width + line : line * width + column;
  }
  const map = Math.floor(unit / (box.high * box.wide));
  const [p, q] = [Math.floor(unit / box.wide) % box.high, unit % box.wide];
  const [line, column] = [Math.floor(map / box.columns), map % box.columns];
  return box.vertical
    ? (column * box.high + p) * width + line * box.wide + q
    : (line * box.high + p) * width + column * box.wide + q;
}

/** Thin lines between cells (or feature maps) that are large enough to be distinguished. */
export function ruleCells(context, box, colour) {
  const [nx, ny] = box.vertical ? [box.lines, box.columns] : [box.columns, box.lines];
  if (box.w / nx < 5 || box.h / ny < 5) return;
  context.strokeStyle = colour;
  context.lineWidth = box.kind === "maps" ? 2 : 1;
  context.beginPath();
  for (let i = 1; i < nx; i++) {
    const x = Math.round(box.x + (box.w * i) / nx) + 0.5;
    context.moveTo(x, box.y);
    context.lineTo(x, box.y + box.h);
  }
  for (let i = 1; i < ny; i++) {
    const y = Math.round(box.y + (box.h * i) / ny) + 0.5;
    context.moveTo(box.x, y);
    context.lineTo(box.x + box.w, y);
  }
  context.stroke();
}

/**
 * The ribbon between two layers, filled up to `reached` (0..1) with a bright front where the pulse is.
 * @param {CanvasRenderingContext2D} context
 * @param {LayerBox} a
 * @param {LayerBox} b
 * @param {boolean} vertical
 * @param {string} colour "#rrggbb"
 * @param {number} reached
 * @param {[number, number]} strength opacities at both ends
 */
export function paintRibbon(context, a, b, vertical, colour, reached, [from, to]) {
  ribbonPath(context, a, b, vertical);
  const [x0, y0, x1, y1] = vertical ? [0, a.y + a.h, 0, b.y] : [a.x + a.w, 0, b.x, 0];
  const gradient = context.createLinearGradient(x0, y0, x1, y1);
  const tint = (alpha) => colour + Math.round(255 * alpha).toString(16).padStart(2, "0");
  if (reached <= 0) {
    gradient.addColorStop(0, tint(0.05));
    gradient.addColorStop(1, tint(0.05));
  } else if (reached >= 1) {
    gradient.addColorStop(0, tint(from));
    gradient.addColorStop(1, tint(to));
  } else {
    gradient.addColorStop(0, tint(from));
    gradient.addColorStop(Math.max(0, reached - 0.25), tint(from + (to - from) * reached));
    gradient.addColorStop(reached, tint(0.75));
    gradient.addColorStop(Math.min(1, reached + 0.02), tint(0.05));
    gradient.addColorStop(1, tint(0.05));
  }
  context.fillStyle = gradient;
  context.fill();
}

function ribbonPath(context, a, b, vertical) {
  context.beginPath();
  if (vertical) {
    const [top, bottom, middle] = [a.y + a.h, b.y, (a.y + a.h + b.y) / 2];
    context.moveTo(a.x, top);
    context.bezierCurveTo(a.x, middle, b.x, middle, b.x, bottom);
    context.lineTo(b.x + b.w, bottom);
    context.bezierCurveTo(b.x + b.w, middle, a.x + a.w, middle, a.x + a.w, top);
  } else {
    const [left, right, middle] = [a.x + a.w, b.x, (a.x + a.w + b.x) / 2];
    context.moveTo(left, a.y);
    context.bezierCurveTo(middle, a.y, middle, b.y, right, b.y);
    context.lineTo(right, b.y + b.h);
    context.bezierCurveTo(middle, b.y + b.h, middle, a.y + a.h, left, a.y + a.h);
  }
  context.closePath();
}
