/** An error whose exit status is not that of its code: a task's own status, passed on. */
import { MesoError, type MesoErrorCode, type MesoErrorOptions } from '../base/error.js';

export class CommandFailure extends MesoError {
  constructor(
    code: MesoErrorCode,
    message: string,
    readonly exitStatus: number,
    options: MesoErrorOptions = {},
  ) {
    super(code, message, options);
  }
}
