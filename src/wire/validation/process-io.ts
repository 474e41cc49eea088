/** What a client may send on ATTACH_CONTAINER_INPUT: standard input, window sizes and heartbeats. Source: spec page 03, 3.3. */
import { type Rejection, reject } from '../../base/rejection.js';
import type * as agent from '../gen/agent.js';
import { expecting } from './call-shape.js';

/** `path` names the message in complaints. */
export function validateProcessIo(io: agent.ProcessIO, path: string): Rejection | undefined {
  switch (io.type) {
    case undefined:
      return expecting(`${path}.type`);
    case 'UNKNOWN':
      return reject('invalid', `'${path}.type' must not be UNKNOWN`);
    case 'DATA':
      return io.data === undefined ? expecting(`${path}.data`) : dataComplaint(io.data, `${path}.data`);
    case 'CONTROL':
      return io.control === undefined ? expecting(`${path}.control`) : controlComplaint(io.control, `${path}.control`);
  }
}

function dataComplaint(data: agent.ProcessIO_Data, path: string): Rejection | undefined {
  if (data.type === undefined) return expecting(`${path}.type`);
  if (data.type !== 'STDIN') return reject('invalid', `Expecting '${path}.type' to be STDIN`);
  return data.data === undefined ? expecting(`${path}.data`) : undefined;
}

function controlComplaint(control: agent.ProcessIO_Control, path: string): Rejection | undefined {
  switch (control.type) {
    case undefined:
      return expecting(`${path}.type`);
    case 'UNKNOWN':
      return reject('invalid', `'${path}.type' must not be UNKNOWN`);
    case 'TTY_INFO':
      if (control.tty_info === undefined) return expecting(`${path}.tty_info`);
      return control.tty_info.window_size === undefined ? expecting(`${path}.tty_info.window_size`) : undefined;
    case 'HEARTBEAT':
      return control.heartbeat === undefined ? expecting(`${path}.heartbeat`) : undefined;
  }
}
