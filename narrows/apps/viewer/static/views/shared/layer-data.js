/** The payload "activations" as the layers that the hourglass and the drawer show. */

import { countOf } from "./text.js";

/**
 * @param {Answer} answer
 * @param {Run} run
 */
export function layerData(answer, run) {
  const described = answer.about.layers;
  const hidden = { encoder: described.filter((l) => l.part === "encoder").length, decoder: described.filter((l) => l.part === "decoder").length };
  const counts = { encoder: 0, decoder: 0 };
  const layers = described.map((layer, i) => {
    const last = i === described.length - 1;
    const values = answer.arrays[`layer${i}`] || (last ? answer.arrays.output : answer.arrays.input);
    if (layer.part in counts) counts[layer.part] += 1;
    const units = layer.units ?? product(layer.shape);
    const inner = layer.part === "encoder" || layer.part === "decoder";
    return {
      ...layer, index: i, values, units,
      arrayShape: values.shape || [values.length],
      shown: layer.shown ?? values.length,
      parameters: run.layers?.[i]?.parameters ?? layer.parameters ?? 0,
      activation: activationName(layer.activation ?? (inner ? run.activation : null)),
      ...namesOf(layer, i, last, run, counts, hidden, units),
    };
  });
  return {
    signature: `${run.id}:${layers.map((l) => `${l.part}${l.arrayShape}`).join(";")}`,
    run, layers,
    input: answer.arrays.input, output: answer.arrays.output, difference: answer.arrays.difference,
    error: answer.about.error ?? null, average: answer.about.average_error ?? null, label: answer.about.label ?? null, unit: answer.about.unit ?? null, columns: answer.about.n_columns ?? null,
  };
}

function namesOf(layer, i, last, run, counts, hidden, units) {
  const size = run.shape ? `${run.shape[0]}×${run.shape[1]}` : countOf(run.n_floats, "number");
  if (i === 0) return { title: "Input", label: `input ${run.shape ? size : ""}`, detail: countOf(units, "number") };
  if (last) return { title: "Reconstruction", label: "reconstruction", detail: [countOf(units, "number"), activationName(layer.activation)].filter(Boolean).join(" · ") };
  if (layer.part === "code") return { title: "Code", label: "code", detail: countOf(units, "number") };
  const half = layer.part === "encoder" ? "Encoder" : "Decoder";
  return { title: `${half} layer ${counts[layer.part]} of ${hidden[layer.part]}`, label: "", detail: "" };
}

const ACTIVATION_NAMES = { elu: "ELU", gelu: "GELU", relu: "ReLU", selu: "SELU", silu: "SiLU" };

/** "SiLU" for "silu": an activation function as papers write it. */
const activationName = (name) => ACTIVATION_NAMES[name] ?? name ?? null;

/**
 * What a stage of the network does, in one sentence.
 * @param {Layer} layer
 * @param {Run} run
 */
export function stageWords(layer, run) {
  const noun = run.shape ? "image" : "row";
  const isMaps = layer.arrayShape.length === 3 && layer.arrayShape[1] * layer.arrayShape[2] > 1;
  switch (layer.part) {
    case "input": return `The input: the ${noun} as numbers${run.shape ? ", one for each pixel" : ", one or more for each column"}.`;
    case "code": return `The code (bottleneck): all that the decoder receives of the ${noun}.`;
    case "output": return `The reconstruction: the decoder's output for the code.`;
    case "encoder": return isMaps ? "Feature maps: each filter slides over the picture and marks where it finds its pattern." : "The encoder combines all values before it into fewer, more informative ones.";
    default: return isMaps ? "Feature maps: the decoder paints parts of the picture at a coarser size." : "The decoder spreads the code out again, step by step, into more values.";
  }
}

/** The indices of the largest absolute values. */
export function largestUnits(values, n) {
  return Array.from(values.keys()).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a])).slice(0, n);
}

/**
 * Counts of values in equal bins.
 * @returns {{edges: number[], counts: number[]}}
 */
export function valueBins(values, bins = 24) {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) { low = Math.min(low, v); high = Math.max(high, v); }
  if (!(high > low)) [low, high] = [low - 0.5, low + 0.5];
  const counts = Array.from({ length: bins }, () => 0);
  for (const v of values) counts[Math.min(bins - 1, Math.floor(((v - low) / (high - low)) * bins))] += 1;
  return { edges: Array.from({ length: bins + 1 }, (_, i) => low + ((high - low) * i) / bins), counts };
}

/** The number of elements of an array of this shape. */
export function product(shape) {
  return shape.reduce((sum, n) => sum * n, 1);
}
