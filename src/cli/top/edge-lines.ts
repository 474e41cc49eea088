/** What `top` says before it has screens and after it has given the terminal back. Pure, and quick to load. */
import type { ClusterModel } from '../../views/model/cluster-model.js';
import { formatCount } from '../../views/text/numbers.js';

export function firstFrame(masters: string, columns: number, rows: number): readonly string[] {
  const lines = Array.from({ length: rows }, () => '');
  lines[0] = `connecting to ${masters}`.slice(0, columns);
  if (rows > 1) lines[rows - 1] = ' q quit'.slice(0, columns);
  return lines;
}

/** `prod: 2 problems` */
export function closingLine(model: ClusterModel | undefined, masters: string): string {
  if (model === undefined || model.cluster.name === '') return `${masters}: not connected`;
  const { total } = model.problems(0);
  const problems = total === 0 ? 'no problems' : `${formatCount(total)} ${total === 1 ? 'problem' : 'problems'}`;
  const isStale = model.connection.kind === 'stale' ? ', connection lost' : '';
  return `${model.cluster.name}: ${problems}${isStale}`;
}
