/** Which of the offered resources a task takes: what is reserved first, because only few may use it, then the rest. Pure. */
import type { ResourceEntry, Resources } from '../offers/resources/resources.js';

/** Both tagged with the role; `task` names plain amounts. undefined: it does not fit. */
export function takeTask(offered: Resources, task: Resources): Resources | undefined {
  if (!offered.entries.some(isReserved)) return offered.contains(task) ? task : undefined;
  const scalars = task.filter(({ kind }) => kind.type === 'SCALAR');
  const others = task.filter(({ kind }) => kind.type !== 'SCALAR');
  if (!offered.contains(others)) return undefined;
  const left = new Map(scalars.entries.map(({ kind, milli }) => [kind.name, milli]));
  const takenOf = new Map<ResourceEntry, number>();
  for (const entry of [...offered.entries.filter(isReserved), ...offered.entries]) {
    const wanted = left.get(entry.kind.name) ?? 0;
    if (wanted === 0 || takenOf.has(entry) || !isDivisible(entry)) continue;
    const taken = Math.min(wanted, entry.milli);
    takenOf.set(entry, taken);
    left.set(entry.kind.name, wanted - taken);
  }
  if ([...left.values()].some((milli) => milli > 0)) return undefined;
  return offered
    .shrinkEach((entry) => {
      const milli = takenOf.get(entry);
      return milli === undefined ? undefined : { ...entry, milli };
    })
    .add(others);
}

function isReserved({ kind }: ResourceEntry): boolean {
  return kind.reservations.length > 0;
}

/** Volumes and whole disks are not what a task of plain amounts asks for, nor is what may be taken away again. */
function isDivisible({ kind }: ResourceEntry): boolean {
  return kind.type === 'SCALAR' && !kind.whole && !kind.revocable && kind.disk === undefined;
}
