/** The pulse: time in layers, from 0 (the input) to L (the reconstruction). */

const WHOLE = 1600; // ms for the way through the network at ×1
const REST = 900; // ms between two pulses

/** @param {{layers: () => number, reduced: boolean, onTime: (t: number) => void, onPlaying: (playing: boolean) => void}} o */
export function animationClock({ layers, reduced, onTime, onPlaying }) {
  let [t, speed, playing, loop, before, frame, rested] = [0, 1, false, false, 0, 0, 0];

  function set(next) {
    t = next;
    onTime(t);
  }

  function play(again) {
    loop = again;
    if (reduced) {
      // Without motion a pulse is its end; Play then stays on, as a switch, until it is pressed again.
      set(layers());
      return turn(again);
    }
    if (t >= layers()) set(0);
    turn(true);
    before = 0;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(tick);
  }

  function turn(on) {
    if (on === playing) return;
    playing = on;
    onPlaying(on);
  }

  function tick(now) {
    if (!playing) return;
    const elapsed = before ? Math.min(now - before, 100) : 0;
    before = now;
    if (t < layers()) {
      set(Math.min(layers(), t + (elapsed / WHOLE) * layers() * speed));
      rested = 0;
    } else if (!loop) {
      return turn(false);
    } else if ((rested += elapsed) > REST) set(0);
    frame = requestAnimationFrame(tick);
  }

  function pause() {
    cancelAnimationFrame(frame);
    turn(false);
  }

  return {
    toggle() { if (playing) pause(); else play(true); },
    once() { set(0); play(playing && loop); },
    step() {
      pause();
      set(t >= layers() ? 0 : Math.floor(t + 1e-9) + 1);
    },
    seek(to) { pause(); set(to); },
    speed(to) { speed = to; },
    t: () => t,
    destroy: pause,
  };
}
