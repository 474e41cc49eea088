/** Every bound and deadline of the HTTP server in one place. Each exists because its absence lets one client stop all. */
export interface HttpLimits {
  /** From the first byte of a connection or request to the end of its headers, ms. Slow-loris protection. */
  readonly headersTimeoutMs: number;
  /** How often Node looks for connections past `headersTimeoutMs`, ms. */
  readonly connectionCheckIntervalMs: number;
  /** From the end of the headers to the end of a body that is read whole, ms. Streamed bodies have none. */
  readonly bodyTimeoutMs: number;
  /** Idle time of a kept connection, ms. Longer than what common clients keep theirs (Go: 90 s), or they race. */
  readonly keepAliveTimeoutMs: number;
  /** Largest request body that is read whole, bytes, also after decompression. */
  readonly maxBodyBytes: number;
  /** Sum over all requests being read, bytes; above it new bodies are answered 503. */
  readonly maxBodyBytesInFlight: number;
  /** How long the rest of a refused body is read and thrown away, so that the client sees the answer, ms. */
  readonly drainTimeoutMs: number;
  /** A response that makes no progress for this long is cut, ms. */
  readonly responseStallMs: number;
  /** Sum of names and values of the headers, bytes. */
  readonly maxHeaderBytes: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  headersTimeoutMs: 10_000,
  connectionCheckIntervalMs: 2_000,
  bodyTimeoutMs: 60_000,
  keepAliveTimeoutMs: 120_000,
  maxBodyBytes: 64 * 1024 * 1024,
  maxBodyBytesInFlight: 512 * 1024 * 1024,
  drainTimeoutMs: 10_000,
  responseStallMs: 75_000,
  maxHeaderBytes: 32 * 1024,
};
