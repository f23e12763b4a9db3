/**
 * The position of each layer of a network: from the input to its reconstruction along one axis, as high as the logarithm
 * of its units along the other. Narrow pages run from top to bottom.
 */

import { product } from "./layer-data.js";

const FEWEST = 26; // px: a layer of one unit can still be pointed at
const NUMBERS = 6; // codes up to this wide are shown as numbers

/**
 * @param {Array<{part: string, units: number, arrayShape: number[]}>} layers
 * @param {number} width of the stage in px
 * @param {number[]|null} shape (height, width, channels) of an image, null for a table
 * @param {number} [text] how much larger than usual text is
 * @returns {{vertical: boolean, width: number, height: number, gap: number, boxes: LayerBox[]}}
 */
export function networkLayout(layers, width, shape, text = 1) {
  const vertical = width < 600 * text || layers.length > 15;
  const across = vertical ? Math.min(width - 8, 420 * text) : Math.max(170, Math.min(290 * text, width * 0.22));
  const most = Math.max(...layers.map((layer) => layer.units));
  const ratio = shape ? shape[1] / shape[0] : 1;
  const picture = vertical ? Math.min(150 * text, across) : across;
  const boxes = layers.map((layer, index) => {
    const extent = Math.max(FEWEST, (across * Math.log1p(layer.units)) / Math.log1p(most));
    if (index === 0 || index === layers.length - 1) {
      const [w, h] = ratio >= 1 ? [picture, picture / ratio] : [picture * ratio, picture];
      return { kind: "picture", w, h };
    }
    if (layer.part === "code" && layer.units <= NUMBERS) return numbersBox(layer.units, vertical, text);
    if (layer.arrayShape.length === 3 && layer.arrayShape[1] * layer.arrayShape[2] > 1) {
      return mapsBox(layer.arrayShape, extent, vertical);
    }
    return cellsBox(product(layer.arrayShape), extent, vertical);
  });
  return vertical ? downwards(boxes, width, text) : rightwards(boxes, width, across);
}

function numbersBox(units, vertical, text) {
  const [long, thick] = [Math.max(56, units * 24 + 20) * text, 92 * text];
  return vertical
    ? { kind: "numbers", w: Math.max(92, Math.min(units, 3) * 84) * text, h: (Math.ceil(units / 3) * 24 + 20) * text }
    : { kind: "numbers", w: thick, h: long };
}

function cellsBox(n, extent, vertical) {
  const columns = n >= 128 ? 4 : n >= 32 ? 2 : 1;
  const thick = { 1: 22, 2: 30, 4: 44 }[columns];
  const size = vertical ? { w: extent, h: thick } : { w: thick, h: extent };
  return { kind: "cells", ...size, columns, lines: Math.ceil(n / columns), n, vertical };
}

/** @param {number[]} shape */
function mapsBox(shape, extent, vertical) {
  const [maps, high, wide] = shape;
  /** @type {{columns: number, lines: number, tile: number}} */
  let best = { columns: 1, lines: maps, tile: extent / maps };
  for (let columns = 1; columns <= maps; columns += 1) {
    const lines = Math.ceil(maps / columns);
    const tile = extent / lines;
    if (columns > 1 && columns * tile > 96) break;
    best = { columns, lines, tile };
  }
  const thick = best.columns * best.tile;
  const size = vertical ? { w: extent, h: thick } : { w: thick, h: extent };
  return { kind: "maps", ...size, ...best, maps, high, wide, vertical };
}

function rightwards(boxes, width, across) {
  const used = boxes.reduce((sum, box) => sum + box.w, 0);
  const gap = Math.max(6, (width - used) / (boxes.length - 1));
  const height = Math.max(across, ...boxes.map((box) => box.h)) + 8;
  let x = 0;
  for (const box of boxes) {
    Object.assign(box, { x, y: (height - box.h) / 2 });
    x += box.w + gap;
  }
  return { vertical: false, width, height, boxes, gap };
}

function downwards(boxes, width, text) {
  const gap = 50 * text; // a label of two lines, and some ribbon
  let y = 22 * text;
  for (const box of boxes) {
    Object.assign(box, { x: (width - box.w) / 2, y });
    y += box.h + gap;
  }
  return { vertical: true, width, height: y - gap + 8, boxes, gap };
}

/** The unit of a layer at (x, y) of the diagram, -1 outside. */
export function unitAt(box, x, y) {
  const [u, v] = [(x - box.x) / box.w, (y - box.y) / box.h];
  if (u < 0 || v < 0 || u >= 1 || v >= 1) return -1;
  const [along, over] = box.vertical ? [u, v] : [v, u];
  if (box.kind === "cells") {
    const unit = Math.floor(along * box.lines) * box.columns + Math.floor(over * box.columns);
    return unit < box.n ? unit : -1;
  }
  if (box.kind === "maps") {
    const [line, column] = [along * box.lines, over * box.columns];
    const map = Math.floor(line) * box.columns + Math.floor(column);
    if (map >= box.maps) return -1;
    const [p, q] = box.vertical ? [column % 1, line % 1] : [line % 1, column % 1];
    return (map * box.high + Math.floor(p * box.high)) * box.wide + Math.floor(q * box.wide);
  }
  return -1;
}

/** Where a unit is drawn: {x, y, w, h}. */
export function unitBox(box, unit) {
  if (box.kind === "cells") {
    const [line, column] = [Math.floor(unit / box.columns), unit % box.columns];
    return place(box, line / box.lines, column / box.columns, 1 / box.lines, 1 / box.columns);
  }
  const map = Math.floor(unit / (box.high * box.wide));
  const [p, q] = [Math.floor(unit / box.wide) % box.high, unit % box.wide];
  const [line, column] = [Math.floor(map / box.columns), map % box.columns];
  const [a, b] = box.vertical ? [q / box.wide, p / box.high] : [p / box.high, q / box.wide];
  const [da, db] = box.vertical ? [1 / box.wide, 1 / box.high] : [1 / box.high, 1 / box.wide];
  return place(
    box,
    (line + a) / box.lines,
    (column + b) / box.columns,
    da / box.lines,
    db / box.columns,
  );
}

function place(box, along, over, long, thick) {
  return box.vertical
    ? { x: box.x + along * box.w, y: box.y + over * box.h, w: long * box.w, h: thick * box.h }
    : { x: box.x + over * box.w, y: box.y + along * box.h, w: thick * box.w, h: long * box.h };
}
