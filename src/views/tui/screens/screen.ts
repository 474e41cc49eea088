/**
 * What a screen of `top` is to the rest of it: lines for its body, keys that work here and now, and what a key does. Screens
 * are told the time and the size, they know neither terminal nor network.
 */
import type { ClusterModel, Order } from '../../model/cluster-model.js';
import type { TableName } from '../../model/rows.js';
import type { Theme, Wish } from '../ui.js';
import type { Line, Palette } from './paint.js';

export type ScreenName = 'overview' | TableName | 'events';

export const SCREENS: readonly { readonly name: ScreenName; readonly title: string }[] = [
  { name: 'overview', title: 'Overview' },
  { name: 'agents', title: 'Agents' },
  { name: 'frameworks', title: 'Frameworks' },
  { name: 'offers', title: 'Offers' },
  { name: 'tasks', title: 'Tasks' },
  { name: 'roles', title: 'Roles' },
  { name: 'events', title: 'Events' },
];

/** What screens share: where facts come from and how they are painted. */
export interface ScreenWorld {
  readonly model: ClusterModel;
  readonly theme: Theme;
  readonly palette: Palette;
  /** Why nothing may be changed now; undefined: it may. */
  readonly whyNotChange: () => string | undefined;
}

/** Where a screen draws its body, and when. */
export interface Area {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
}

/** One entry of the last line. */
export interface KeyHint {
  readonly key: string;
  readonly label: string;
}

/** One thing of the cluster, as keys and wishes name it. */
export interface Subject {
  readonly table: TableName;
  readonly key: string;
}

/** What a key leads to. */
export type Effect =
  | { readonly kind: 'wish'; readonly wish: Wish }
  | { readonly kind: 'open'; readonly subject: Subject; readonly tab?: string }
  | { readonly kind: 'open-problems' }
  | { readonly kind: 'go'; readonly screen: ScreenName; readonly filter?: string }
  | { readonly kind: 'back' }
  /** One line in the status row. */
  | { readonly kind: 'say'; readonly text: string; readonly isBad?: boolean }
  | { readonly kind: 'why'; readonly subject: Subject }
  | { readonly kind: 'ids'; readonly subject: Subject }
  | { readonly kind: 'confirm'; readonly question: Question }
  | { readonly kind: 'sort' }
  | { readonly kind: 'edit-filter' };

/** Asked before anything is changed; the default is No. */
export interface Question {
  /** `Kill 3 tasks` */
  readonly title: string;
  readonly lines: readonly string[];
  /** `Kill 3 tasks on prod?` */
  readonly question: string;
  readonly wishes: readonly Wish[];
}

/** Keys as screens see them: a character, `ctrl-x` or a name such as `page-down`. */
export type KeyName = string;

export interface FilterPort {
  readonly filter: string;
  /** '' if it is understood. */
  readonly filterError: string;
  setFilter(filter: string): void;
}

export interface SortPort {
  readonly tableName: TableName;
  readonly order: Order;
  setOrder(order: Order): void;
}

export interface Screen {
  /** The lines between tabs and status, at most `area.rows`. */
  body(area: Area): readonly BodyLine[];
  /** The line above the keys. */
  status(area: Area): Line;
  hints(area: Area): readonly KeyHint[];
  /** Undefined: the key means nothing to this screen. */
  handleKey(key: KeyName, area: Area): readonly Effect[] | undefined;
  /** What is selected or shown; what `w`, `i` and `y` are about. */
  subject(): Subject | undefined;
  /** The plain command that shows the same. */
  command(): string;
  /** Lines of `?` that only concern this screen. */
  help(): readonly KeyHint[];
  /** What `/` edits here. */
  filterPort?(): FilterPort | undefined;
  /** What `s` sorts here. */
  sortPort?(): SortPort | undefined;
  /** Where this is, for the first line, and its own tabs for the second; without: the cluster's lines. */
  crumbs?(): readonly string[];
  tabs?(): Line;
  pause(isPaused: boolean): void;
  /** It is not shown any more. */
  close(): readonly Wish[];
}

/** A line, or one that is painted already and fits. */
export type BodyLine = Line | { readonly painted: string };
