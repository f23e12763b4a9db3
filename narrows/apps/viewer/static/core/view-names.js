/** The views: the name of each, which is its folder in views/, and its words on the tab; in the order of the tabs. */

/** @type {Array<[string, string]>} */
export const VIEWS = [["flow", "Flow"], ["latent", "Latent"], ["training", "Training"], ["denoise", "Denoise"], ["anomaly", "Anomaly"]];
