/** Answers to queries that the page computes from the outputs of its networks, in the form of the server's. */

const N_LARGEST = 5;

/**
 * Rows of a network as views draw them: whole pixels of images, floats of tables.
 * @param {Float32Array} rows
 * @param {Run} run
 * @param {number[]} shape in front of the shape of a row
 */
export function pageValues(rows, run, shape) {
  const values = run.shape ? Uint8Array.from(rows, (v) => Math.round(255 * v)) : Float32Array.from(rows);
  return Object.assign(values, { shape: [...shape, ...(run.shape ?? [run.n_floats ?? rows.length])] });
}

/**
 * The codes of the nodes of a grid, row by row from its top.
 * @param {Frame} grid
 * @param {Frame} plane the codes of the same epoch
 */
export function gridNodes(grid, plane) {
  const [{ x, y }, { origin, axes }] = [grid.arrays, plane.arrays];
  const k = origin.length;
  const codes = new Float32Array(x.length * y.length * k);
  for (let r = 0; r < y.length; r++) {
    for (let c = 0; c < x.length; c++) {
      for (let j = 0; j < k; j++) codes[(r * x.length + c) * k + j] = origin[j] + x[c] * axes[j] + y[r] * axes[k + j];
    }
  }
  return codes;
}

/**
 * The activations of a row.
 * @param {Frame} template the activations of another row, or of this one after another epoch
 * @param {Record<string, Float32Array>} passed what the network made of it
 * @param {Float32Array} floats the row, encoded
 * @param {Run} run
 * @param {{epoch: number, isKnown: boolean}} what isKnown: whether the template is of the same row
 * @returns {Answer}
 */
export function inPageActivations(template, passed, floats, run, { epoch, isKnown }) {
  const last = template.about.layers.length - 1;
  /** @type {Arrays} */
  const arrays = {};
  const layers = template.about.layers.map((layer, i) => {
    const all = i === 0 ? floats : i === last ? passed.rebuilt : passed[`layer${i}`];
    const held = template.arrays[`layer${i}`];
    arrays[`layer${i}`] = Object.assign(all.slice(0, held.length), { shape: held.shape });
    return { ...layer, ...extremes(all) };
  });
  const shape = run.shape ?? [floats.length];
  const difference = Float32Array.from(passed.row, (v, i) => v - passed.input[i]);
  const about = { ...template.about, layers, error: passed.error[0], unit: null,
    cells: run.shape ? null : numericCells(template.about, run, { observed: floats, expected: passed.rebuilt })?.map((one, i) => ({ ...one, error: (floats[i] - passed.rebuilt[i]) ** 2 })) ?? null,
    label: isKnown ? template.about.label : null, average_error: isKnown ? template.about.average_error : null };
  return { about, epoch, arrays: { ...arrays, input: pageValues(passed.input, run, []), output: pageValues(passed.row, run, []),
    difference: Object.assign(difference, { shape }), code: Object.assign(passed.code, { shape: [passed.code.length] }) } };
}

function extremes(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) { low = Math.min(low, v); high = Math.max(high, v); }
  const largest = Array.from(values.keys()).sort((i, j) => Math.abs(values[j]) - Math.abs(values[i])).slice(0, N_LARGEST).map((i) => [i, values[i]]);
  return { low, high, largest };
}

/**
 * The cells of rows of a table whose columns are all numbers, in their units; null for other tables, whose cells only Python knows.
 * @param {any} about with "centre" and "spread" of each float
 * @param {Run} run
 * @param {Record<string, ArrayLike<number>>} rows by the names of their cells
 * @returns {import("../views/shared/cell-table.js").Cell[]|null}
 */
export function numericCells(about, run, rows) {
  const { centre, spread } = about ?? {};
  const names = run.names ?? [];
  if (!centre || centre.some((v) => v === null) || run.masks?.some((v) => v >= 0)) return null;
  return names.map((name, i) => ({ name, ...Object.fromEntries(Object.entries(rows).map(([row, values]) => [row, centre[i] + spread[i] * values[i]])) }));
}

/** The peak signal-to-noise ratio in decibels; null where nothing differs. */
export function psnr(clean, noisy, range) {
  let sum = 0;
  for (let i = 0; i < clean.length; i++) sum += (clean[i] - noisy[i]) ** 2;
  return sum ? 10 * Math.log10(range ** 2 * clean.length / sum) : null;
}
