/** Interpolation in the decoded grid, used where no decoder answers. */

/**
 * The row at (x, y), blended from the four nodes around it; beyond the grid the nearest of its edge.
 * @param {{decoded: any, x: Float32Array, y: Float32Array}} grid "decoded" (side, side, ...), its first axis along y
 * @returns {any} of the type of `decoded`
 */
export function gridAt({ decoded, x: xs, y: ys }, x, y) {
  const size = decoded.length / (xs.length * ys.length);
  const [c, s] = between(xs, x);
  const [r, t] = between(ys, y);
  const out = decoded.slice(0, size);
  const node = (row, column) => (Math.min(row, ys.length - 1) * xs.length + Math.min(column, xs.length - 1)) * size;
  const [a, b, d, e] = [node(r, c), node(r, c + 1), node(r + 1, c), node(r + 1, c + 1)];
  const whole = decoded instanceof Uint8Array;
  for (let i = 0; i < size; i++) {
    const v = (1 - t) * ((1 - s) * decoded[a + i] + s * decoded[b + i]) + t * ((1 - s) * decoded[d + i] + s * decoded[e + i]);
    out[i] = whole ? Math.round(v) : v;
  }
  return out;
}

/** Whether (x, y) lies on the grid. */
export function onGrid({ x: xs, y: ys }, x, y) {
  const within = (list, v) => v >= Math.min(list[0], list.at(-1)) && v <= Math.max(list[0], list.at(-1));
  return within(xs, x) && (within(ys, y) || ys[0] === ys.at(-1));
}

/** The node before v in an evenly spaced list, and the share of the step to the next. */
function between(list, v) {
  const step = (list.at(-1) - list[0]) / (list.length - 1);
  const at = step ? Math.max(0, Math.min(list.length - 1, (v - list[0]) / step)) : 0;
  const i = Math.min(Math.floor(at), list.length - 2);
  return [i, at - i];
}
