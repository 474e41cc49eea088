// Types of tier.mjs.
export class Tier {
  /** `only`: run the cases whose name holds this text; default: the first argument of the program. */
  constructor(name: string, only?: string | undefined);
  /** What `run` resolves with is printed beside the case. */
  add(
    name: string,
    run: () => Promise<string | undefined>,
    options?: { readonly skip?: string | undefined; readonly deadlineMs?: number | undefined },
  ): void;
  run(teardown?: () => Promise<void>): Promise<void>;
  close(): void;
}
