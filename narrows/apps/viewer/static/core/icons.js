/** Line icons for buttons. */

import { svg } from "./dom.js";

const STROKES = {
  play: "M7 4.8v14.4L19 12z",
  pause: "M8 5v14M16 5v14",
  step: "M6 5.5v13L15 12zM18.5 5.5v13",
  stop: "M6.5 6.5h11v11h-11z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  moon: "M20 14.2A8.2 8.2 0 0 1 9.8 4 8.2 8.2 0 1 0 20 14.2z",
  help: "M9.2 9a2.9 2.9 0 1 1 4.2 2.6c-.9.5-1.4 1.1-1.4 2.2M12 17.4v.1",
  download: "M12 4v11M7.5 10.8 12 15.3l4.5-4.5M5 19.5h14",
  copy: "M9 9h10v11H9zM5.5 15V4.5H15",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.700l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3a4 4 0 0 0 5.700 5.700l1-1",
  image: "M4 5.5h16v13H4zM4 16l4.5-4.5 3.5 3.5 3-3 5 4.5M15.5 9.2v.1",
  upload: "M12 15.5V4.5M7.5 9 12 4.5 16.5 9M5 19.5h14",
  folder: "M3.5 18.5v-13h6l2 2.5h9v10.5z",
  file: "M6.5 3.5h7.5l4 4v13H6.5zM14 3.5v4h4",
  close: "M6 6l12 12M18 6 6 18",
  reset: "M5 5v5h5M5.4 10A7.5 7.5 0 1 1 4.8 14.5",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  data: "M12 4c4.4 0 7.5 1.2 7.5 2.8S16.4 9.6 12 9.6 4.5 8.4 4.5 6.8 7.6 4 12 4zM4.5 6.800V17.200C4.5 18.8 7.6 20 12 20s7.5-1.2 7.5-2.800V6.800M4.5 12c0 1.6 3.1 2.8 7.5 2.800s7.5-1.2 7.5-2.8",
  settings: "M4 7.5h9M17 7.5h3M4 16.500h3M11 16.500h9M15 5.500v4M9 14.5v4",
  list: "M8.5 6.500H20M8.5 12H20M8.5 17.5H20M4.5 6.500v.1M4.5 12v.1M4.5 17.5v.1",
  shuffle: "M4 7h3.500l8 10H20M4 17h3.500l2.5-3.200M13.2 10.2 15.5 7H20M17.5 4.5 20 7l-2.5 2.500M17.5 14.5 20 17l-2.5 2.5",
  check: "M5 12.500l4.5 4.5L19 7.5",
  warn: "M12 4 2.8 19.500h18.400zM12 10v4.5M12 17.200v.1",
  grid: "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.500h6v6h-6zM13.5 13.500h6v6h-6z",
  dice: "M5 5h14v14H5zM9 9v.1M15 15v.1M12 12v.1M15 9v.1M9 15v.1",
  screen: "M3.5 5h17v11h-17zM12 16v4M8 20h8",
  code: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM17.500 17.500H20V20h-2.500zM20 14v.1M14 20v.1",
  report: "M6.5 3.5h7.5l4 4v13H6.5zM14 3.5v4h4M9.500 12h5M9.500 15.500h5",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.500h8.400L17 7",
};

/** An icon, hidden from screen readers: its button needs a label. */
export function icon(name) {
  const filled = name === "play" || name === "stop";
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", width: 16, height: 16, "aria-hidden": "true", focusable: "false" },
    svg("path", { d: STROKES[name] || "", fill: filled ? "currentColor" : "none", stroke: "currentColor",
      "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round" }));
}
