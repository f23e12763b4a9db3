/** Colours of classes, activations and errors; they follow the theme. */

/** petroff10: ten colours that stay apart for colour-blind readers. */
export const PALETTE = ["#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"];

/** Whether the background is dark; set by the host page. */
export const theme = { dark: false };

/** The colour of class i; rows without a class (-1) take the ink of captions. */
export function classColour(i) {
  return i < 0 ? "#717581" : PALETTE[i % PALETTE.length];
}

/**
 * Class -> slot of the palette. With more than ten classes the nine most frequent keep a colour and the rest share the tenth.
 * @param {number[]} counts rows of each class
 * @returns {number[]}
 */
export function classSlots(counts) {
  if (counts.length <= PALETTE.length) return counts.map((_, i) => i);
  const order = counts.map((_, i) => i).sort((a, b) => counts[b] - counts[a] || a - b);
  const slots = Array.from({ length: counts.length }, () => PALETTE.length - 1);
  order.slice(0, PALETTE.length - 1).forEach((cls, slot) => { slots[cls] = slot; });
  return slots;
}

/** The palette as [r, g, b], lightened a little on a dark ground, where its red and violet would sink. */
export function themedPalette() {
  return PALETTE.map((hex) => (theme.dark ? mix(rgb(hex), [255, 255, 255], 0.22) : rgb(hex)));
}

/** "#3f90da" -> [63, 144, 218] */
export function rgb(hex) {
  const n = parseInt(hex.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

const SIGNED = { light: [[11, 92, 173], [255, 255, 255], [180, 83, 10]], dark: [[92, 170, 245], [24, 28, 36], [240, 150, 70]] };
const ERROR = { light: [[255, 255, 255], [189, 31, 1]], dark: [[24, 28, 36], [255, 112, 84]] };

/** @returns {[number, number, number]} */
function mix(a, b, t) {
  const channel = (i) => Math.round(a[i] + (b[i] - a[i]) * t);
  return [channel(0), channel(1), channel(2)];
}

/**
 * -1 blue, 0 ground, 1 orange.
 * @returns {[number, number, number]}
 */
export function diverging(v) {
  const [low, middle, high] = SIGNED[theme.dark ? "dark" : "light"];
  const t = Math.max(-1, Math.min(1, v || 0));
  return t < 0 ? mix(middle, low, -t) : mix(middle, high, t);
}

/**
 * 0 ground, 1 red.
 * @returns {[number, number, number]}
 */
export function errorColour(v) {
  const [low, high] = ERROR[theme.dark ? "dark" : "light"];
  return mix(low, high, Math.max(0, Math.min(1, v || 0)));
}

/** [r, g, b] -> CSS */
export function css([r, g, b], alpha = 1) {
  return alpha === 1 ? `rgb(${r} ${g} ${b})` : `rgb(${r} ${g} ${b} / ${alpha})`;
}

/** How much larger than usual text is at `el`: on large screens, and in a presentation. */
export function textScale(el) {
  return Number(variable(el, "--text")) || 1;
}

/** The value of a CSS variable at `el`. */
export function variable(el, name) {
  return getComputedStyle(el).getPropertyValue(name).trim();
}
