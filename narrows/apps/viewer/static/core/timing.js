/** Limits how often a function runs. */

/** Calls f at most once per animation frame, with the last arguments. */
export function perFrame(f) {
  let waiting = 0;
  let last = [];
  return (...args) => {
    last = args;
    if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; f(...last); });
  };
}

/** Calls f once `ms` have passed without another call; `cancel()` drops a pending call. */
export function debounce(f, ms) {
  let timer = 0;
  const call = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...args), ms);
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}
