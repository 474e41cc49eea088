/** Time for what paces drawing and keys; tests hand in their own. */
export interface Schedule {
  /** Of a clock that never goes back. */
  nowMs(): number;
  /** Runs once, later; returns how to take that back. */
  after(ms: number, run: () => void): () => void;
}

export const systemSchedule: Schedule = {
  nowMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
