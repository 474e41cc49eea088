/**
 * What the keepers of the tables share: the tables themselves, names and who refers to them, totals, problems, the generation of the
 * stream and the master's clock. A keeper changes its own table and its own part of the books. Pure.
 */
import { columnsOf } from './columns.js';
import { NameIndex } from './name-index.js';
import { ProblemBook } from './problem-book.js';
import type { AgentRow, FrameworkRow, OfferRow, RoleRow, TaskRow } from './rows.js';
import { RowTable } from './table.js';
import { TotalsBook } from './totals.js';

export class ModelState {
  /** The master's clock at the last event or tick, Unix seconds. */
  readonly clock = { now: 0 };
  /** Grows with each subscription: what a snapshot does not name again is no more. */
  generation = 0;
  readonly agentNames = new NameIndex();
  readonly frameworkNames = new NameIndex();
  readonly totals = new TotalsBook();
  readonly problems: ProblemBook;
  readonly tables = {
    agents: new RowTable<AgentRow>(columnsOf('agents'), this.clock),
    frameworks: new RowTable<FrameworkRow>(columnsOf('frameworks'), this.clock),
    tasks: new RowTable<TaskRow>(columnsOf('tasks'), this.clock),
    offers: new RowTable<OfferRow>(columnsOf('offers'), this.clock),
    roles: new RowTable<RoleRow>(columnsOf('roles'), this.clock),
  };

  constructor() {
    this.problems = new ProblemBook(
      {
        frameworkName: (id) => this.frameworkName(id),
        liveTasksOfAgent: (id) => this.agentNames.liveTasksOf(id),
        liveTasksOfFramework: (id) => this.frameworkNames.liveTasksOf(id),
      },
      this.clock,
    );
  }

  /** Its id while the name is not known. */
  frameworkName(id: string): string {
    return this.frameworkNames.nameOf(id) || id;
  }
}
