/** Types that the modules share. They describe what the server sends (narrows/apps/viewer) and are read by the type checker alone. */

/** An array of a message; `shape` as in NumPy. */
type Shaped<T> = T & { shape: number[] };
type Values = Float32Array | Uint8Array | Uint8ClampedArray;
type Arrays = Record<string, Shaped<any>>;

/** What a view gets for a query. */
interface Answer {
  about: Record<string, any>;
  arrays: Arrays;
  epoch: number;
}

/** A rejected query or command; `dropped` where a newer one replaced it or the connection was lost. */
interface Failure {
  message?: string;
  hint?: string | null;
  dropped?: boolean;
  lost?: boolean;
}

/** What a picture of a row needs to know. */
interface Pictured {
  id?: string;
  shape: number[] | null;
  names?: string[] | null;
  /** Of a table: for each float the float that is 1 where its cell is missing, -1 for none. */
  masks?: number[] | null;
  range?: [number, number] | null;
}

/** How a picture is coloured; `scale` is the value in full colour. */
interface PictureOptions {
  mode?: "grey" | "error" | "signed";
  scale?: number;
}

interface Run extends Pictured {
  id: string;
  number: number;
  name: string;
  dataset: string;
  variant: string;
  settings: Record<string, any>;
  state: "preparing" | "running" | "pausing" | "paused" | "done" | "stopped" | "diverged" | "failed" | "loaded";
  message: string | null;
  hint: string | null;
  epoch: number;
  epochs: number | null;
  seconds?: number;
  loss: number | null;
  validation: number | null;
  /** Names of the penalties in the loss. */
  penalties: string[];
  kind: string | null;
  n_floats: number | null;
  n_components: number | null;
  n_parameters: number | null;
  unit: string | null;
  /** Name of the error, the terms of its sum, and its value where nothing is known of a row (null: it has none). */
  error: { name: string; sum: string; uninformed: number | null } | null;
  layers: Array<{ parameters?: number }>;
  activation: string | null;
  can_sample: boolean;
  can_train: boolean;
  /** Whether it was trained because a view opens on it, not because the visitor asked for it. */
  example: boolean;
  /** Whether it came with narrows, trained in advance. */
  shipped: boolean;
  can_resume: boolean;
}

/** A run on images. */
type ImageRun = Run & { shape: number[] };

interface Dataset {
  id: string;
  name: string;
  kind: "table" | "images";
  rows: number;
  shape: number[] | null;
  columns: string[] | null;
  classes: string[] | null;
  counts: number[] | null;
  /** The classes that the view of anomalies calls normal at first, where the host has chosen some. */
  normal?: string[] | null;
  notes: string[];
  labels: string | null;
}

interface SessionState {
  status: "starting" | "ready" | "failed";
  message: string | null;
  /** The dataset that the lab was started with. */
  opened?: string | null;
  /** Whether other machines can reach the page. */
  joinable?: boolean;
  /** Whose page this is: the owner's, in a class the teacher, or that of a pupil, who changes nothing. */
  role?: "owner" | "pupil";
  /** In a class, the address that pupils open. */
  pupil_address?: string | null;
  /** Id of the run that the page opens on, see `opening_run` in narrows/apps/lab/run_choice.py. */
  opens_on?: string | null;
  /** A sentence on the last run that was removed to make room. */
  removed?: string | null;
  datasets: Dataset[];
  offered: Array<{ id: string; name: string; rows: number; here: boolean; how: string | null }>;
  runs: Run[];
  defaults?: Record<string, Record<string, any>>;
  variants?: Array<{ name: string; label: string; help: string }>;
  settings?: SettingField[];
  limits?: { upload_bytes: number; trainings: number; points: number };
}

/** What a float of a table's row means in the user's units; see narrows/apps/viewer/float_scales.py. */
interface FloatScale {
  column: number;
  binary?: boolean;
  linear?: boolean;
  floats?: number[];
  values?: number[];
  cycles?: number[];
  step?: number | null;
}

/** A field of the settings; see `LabField` in narrows/estimators/parameters.py. */
interface SettingField {
  key: string;
  label: string;
  hint: string;
  kind: "int" | "float" | "name" | "sizes";
  low: number;
  high: number;
  choices: string[];
  variants: string[];
  section: "model" | "training" | "more" | "images";
}

/** One epoch of a run's history. */
interface EpochRecord {
  number: number;
  loss: number;
  validation: number | null;
  /** The terms of the validation loss by name. */
  validation_parts?: Record<string, number>;
}

/** A binary message: its header, and either an answer or raw values from `start` on. */
interface Frame extends Answer {
  kind: number;
  run: number;
  seq: number;
  flags: number;
  view?: string;
  body: ArrayBuffer;
  start: number;
}

