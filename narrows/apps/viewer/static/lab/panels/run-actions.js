/** Commands on runs: start, switch the variant, pause, step, stop. */

/**
 * The variants as choices: name, label, explanation.
 * @param {Lab} lab
 * @returns {Array<[string, string, string]>}
 */
export const variantChoices = (lab) => (lab.state?.variants || []).map(({ name, label, help }) => [name, label, help]);

export const isBusy = (run) => ["preparing", "running", "pausing"].includes(run?.state);
export const isFinished = (run) => ["done", "stopped", "diverged", "failed", "loaded"].includes(run?.state);

/** Whether a run that was stopped or killed can be resumed. */
export const canResume = (run) => Boolean(run?.can_resume);

/** The settings of a run that apply to any variant. */
export function sharedSettings(lab, settings) {
  const own = new Set((lab.state?.settings || []).filter((field) => field.variants.length).map((field) => field.key));
  return Object.fromEntries(Object.entries(settings || {}).filter(([key]) => !own.has(key)));
}

/** The settings for another variant: all shared ones, but not a default code size. */
export function settingsFor(lab, run, variant) {
  const defaults = lab.state?.defaults || {};
  const chosen = sharedSettings(lab, run.settings);
  const ofIts = defaults[run.variant]?.n_components;
  return chosen.n_components === ofIts && defaults[variant] ? { ...chosen, n_components: defaults[variant].n_components } : chosen;
}

/**
 * Starts a run and brings it into view.
 * @returns {Promise<string|null>} its id
 */
export async function startRun(lab, { dataset, variant, settings }) {
  const before = lab.run;
  try {
    const response = await lab.command("train.start", { dataset, variant, settings });
    // The previous run is compared with the new one if both use the same data.
    lab.store.set("compare", before && before.dataset === dataset ? before.id : null);
    lab.show(response.run);
    lab.announce(`Training started: ${variant}.`);
    return response.run;
  } catch (error) {
    if (!error.dropped) lab.emit("error", error);
    return null;
  }
}

const sameSettings = (lab, a, b) => {
  const [one, other] = [sharedSettings(lab, a), sharedSettings(lab, b)];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((key) => JSON.stringify(one[key] ?? null) === JSON.stringify(other[key] ?? null));
};

/** Shows the newest run of a variant on the same data with the same settings, or starts one. */
export async function switchVariant(lab, variant) {
  const run = lab.run;
  if (!run || run.variant === variant) return;
  const match = knownRun(lab, variant);
  if (match) {
    lab.store.set("compare", run.id);
    lab.show(match.id);
    lab.announce(`Showing the ${variant} run.`);
  } else await startRun(lab, { dataset: run.dataset, variant, settings: settingsFor(lab, run, variant) });
}

/** Whether a variant can be chosen: its run is there, or this page may train it. */
export const canSwitch = (lab, variant) => Boolean(lab.run && (lab.can.train ? lab.run.can_train !== false : lab.run.variant === variant || knownRun(lab, variant)));

/** The explanation of a variant, and whether choosing it starts a training. */
export function variantTitle(lab, variant) {
  const help = lab.state?.variants?.find((one) => one.name === variant)?.help ?? "";
  if (!lab.run || lab.run.variant === variant || !canSwitch(lab, variant)) return help;
  if (knownRun(lab, variant)) return `${help} Shows the run that is there.`;
  const seconds = Math.round(lab.run.seconds ?? 0);
  return `${help} Starts a training${seconds ? `, about ${seconds} s` : ""}.`;
}

/** The newest run of a variant on the same data with the same settings. */
const knownRun = (lab, variant) => {
  const run = lab.run;
  const wanted = settingsFor(lab, run, variant);
  return lab.state.runs.findLast((one) => one.variant === variant && one.dataset === run.dataset && sameSettings(lab, one.settings, wanted) && one.state !== "failed");
};

/** Pauses or resumes the run in view; false if it neither runs nor is paused. */
export function pauseOrResume(lab) {
  const state = lab.run?.state;
  if (!lab.connected || (state !== "running" && state !== "paused")) return false;
  return playPause(lab);
}

/** Trains, pauses or resumes, depending on the state of the run in view. */
export async function playPause(lab) {
  const run = lab.run;
  if (!run || !lab.connected) return;
  if (run.state === "running") await send(lab, "train.pause", run);
  else if (run.state === "paused" || canResume(run)) await send(lab, "train.resume", run);
  else if (isFinished(run) && run.can_train !== false) await startRun(lab, { dataset: run.dataset, variant: run.variant, settings: run.settings });
}

export const step = (lab) => (lab.run?.state === "paused" ? send(lab, "train.step", lab.run) : lab.run?.state === "running" ? send(lab, "train.pause", lab.run) : null);
export const stop = (lab) => (lab.run && !isFinished(lab.run) ? send(lab, "train.stop", lab.run) : null);

async function send(lab, name, run) {
  try {
    await lab.command(name, { run: run.id });
  } catch (error) {
    if (!error.dropped) lab.emit("error", error);
  }
}
