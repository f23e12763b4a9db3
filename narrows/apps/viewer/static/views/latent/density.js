/** A density estimate under the points, readable where the points overlap. */

import { context2d } from "../../core/dom.js";

const CELL = 5;
const BLURS = 3;
const BANDS = 8;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {PointRaster} raster whose points and view it follows
 * @param {number[]} colour
 */
export function drawDensity(canvas, raster, [red, green, blue]) {
  const [w, hgt] = [Math.ceil(raster.width / CELL), Math.ceil(raster.height / CELL)];
  let cells = countRows(raster, w, hgt);
  for (let i = 0; i < BLURS; i++) cells = blurred(cells, w, hgt);
  const most = cells.reduce((a, b) => Math.max(a, b), 0) || 1;
  const small = document.createElement("canvas");
  Object.assign(small, { width: w, height: hgt });
  const image = context2d(small).createImageData(w, hgt);
  for (let i = 0; i < cells.length; i++) {
    // Square roots keep sparse regions visible; steps show contour lines.
    const band = Math.ceil(BANDS * Math.sqrt(cells[i] / most) - 0.35) / BANDS;
    image.data.set([red, green, blue, Math.round(190 * Math.max(0, band))], 4 * i);
  }
  context2d(small).putImageData(image, 0, 0);
  Object.assign(canvas, { width: raster.image.width, height: raster.image.height });
  const context = context2d(canvas);
  context.drawImage(small, 0, 0, w * CELL * raster.ratio, hgt * CELL * raster.ratio);
}

/** Counts the visible rows in each cell. */
function countRows(raster, w, hgt) {
  const cells = new Float32Array(w * hgt);
  const { xy, view } = raster;
  for (let i = 0; i < raster.n; i++) {
    if (!raster.isShown(i)) continue;
    const x = Math.floor((raster.width / 2 + (xy[2 * i] - view.x) * view.scale) / CELL);
    const y = Math.floor((raster.height / 2 - (xy[2 * i + 1] - view.y) * view.scale) / CELL);
    if (x >= 0 && y >= 0 && x < w && y < hgt) cells[y * w + x]++;
  }
  return cells;
}

/** The mean of five cells along each axis; three times it is nearly a Gaussian. */
function blurred(cells, w, hgt) {
  const along = (from, step, n, starts, stride) => {
    const to = new Float32Array(from.length);
    for (let s = 0; s < starts; s++) {
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let d = -2; d <= 2; d++) if (i + d >= 0 && i + d < n) sum += from[s * stride + (i + d) * step];
        to[s * stride + i * step] = sum / 5;
      }
    }
    return to;
  };
  return along(along(cells, 1, w, hgt, w), w, hgt, w, 1);
}
