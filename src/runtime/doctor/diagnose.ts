/** What this machine offers for each isolator, and what to do about what is missing. */
import type { DoctorReport } from './doctor-report.js';
import { judgeMachine } from './judge-machine.js';
import { readDoctorFacts } from './read-doctor-facts.js';

/** Never throws for what it finds: a machine on which nothing works gives a report that says so. */
export async function diagnose(): Promise<DoctorReport> {
  return judgeMachine(await readDoctorFacts());
}
