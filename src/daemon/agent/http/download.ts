/** `/files/download`: one whole file, streamed, however large, cut off when its reader stalls. Spec page 03, section 3.4. */
import { isRejection, reject } from '../../../base/rejection.js';
import type { Exchange } from '../../http/exchange.js';
import { SCHEDULER_STREAM_LIMITS, type StreamWriter } from '../../http/stream-writer.js';
import type { AgentSite } from './site.js';

export async function handleDownload(site: AgentSite, exchange: Exchange): Promise<void> {
  const path = exchange.query.get('path') ?? '';
  const file = path === '' ? reject('invalid', 'Expecting "path=value" in query') : await site.files.download(path);
  if (isRejection(file)) {
    exchange.reject(file);
    return;
  }
  const { stream } = file;
  const writer: StreamWriter | undefined = exchange.openStream({
    contentType: 'application/octet-stream',
    headers: { 'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}` },
    limits: SCHEDULER_STREAM_LIMITS,
    observer: {
      onBacklog: (high) => (high ? stream.pause() : stream.resume()),
      onClosed: () => stream.destroy(),
    },
  });
  if (writer === undefined) {
    stream.destroy();
    return;
  }
  stream.on('data', (chunk: Buffer) => writer.write(chunk));
  stream.on('end', () => writer.end());
  stream.on('error', () => writer.destroy());
}
