/**
 * Sequence numbers of the channels of one connection: what makes it impossible that a status update overtakes a
 * registration or that a frame is lost without notice. Per channel and direction they start at 1 and have no gaps.
 * A channel opens with its first frame and never opens again once closed: numbers are not reused (link.proto).
 */
interface Channel {
  received: number;
  sent: number;
  open: boolean;
}

/** What to do with a received frame. */
export type FrameVerdict =
  | 'deliver'
  | 'drop' // of a channel we closed: it was under way
  | 'gap'; // not the next one: the peer is broken

export class Channels {
  readonly #channels = new Map<number, Channel>();
  #openCount = 0;

  get openCount(): number {
    return this.#openCount;
  }

  /** Checks and counts one received frame. */
  receive(number: number, sequence: number): FrameVerdict {
    const channel = this.#channel(number);
    if (sequence !== channel.received + 1) return 'gap';
    channel.received = sequence;
    return channel.open ? 'deliver' : 'drop';
  }

  /** The sequence number of the next frame to send; undefined when the channel is closed. */
  nextSent(number: number): number | undefined {
    const channel = this.#channel(number);
    if (!channel.open) return undefined;
    channel.sent += 1;
    return channel.sent;
  }

  /** Returns whether the channel was open. */
  close(number: number): boolean {
    const channel = this.#channels.get(number);
    if (channel === undefined || !channel.open) return false;
    channel.open = false;
    this.#openCount -= 1;
    return true;
  }

  #channel(number: number): Channel {
    let channel = this.#channels.get(number);
    if (channel === undefined) {
      channel = { received: 0, sent: 0, open: true };
      this.#channels.set(number, channel);
      this.#openCount += 1;
    }
    return channel;
  }
}
