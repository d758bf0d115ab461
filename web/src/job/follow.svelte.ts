// Whether the view follows the end of the log.
//
// Invariant: only the person's own scrolling starts and stops it, growing and folding content does
// not; and the page never moves the view against a gesture that is under way.

/** A scroll event this long after the last touch is still the person's (inertia). */
const GESTURE_MS = 800;

/** How far from the end counts as the end. */
const NEAR_PX = 12;

export class Follower {
  isOn = $state(false);
  #lastTop = 0;
  #gestureUntil = 0;

  constructor(isOn: boolean) {
    this.isOn = isOn;
  }

  toggle(): void {
    this.isOn = !this.isOn;
    this.moved();
  }

  stop(): void {
    this.isOn = false;
  }

  /** The person uses wheel, finger, pointer or keys. */
  touched(): void {
    this.#gestureUntil = performance.now() + GESTURE_MS;
  }

  /** The page is about to move the view: what scrolls now is not the person. */
  moved(): void {
    this.#gestureUntil = 0;
  }

  get isTouched(): boolean {
    return performance.now() < this.#gestureUntil;
  }

  scrolled(top: number, tail: number, isRunning: boolean): void {
    const isUp = top < this.#lastTop;
    this.#lastTop = top;
    if (!this.isTouched) return;
    const isAtTail = top >= tail - NEAR_PX;
    if (isUp && !isAtTail) this.isOn = false;
    else if (!isUp && isAtTail && isRunning) this.isOn = true;
  }
}
