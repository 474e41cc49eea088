// Import direction (architecture, section 3): base <- wire <- {raft, offers} <- {runtime, client, simulator} <- daemon <- cli <- commands,
// and views (base, wire, client) <- cli/commands. A room may import the rooms to its left only.
const rooms = {
  base: [],
  wire: ['base'],
  raft: ['base', 'wire'],
  offers: ['base', 'wire'],
  simulator: ['base', 'wire', 'offers'],
  runtime: ['base', 'wire', 'offers'],
  client: ['base', 'wire', 'offers'],
  views: ['base', 'wire', 'client'],
  daemon: ['base', 'wire', 'raft', 'offers', 'runtime', 'client'],
  cli: ['base', 'wire', 'offers', 'simulator', 'runtime', 'client', 'daemon', 'views'],
  commands: ['base', 'wire', 'client', 'daemon', 'runtime', 'views', 'cli'],
};

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^src' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-unresolved', severity: 'error', from: { path: '^src' }, to: { couldNotResolve: true } },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `direction-${room}`,
      comment: `src/${room} may import ${allowed.join(', ') || 'nothing else'}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: [`^src/${room}/`, ...allowed.map((name) => `^src/${name}/`)] },
    })),
    { name: 'no-tests-in-source', severity: 'error', from: { path: '^src' }, to: { path: '^(test|tools|examples)/' } },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: '^src/(offers|simulator|raft/core|daemon/(master|agent)/core)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'core-knows-no-system',
      severity: 'error',
      from: { path: '^src/(wire|offers|simulator|raft/core|daemon/(master|agent)/core)/' },
      to: { path: '^src/base/system/' },
    },
    {
      name: 'ink-stays-in-views',
      severity: 'error',
      from: { pathNot: '^src/views/' },
      to: { path: 'node_modules/(ink|react)/' },
    },
    {
      name: 'only-process-spawns',
      comment: 'src/runtime/process and the launcher are the only spawners',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/runtime/(process|launcher|supervisor/build)' },
      to: { path: '^(node:)?child_process$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
