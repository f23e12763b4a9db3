/**
 * Returns a function that runs `work`; calls during a run cause one more run afterwards.
 * @param {() => Promise<void>} work
 * @param {(error: Failure) => void} fail called with an error; replaced queries are ignored
 * @returns {() => Promise<void>}
 */
export function refresher(work, fail) {
  let running = false;
  let again = false;
  return async function refresh() {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      try {
        await work();
      } catch (error) {
        if (!error?.dropped) fail(error);
      }
    }
    running = false;
  };
}

/** Calls `f` at once, then at most once in `ms`; a call in between is made up for at the end. */
function throttle(f, ms) {
  let [last, timer] = [-Infinity, 0];
  const call = () => { timer = 0; last = performance.now(); f(); };
  return () => {
    if (timer) return;
    const rest = last + ms - performance.now();
    if (rest <= 0) call();
    else timer = setTimeout(call, rest);
  };
}

/**
 * Refreshes on events of the run in view and of the compared run, at most once in `every` ms.
 * @returns {Array<() => void>}
 */
export function followRun(lab, root, refresh, every = 0) {
  const throttled = throttle(refresh, every);
  const onRunEvent = (message) => { if (message.run === lab.run?.id || message.run === lab.compare?.id) throttled(); };
  let lastKey = "";
  const onState = () => {
    const run = lab.run;
    const now = run ? `${run.id} ${run.state} ${run.n_floats} ${run.epoch}` : "";
    if (now !== lastKey || root.dataset.ready !== "true") refresh();
    lastKey = now;
  };
  return [lab.on("snapshot", onRunEvent), lab.on("epoch", onRunEvent), lab.on("run", refresh), lab.on("compare", refresh), lab.on("state", onState),
    lab.on("connection", (state) => { if (state === "open") refresh(); })];
}

/** Makes the element that the shell gave the root of a view. */
export function prepareView(el, name, ...children) {
  el.classList.add("lab-view", name);
  Object.assign(el.dataset, { view: name, ready: "false" });
  el.append(...children);
  return el;
}
