/** Presets: experiments on the digits, each with its runs, its view, and what to look for in it. */

/** @typedef {{variant: string, settings: Record<string, any>}} Setup */
/** @typedef {{name: string, title: string, view: string, runs: Setup[], question: string, look: string}} Preset the second run is compared with the first */

const WIDE = { n_components: 64, hidden_layer_sizes: [64] };

/** @type {Preset[]} */
export const PRESETS = [
  { name: "identity-trap", title: "Identity trap", view: "denoise", runs: [{ variant: "plain", settings: WIDE }, { variant: "plain", settings: { n_components: 8 } }],
    question: "What if the code is as wide as the image?",
    look: "The first network has 64 numbers for 64 pixels, so it may copy its input. Set the noise level to 0: its error is the smaller one. Raise the level: it copies the noise too, while the network with 8 numbers has to leave part of it out." },
  { name: "too-narrow", title: "Too narrow", view: "training", runs: [{ variant: "plain", settings: { n_components: 1 } }, { variant: "plain", settings: { n_components: 16 } }],
    question: "What if the code is one number?",
    look: "One number cannot tell ten digits apart: the middle row shows blends of several digits. The bottom row was rebuilt from 16 numbers. More epochs do not help the narrow network; its curve is flat." },
  { name: "collapsed-vae", title: "Collapsed VAE", view: "latent", runs: [{ variant: "variational", settings: { beta: 50 } }, { variant: "variational", settings: { beta: 1 } }],
    question: "What if the penalty of a VAE is too strong?",
    look: "Beta is 50, so using the code costs more than it gains, and the network ignores it. All dots lie together at 0, and the decoder draws the same average image wherever you point. In the run with beta 1 (under Runs) the classes separate." },
  { name: "noise-as-regulariser", title: "Noise as regulariser", view: "denoise", runs: [{ variant: "denoising", settings: WIDE }, { variant: "plain", settings: WIDE }],
    question: "What does noise in training do for a wide code?",
    look: "Both networks have 64 numbers for 64 pixels and could copy. The denoising one saw noisy images in training and had to return clean ones, so copying did not help: its curve lies above that of the plain one as soon as there is noise." },
  { name: "amount-of-data", title: "Amount of data", view: "training", runs: [{ variant: "plain", settings: { n_components: 16, rows: [[0, 99]] } }, { variant: "plain", settings: { n_components: 16 } }],
    question: "What if there are 100 images instead of 1,797?",
    look: "Compare the validation losses (bold, and dashed for the run on all images): with 100 images the network knows few ways to write each digit, and its error on images it was not trained on stays high." },
];

/** A link that opens a preset on this page. */
export const presetAddress = (preset) => `#preset=${preset.name}`;

/** @returns {Preset|null} */
export const presetNamed = (name) => PRESETS.find((one) => one.name === name) || null;