interface Decoded {
  values: Values;
  epoch: number;
  ms: number;
}

/** How queries and commands reach whatever answers them. */
interface Transport {
  query(view: string, run: string, params: Record<string, any>): Promise<Answer>;
  decode(run: number, z: Float32Array, isImage: boolean): Promise<Decoded | undefined>;
  command(name: string, params: Record<string, any>): Promise<any>;
}

/** What a host can do for this page. */
interface Abilities {
  /** Train, open data, and remove runs: of a class only the teacher's page may. */
  train: boolean;
  /** Show runs in training, and more than one. */
  follow: boolean;
  /** Run the network at once. */
  readonly live: boolean;
  /** Answer any query. */
  ask: boolean;
}

type Store = ReturnType<typeof import("./core/store.js").createStore>;

/** The session as views see it: state, queries, commands and events. */
interface Lab {
  can: Abilities;
  store: Store;
  /** Whether the reader wants less motion. */
  reduced: boolean;
  announce(text: string | null): void;
  state: SessionState | null;
  connected: boolean;
  /** Why the server serves no more pages, until it does. */
  refused: Failure | null;
  /** The example that the map is to show once it is trained, in place of the run `from`. */
  awaited: { run: string; from: string } | null;
  /** What a report carries in place of a model. */
  prefetched?: any;
  /** The run in view: that of this view alone, else the one of all views. */
  readonly run: Run | null;
  readonly runOfAllViews: Run | null;
  /** The run to compare with. */
  readonly compare: Run | null;
  attach(transport: Transport): void;
  show(run: string | null): void;
  showHere(run: string, compare?: string | null): void;
  compareWith(id: string | null): void;
  dataset(run?: Run | null): Dataset | null;
  on(event: string, f: (value: any) => void): () => void;
  emit(event: string, value: any): void;
  query(view: string, params?: Record<string, any>): Promise<Answer>;
  decode(z: Float32Array, run?: Run | null): Promise<Decoded | undefined>;
  command(name: string, params?: Record<string, any>): Promise<any>;
  findOrTrain(setup: { dataset: string; variant: string; settings: Record<string, any> }): Promise<string>;
  records(run?: Run | null): EpochRecord[];
  load(run?: Run | null): Promise<EpochRecord[]>;
  receive(message: any): void;
  connection(state: "connecting" | "open" | "lost"): void;
}

/** The model of an anywidget. */
interface WidgetModel {
  get(name: string): any;
  set(name: string, value: any): void;
  on(event: string, f: (content: any, buffers: any[]) => void): void;
  off(event: string, f: (content: any, buffers: any[]) => void): void;
  send(content: any, callbacks?: any, buffers?: any[]): void;
}

/** A mounted view. */
interface View {
  update(): void;
  destroy(): void;
}

/** A view is mounted only where there is a run. */
interface MountedLab extends Lab {
  readonly run: Run;
  state: SessionState;
}

interface ViewModule {
  title: string;
  mount(el: HTMLElement, lab: MountedLab): View;
}

/** A layer of the network with the activations of one row. */
interface Layer {
  part: "input" | "encoder" | "code" | "decoder" | "output";
  shape: number[];
  index: number;
  values: Float32Array;
  units: number;
  arrayShape: number[];
  shown: number;
  parameters: number;
  activation: string | null;
  title: string;
  label: string;
  detail: string;
  low?: number;
  high?: number;
  largest?: Array<[number, number]>;
}

/** One row's activations. */
interface Activations {
  signature: string;
  run: Run;
  layers: Layer[];
  input: Shaped<Values>;
  output: Shaped<Values>;
  difference: Shaped<Float32Array>;
  error: number | null;
  /** The error of the average row, where the loss has such a scale. */
  average: number | null;
  label: string | null;
  unit: any;
  /** Of a table: the number of columns that the network learned. */
  columns: number | null;
}

/** Where a layer is drawn. */
interface LayerBox {
  kind: "picture" | "numbers" | "cells" | "maps";
  x: number;
  y: number;
  w: number;
  h: number;
  columns: number;
  lines: number;
  n: number;
  maps: number;
  high: number;
  wide: number;
  vertical: boolean;
}

/** The part of it that painting needs. */
type PaintedBox = Pick<LayerBox, "kind" | "columns" | "lines" | "high" | "wide" | "vertical">;

/** The decoder's answers on a regular grid of the map. */
interface DecodedGrid {
  decoded: any;
  x: Float32Array;
  y: Float32Array;
  far: Float32Array;
  run: Run;
  tiles?: HTMLCanvasElement[] | null;
}

type PointRaster = import("./views/latent/point-raster.js").PointRaster;
type LatentMap = ReturnType<typeof import("./views/latent/map.js").createMap>;
