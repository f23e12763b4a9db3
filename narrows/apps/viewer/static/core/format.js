/** Numbers as text. */

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
