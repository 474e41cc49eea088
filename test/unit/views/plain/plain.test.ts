import { describe, expect, it } from 'vitest';
import { createClusterModel } from '../../../../src/views/model/cluster-model.js';
import { changeSentences, heardAll, NOTHING_HEARD } from '../../../../src/views/plain/change-sentences.js';
import { overviewLines } from '../../../../src/views/plain/overview-lines.js';
import { totalsSentences } from '../../../../src/views/plain/totals-sentences.js';
import { widthOf } from '../../../../src/views/text/width.js';
import { ClusterStream } from '../../../bench/cluster-stream.js';

const NOW_MS = Date.UTC(2026, 10, 22, 13, 2, 31);

function open() {
  const stream = new ClusterStream({
    seed: 3,
    agents: 12,
    tasks: 80,
    frameworks: 14,
    eventsPerSecond: 40,
    startUnixMs: NOW_MS,
  });
  const model = createClusterModel();
  for (const event of stream.subscribe()) model.apply(event, NOW_MS);
  model.tick(NOW_MS);
  return { stream, model };
}

describe('overviewLines', () => {
  it('says every total that the model has, in 80 columns', () => {
    const { model } = open();
    const lines = overviewLines(model, NOW_MS);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
    const text = lines.join('\n');
    expect(text).toMatch(/^prod {2}leader m2:5050 {2}term 14 {2}up /);
    expect(text).toMatch(/^AGENTS +12 {2}active 12$/m);
    expect(text).toMatch(/^TASKS +80 {2}running 80$/m);
    expect(text).toMatch(/^CPU +[\d.,]+ +\d+% +[\d.,]+ +\d+% +[\d.,]+ +\d+% +384$/m);
    expect(text).toMatch(/^and 4 more$/m);
    expect(text).toContain('no problems');
    // A snapshot has watched nothing: a rate of 0 would be a lie.
    expect(text).not.toMatch(/LAST|sent\/s|launches\/s/);
  });

  it('names problems, and cuts foreign names of any kind', () => {
    const { stream, model } = open();
    model.apply(
      {
        type: 'FRAMEWORKS_UPDATED',
        time: NOW_MS / 1000,
        frameworks_updated: {
          reason: 'SUBSCRIBED',
          frameworks: [
            {
              framework_id: { value: 'x' },
              state: 'DISCONNECTED',
              name: `\u001b[2J${'長'.repeat(60)}`,
              usage: { framework_id: { value: 'x' }, dominant_share: 1 },
            },
          ],
        },
      },
      NOW_MS,
    );
    for (const event of stream.advance(NOW_MS + 60_000)) model.apply(event, NOW_MS + 60_000);
    model.tick(NOW_MS + 60_000);
    const lines = overviewLines(model, NOW_MS + 60_000);
    expect(lines.join('\n')).toMatch(/^\d+ problems?$/m);
    for (const line of lines) {
      expect(widthOf(line)).toBeLessThanOrEqual(80);
      expect(line).not.toContain('\u001b');
    }
  });

  it('says so when there is nothing', () => {
    const model = createClusterModel();
    const text = overviewLines(model, NOW_MS).join('\n');
    for (const words of ['no problems', 'no roles', 'no frameworks']) expect(text).toContain(words);
  });
});

describe('totalsSentences', () => {
  it('has one fact a line, as label and value', () => {
    const lines = totalsSentences(open().model, NOW_MS);
    for (const line of lines) expect(line).toMatch(/^[a-z0-9 ]+: \S/);
    expect(lines).toContain('agents: 12, active 12');
    expect(lines).toContain('problems: none');
    expect(lines.join('\n')).not.toContain('last 5 minutes');
  });
});

describe('changeSentences', () => {
  it('says what is worth knowing once, problems first, and counts the rest', () => {
    const { stream, model } = open();
    const before = heardAll(model);
    expect(changeSentences(model, before, NOW_MS).lines).toEqual([]);
    for (const event of stream.advance(NOW_MS + 120_000)) model.apply(event, NOW_MS + 120_000);
    const { lines, heard } = changeSentences(model, before, NOW_MS + 120_000);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(7);
    expect(lines.join('\n')).not.toMatch(/FINISHED|RUNNING/);
    expect(changeSentences(model, heard, NOW_MS + 120_000).lines).toEqual([]);
  });

  it('says when the connection is lost and when it is back', () => {
    const { model } = open();
    const { lines: live, heard } = changeSentences(model, { ...NOTHING_HEARD, sequence: 1e9 }, NOW_MS);
    expect(live[0]).toMatch(/live, the leader is m2:5050$/);
    model.disconnected({ reason: 'm2:5050 refused', retryAtUnixMs: NOW_MS + 4000 }, NOW_MS);
    const { lines: lost } = changeSentences(model, { ...heard, sequence: 1e9 }, NOW_MS);
    expect(lost[0]).toMatch(/connection lost: m2:5050 refused; trying again in 4s$/);
  });
});
