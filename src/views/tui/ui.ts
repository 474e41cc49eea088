/**
 * `top` between its terminal and its model: keys and time in, whole frames and wishes out. Pure: no terminal, no network, no
 * clock. The shell (tui/app) owns those, draws frames, and carries wishes out. Source: design/ux, section 3.
 */
import type { Response_Match } from '../../wire/gen/mesoctl-api.js';
import type { ClusterModel } from '../model/cluster-model.js';
import type { TableName } from '../model/rows.js';

/** One key press, or one paste as a whole (a paste is text, never keys). */
export type Key =
  | { readonly kind: 'text'; readonly text: string; readonly pasted: boolean }
  | { readonly kind: 'ctrl'; readonly letter: string }
  | {
      readonly kind: 'named';
      readonly name:
        | 'up'
        | 'down'
        | 'left'
        | 'right'
        | 'page-up'
        | 'page-down'
        | 'home'
        | 'end'
        | 'enter'
        | 'escape'
        | 'backspace'
        | 'delete'
        | 'tab'
        | 'shift-tab';
    };

/** What the user wants of the world outside; answers come back by the methods of `Ui`. */
export type Wish =
  | { readonly kind: 'quit' }
  /** The terminal's own suspension (Ctrl-Z). */
  | { readonly kind: 'suspend' }
  /** Subscribe again now. */
  | { readonly kind: 'reconnect' }
  /** Confirmed by the user. Answered by `onActionDone`. */
  | { readonly kind: 'kill-task'; readonly frameworkId: string; readonly taskId: string }
  | { readonly kind: 'teardown-framework'; readonly frameworkId: string }
  /** Everything about one thing; answered by `onDetail`. */
  | { readonly kind: 'fetch-detail'; readonly table: TableName; readonly key: string }
  /** Answered by `onWhy`. */
  | { readonly kind: 'fetch-why'; readonly table: TableName; readonly key: string }
  /** Follow a file of a task's sandbox from its last 64 KB on; ends what was followed before. Answered by `onLog`. */
  | { readonly kind: 'follow-log'; readonly taskKey: string; readonly file: 'stdout' | 'stderr' }
  | { readonly kind: 'stop-log' }
  /** Answered by `onActionDone` with the file's name. */
  | { readonly kind: 'save-log'; readonly taskKey: string; readonly lines: readonly string[] }
  /** Into the terminal's clipboard (OSC 52); the text is shown as well. */
  | { readonly kind: 'copy'; readonly text: string }
  /** Mouse reports on or off. */
  | { readonly kind: 'mouse'; readonly on: boolean };

export interface LogState {
  readonly taskKey: string;
  readonly file: 'stdout' | 'stderr';
  /** Sanitized, newest last; a ring of at most 5,000 lines and 4 MB. */
  readonly lines: readonly string[];
  /** Number of the first of `lines` in the file as far as it is known, from 1. */
  readonly firstLine: number;
  /** Lines that were passed over because they came faster than they could be shown. */
  readonly skipped: number;
  readonly totalBytes: number;
  readonly status: 'opening' | 'following' | 'ended' | 'failed';
  /** Why it failed, or when the sandbox goes; '' if there is nothing to say. */
  readonly note: string;
  /** Grows with every change. */
  readonly version: number;
}

export interface UiOptions {
  readonly model: ClusterModel;
  readonly columns: number;
  readonly rows: number;
  readonly theme: Theme;
  /** `m1:5050,m2:5050`: what is being connected to, as the user wrote it. */
  readonly masters?: string | undefined;
  /** The value of --master where it was given: commands that are copied name it too, or they would ask another cluster. */
  readonly masterFlag?: string | undefined;
  /** What may be done; a key whose action may not be done is not in the bar, and says why when pressed. */
  readonly readonlyReason?: string | undefined;
}

export interface Theme {
  /** none: glyphs, words and reverse video tell all (NO_COLOR, TERM=dumb). */
  readonly colors: 'none' | '16' | 'dark' | 'light';
  /** UTF-8 bars and sparklines; else `#`, `=`, `.` and `_.-=#`. */
  readonly unicode: boolean;
}

export interface Ui {
  handleKey(key: Key, nowUnixMs: number): readonly Wish[];
  /** Selection stays in view. */
  resize(columns: number, rows: number): void;
  /** Exactly `rows` lines, none wider than `columns`, with SGR sequences inside; no cursor movement, no line ends. */
  frame(nowUnixMs: number): readonly string[];
  /** Whether a frame now could differ from the last one by more than ages. */
  readonly isDirty: boolean;
  onLog(state: LogState): void;
  /** One line for the status row. */
  onActionDone(outcome: { readonly ok: boolean; readonly text: string }): void;
  onDetail(table: TableName, key: string, detail: DetailState): void;
  onWhy(table: TableName, key: string, lines: readonly string[]): void;
}

/** What FIND and the task's agent say about one opened thing. */
export type DetailState =
  | { readonly kind: 'failed'; readonly reason: string }
  | {
      readonly kind: 'found';
      readonly match: Response_Match;
      /** Measured use of a task's container, as its agent reports it; undefined: not known. */
      readonly usage?: ContainerUsage | undefined;
    };

export interface ContainerUsage {
  /** Cores in use over the time between the last two samples; undefined with one sample. */
  readonly cpus: number | undefined;
  readonly memMb: number | undefined;
  readonly memLimitMb: number | undefined;
  readonly cpusLimit: number | undefined;
}
