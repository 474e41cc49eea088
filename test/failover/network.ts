/**
 * A small network of its own: one network namespace per node and one that switches between them, so that nodes can be cut
 * off without touching the machine's own network. Needs root and iproute2. Everything is removed by `remove`.
 */
import { spawnSync } from 'node:child_process';

export type Cut = 'both' | 'in' | 'out';

const SUBNET = '10.99.7';

export class Network {
  readonly #prefix: string;
  readonly #nodes: string[] = [];

  private constructor(name: string) {
    this.#prefix = name;
  }

  static create(name: string): Network {
    const network = new Network(name);
    network.#addSwitch();
    return network;
  }

  /** A handle on one that another process made, with these nodes in this order. */
  static attach(name: string, nodes: readonly string[]): Network {
    const network = new Network(name);
    network.#nodes.push(...nodes);
    return network;
  }

  #addSwitch(): void {
    run('ip', 'netns', 'add', this.#switch);
    this.#in(this.#switch, 'link', 'add', 'br0', 'type', 'bridge');
    this.#in(this.#switch, 'link', 'set', 'br0', 'up');
  }

  /** Adds a node. */
  add(name: string): void {
    this.#nodes.push(name);
    const namespace = this.#namespaceOf(name);
    const port = `p${this.#nodes.length}`;
    const ip = this.ipOf(name);
    run('ip', 'netns', 'add', namespace);
    this.#in(this.#switch, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    this.#in(this.#switch, 'link', 'set', port, 'master', 'br0', 'up');
    this.#in(namespace, 'addr', 'add', `${ip}/24`, 'dev', 'eth0');
    this.#in(namespace, 'link', 'set', 'lo', 'up');
    this.#in(namespace, 'link', 'set', 'eth0', 'up');
  }

  /** The command that runs another one at that node, in its own place. (`ip netns exec` would hide the machine's cgroups.) */
  launcherOf(name: string): readonly string[] {
    return ['nsenter', `--net=/run/netns/${this.#namespaceOf(name)}`, '--'];
  }

  ipOf(name: string): string {
    return `${SUBNET}.${this.#nodes.indexOf(name) + 1}`;
  }

  /** Nothing passes any more, in both directions or in one: packets vanish, nobody is told. */
  cut(name: string, cut: Cut): void {
    this.#setLoss('add', name, cut);
  }

  heal(name: string, cut: Cut): void {
    this.#setLoss('del', name, cut);
  }

  remove(): void {
    for (const name of [...this.#nodes, '']) {
      const namespace = name === '' ? this.#switch : this.#namespaceOf(name);
      spawnSync('ip', ['netns', 'del', namespace], { encoding: 'utf8' });
    }
  }

  /** What leaves the node is lost at its own end of the wire, what comes to it at the other. */
  #setLoss(action: 'add' | 'del', name: string, cut: Cut): void {
    const loss = action === 'add' ? ['root', 'blackhole'] : ['root'];
    const port = `p${this.#nodes.indexOf(name) + 1}`;
    if (cut !== 'in') run('tc', '-n', this.#namespaceOf(name), 'qdisc', action, 'dev', 'eth0', ...loss);
    if (cut !== 'out') run('tc', '-n', this.#switch, 'qdisc', action, 'dev', port, ...loss);
  }

  get #switch(): string {
    return `${this.#prefix}-switch`;
  }

  #namespaceOf(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  #in(namespace: string, ...args: readonly string[]): void {
    run('ip', '-n', namespace, ...args);
  }
}

function run(command: string, ...args: readonly string[]): void {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.error?.message ?? done.stderr}`);
}
