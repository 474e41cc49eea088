/**
 * `mesoctl simulate`: reads the scenario, runs it in slices so that the user sees how far it is and can stop it, prints what came
 * of it. Time of this machine is only asked for to slice; no result depends on it.
 */
import { writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { MesoError, messageOf } from '../../base/error.js';
import { type Comparison, compare, partitionScenarios } from '../../simulator/partitions.js';
import type { SimulationResult } from '../../simulator/result.js';
import type { Scenario } from '../../simulator/scenario.js';
import { Simulation } from '../../simulator/simulation.js';
import type { Session } from '../cluster/session.js';
import type { Console } from '../console.js';
import { Progress } from '../progress.js';
import { isUtf8 } from '../utf8.js';
import type { BuiltScenario } from './build-scenario.js';
import { GENERATOR_FLAGS, type GeneratorFlags, generateScenario } from './generated-scenario.js';
import { onLiveCluster, readLiveCluster } from './live-cluster.js';
import { loadScenario, type RawScenario, readScenarioFile } from './read-scenario.js';
import { setFields } from './set-field.js';
import { simulationCsv } from './simulation-csv.js';
import { simulationRecord } from './simulation-record.js';
import { formatSimulation } from './simulation-text.js';

export interface SimulateOptions extends GeneratorFlags {
  readonly file?: string | undefined;
  readonly seed?: number | undefined;
  readonly duration?: string | undefined;
  readonly set?: readonly string[] | undefined;
  readonly csv?: string | undefined;
  readonly json: boolean;
}

export interface Surroundings {
  readonly console: Console;
  readonly nowMs: () => number;
  readonly env: NodeJS.ProcessEnv;
  /** Of the cluster whose agents are to be taken; undefined: the scenario has its own. */
  readonly session: Pick<Session, 'client' | 'timeoutMs'> | undefined;
}

/** Of a line in a pipe. */
const PIPE_WIDTH = 120;
const AGENT_FLAGS = ['agents', 'agent-resources'] as const;
/** Work between two looks at the clock. */
const SLICE_MS = 100;
const SLICES = 2000;

export async function runSimulate(options: SimulateOptions, surroundings: Surroundings): Promise<void> {
  const built = await readScenario(options, surroundings);
  const result = await simulateSliced(built.scenario, surroundings);
  const comparison = await comparePartitions(built, result, surroundings);
  if (options.csv !== undefined) await writeCsv(options.csv, result);
  const { console, env } = surroundings;
  if (options.json) {
    await console.print(`${JSON.stringify(simulationRecord(result, comparison), null, 2)}\n`);
    return;
  }
  const width = console.columns ?? PIPE_WIDTH;
  const text = { width, unicode: isUtf8(env), description: built.description };
  await console.print(formatSimulation(result, comparison, text));
  if (options.csv !== undefined) console.say(`The series are in ${options.csv}.`);
}

async function readScenario(options: SimulateOptions, { session }: Surroundings): Promise<BuiltScenario> {
  const own = AGENT_FLAGS.find((flag) => options[flag] !== undefined);
  if (session !== undefined && own !== undefined)
    throw new MesoError('BAD_INPUT', `--${own} and --master say different things about the agents`, {
      suggestions: ['one of the two'],
    });
  const raw = await rawScenario(options);
  const top = {
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.duration === undefined ? {} : { duration: options.duration }),
  };
  const isObject = typeof raw.document === 'object' && raw.document !== null && !Array.isArray(raw.document);
  const withFlags = isObject ? { ...raw.document, ...top } : raw.document;
  const changed = setFields(withFlags, options.set ?? []);
  const document = session === undefined ? changed : onLiveCluster(changed, await readLiveCluster(session));
  return loadScenario({ ...raw, document });
}

async function rawScenario(options: SimulateOptions): Promise<RawScenario> {
  if (options.file === undefined) return generateScenario(options);
  const given = GENERATOR_FLAGS.find((flag) => options[flag] !== undefined);
  if (given !== undefined)
    throw new MesoError('BAD_INPUT', `--${given} is for scenarios without a file: ${options.file} says it itself`, {
      suggestions: ['--set agents.0.count=200'],
    });
  return readScenarioFile(options.file);
}

async function simulateSliced(scenario: Scenario, { console, nowMs }: Surroundings): Promise<SimulationResult> {
  const simulation = new Simulation(scenario);
  const progress = new Progress(console, `Simulating ${scenario.name}`, nowMs);
  try {
    let sliceEndsMs = nowMs() + SLICE_MS;
    for (let slice = 1; slice <= SLICES; slice++) {
      simulation.advance((slice / SLICES) * scenario.durationMs);
      if (nowMs() < sliceEndsMs) continue;
      progress.update(`Simulating ${scenario.name}: ${Math.floor((100 * slice) / SLICES)}%`);
      await setImmediate();
      sliceEndsMs = nowMs() + SLICE_MS;
    }
    return simulation.result();
  } finally {
    progress.end();
  }
}

async function comparePartitions(
  { scenario, partitions }: BuiltScenario,
  shared: SimulationResult,
  surroundings: Surroundings,
): Promise<Comparison | undefined> {
  if (partitions.length === 0) return undefined;
  const parts: SimulationResult[] = [];
  for (const part of partitionScenarios(scenario, partitions)) parts.push(await simulateSliced(part, surroundings));
  return compare(shared, parts);
}

async function writeCsv(path: string, result: SimulationResult): Promise<void> {
  try {
    await writeFile(path, simulationCsv(result));
  } catch (error) {
    throw new MesoError('BAD_INPUT', `cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}
