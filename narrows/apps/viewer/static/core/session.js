/** The session of a page: state, queries, commands and events for the views. */

import { keepScales } from "./float-units.js";
import { KIND } from "./protocol.js";

/** What a pupil's page says in place of what only the teacher's page can do. */
export const WHY_NOT = "Your teacher trains; you can explore.";

/**
 * @param {Store} store of core/store.js
 * @param {{can: Abilities, reduced: boolean, history: (run: string) => Promise<EpochRecord[]>, announce: (text: string) => void}} how `attach(transport)` must follow; the transport calls `receive` and `connection`.
 */
export function createSession(store, { can, reduced, history, announce }) {
  const listeners = new Map();
  const records = new Map();
  /** @type {string|null|undefined} id of the run that the page opened on: what others look at later changes it for pupils only */
  let firstRun;
  /** @type {Transport} */
  let transport;

  /** @type {Lab} */
  const lab = {
    can, store, reduced, announce,
    state: null,
    connected: false,
    refused: null,
    awaited: null,
    attach(newTransport) { transport = newTransport; },

    /** The run in view: that of this view alone, else the one of all views. */
    get run() {
      return runOfView("run") || lab.runOfAllViews;
    },

    /** The run the address names, else the one that the page opened on. */
    get runOfAllViews() {
      const runs = lab.state?.runs || [];
      const named = (id) => runs.find((run) => run.id === id);
      return named(store.get("run")) || named(firstRun) || null;
    },

    /** The run to compare with, or null. */
    get compare() {
      const id = runOfView("run") ? store.get(viewKey("compare")) : store.get("compare");
      return (id && id !== lab.run?.id && lab.state?.runs.find((run) => run.id === id)) || null;
    },

    /** Brings a run into all views; null: the one that the page opens on. */
    show(run) {
      store.set(viewKey("run"), null);
      store.set("latent-run", null); // this view has a run of its own only until another is chosen
      store.set("run", run);
    },

    /** Brings a run into this view only; `compare` is the id of another to compare it with. */
    showHere(run, compare = null) {
      store.set(viewKey("compare"), compare);
      store.set(viewKey("run"), run);
    },

    /** Chooses the run to compare with; null for none. */
    compareWith(id) {
      if (runOfView("run")) store.set(viewKey("compare"), id ?? "");
      else store.set("compare", id);
    },

    /** The data of a run (or of the run in view); without a run, those that the lab was started with. */
    dataset(run = lab.run) {
      const id = run ? run.dataset : lab.state?.opened;
      return lab.state?.datasets.find((one) => one.id === id) || null;
    },

    /** @returns {() => void} stops listening */
    on(event, f) {
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event).add(f);
      return () => listeners.get(event).delete(f);
    },

    emit(event, value) {
      const current = listeners.get(event);
      // A copy, since a listener may add others; those that it removes are not called any more.
      for (const f of Array.from(current || [])) if (current.has(f)) f(value);
    },

    /**
     * Queries the model; a newer query of the same view replaces this one, which then rejects with {dropped: true}.
     * @param {string} view name of the query
     * @param {Record<string, any>} [params] `run`: another run than the one in view
     * @returns {Promise<Answer>}
     */
    query(view, params = {}) {
      const { run, ...rest } = params;
      const id = run || lab.run?.id;
      return id ? answered(view, id, rest) : Promise.reject({ dropped: true });
    },

    /** Decodes a code; undefined if a newer request replaced it. */
    decode(z, run = lab.run) {
      return run && can.live ? transport.decode(run.number, z, Boolean(run.shape)) : Promise.resolve(undefined);
    },

    command(name, params = {}) {
      return transport.command(name, params);
    },

    /** The id of the newest run with these settings; trains it if there is none, where this page may. */
    async findOrTrain(setup) {
      const { run } = await transport.command(can.train ? "train.find_or_start" : "train.find", setup);
      if (!run) throw { message: "This network is not trained yet.", hint: WHY_NOT };
      return run;
    },

    /** The epochs of a run so far, oldest first. */
    records(run = lab.run) {
      return records.get(run?.id)?.list || [];
    },

    /** Fetches a run's epochs once; later ones arrive by themselves. */
    async load(run = lab.run) {
      if (!run) return [];
      const entry = entryOf(run.id);
      entry.loading ||= fetchInto(entry, run.id).catch(() => { entry.loading = null; });
      await entry.loading;
      return entry.list;
    },

    receive(message) {
      if (message.t === "state") setState(message.state);
      else if (message.t === "refused") lab.refused = { message: message.msg, hint: message.hint };
      else if (message.t === "epochs") {
        append(entryOf(message.run), message.records);
        lab.emit("epoch", message);
      } else if (message.kind === KIND.snapshot || message.kind === KIND.codes) {
        const run = lab.state?.runs.find((one) => one.number === message.run);
        if (run) lab.emit(message.kind === KIND.codes ? "codes" : "snapshot", { ...message, run: run.id });
      } else if (message.t === "err") lab.emit("error", { message: message.msg, hint: message.hint });
    },

    /** The session counts as connected once its state arrives. */
    connection(state) {
      if (state === "open") return;
      lab.connected = false;
      // Epochs may have been missed: the history is fetched again.
      if (state === "lost") for (const entry of records.values()) entry.loading = null;
      lab.emit("connection", state);
    },
  };

  /** Asks the transport; keeps what the floats of a table mean. */
  async function answered(view, id, params) {
    const answer = await transport.query(view, id, params);
    if (answer.about.scales) keepScales(id, answer.about.scales);
    return answer;
  }

  /** The key of what holds for one view only: "anomaly-run". */
  function viewKey(name) {
    return `${store.get("view")}-${name}`;
  }

  function runOfView(name) {
    const id = store.get(viewKey(name));
    return (id && lab.state?.runs.find((run) => run.id === id)) || null;
  }

  function entryOf(id) {
    if (!records.has(id)) records.set(id, { list: [], received: [], loading: null });
    return records.get(id);
  }

  /** Fetches all epochs of a run, and adds those received meanwhile. */
  async function fetchInto(entry, id) {
    entry.received = [];
    const list = await history(id);
    entry.list = list;
    const last = list.at(-1)?.number ?? 0;
    append(entry, entry.received.filter((record) => record.number > last));
  }

  /** Adds epochs; a run resumed from an earlier epoch replaces the later ones. */
  function append(entry, list) {
    if (!list.length) return;
    entry.received.push(...list);
    entry.list = [...entry.list.filter((record) => record.number < list[0].number), ...list];
  }

  function setState(state) {
    // A restarted server does not know its runs yet; the page keeps its state until it does.
    if (!lab.connected && lab.state?.runs.length && state.status === "starting") return;
    const wasConnected = lab.connected;
    const before = lab.run?.id;
    lab.connected = true;
    lab.refused = null;
    lab.state = state;
    if (state.role) can.train = state.role !== "pupil";
    if (state.role === "pupil" || !state.runs.some((run) => run.id === firstRun)) firstRun = state.opens_on === undefined ? state.runs.at(-1)?.id : state.opens_on;
    for (const id of records.keys()) if (!state.runs.some((run) => run.id === id)) records.delete(id);
    lab.emit("state", state);
    if (lab.run?.id !== before) lab.emit("run", lab.run);
    if (!wasConnected) lab.emit("connection", "open");
  }

  store.on("run", () => lab.emit("run", lab.run));
  store.on("compare", () => lab.emit("compare", lab.compare));
  for (const view of ["latent", "denoise", "anomaly"]) {
    store.on(`${view}-run`, () => lab.emit("run", lab.run));
    store.on(`${view}-compare`, () => lab.emit("compare", lab.compare));
  }
  return lab;
}

/**
 * Returns the session of one mounted view, and a function that ends it. After the end its queries are dropped: those of
 * a view that has gone would otherwise replace the same queries of the view that follows.
 * @param {Lab} lab
 * @returns {{lab: MountedLab, end: () => void}}
 */
export function viewSession(lab) {
  let hasEnded = false;
  const own = /** @type {MountedLab} */ (Object.create(lab));
  own.query = async (view, params) => {
    if (hasEnded) throw { dropped: true };
    const answer = await lab.query(view, params);
    if (hasEnded) throw { dropped: true };
    return answer;
  };
  return { lab: own, end() { hasEnded = true; } };
}
