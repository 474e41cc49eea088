// Typed rules only; biome does the rest. The purity of the cores is checked here because it needs scopes, not text.
import tseslint from 'typescript-eslint';

const PURE = [
  'src/base/*.ts',
  'src/wire/**/*.ts',
  'src/offers/**/*.ts',
  'src/simulator/**/*.ts',
  'src/raft/core/**/*.ts',
  'src/daemon/master/core/**/*.ts',
  'src/daemon/agent/core/**/*.ts',
  'src/views/model/**/*.ts',
  'src/views/text/**/*.ts',
];
const IMPURE_GLOBALS = [
  'process',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'crypto',
  'fetch',
  'console',
];

export default tseslint.config(
  { ignores: ['dist/**', 'src/wire/gen/**', 'node_modules/**', 'tools/**', '**/*.mjs', '**/*.js'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
    },
  },
  {
    files: PURE,
    rules: {
      'no-restricted-globals': [
        'error',
        ...IMPURE_GLOBALS.map((name) => ({
          name,
          message: 'a pure core does no I/O and reads no clock (architecture, section 2)',
        })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'inject a Random' },
        { object: 'Date', property: 'now', message: 'inject an Instant' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'inject an Instant' },
        { selector: 'AwaitExpression', message: 'a pure core is synchronous' },
        {
          selector:
            'FunctionDeclaration[async=true], FunctionExpression[async=true], ArrowFunctionExpression[async=true]',
          message: 'a pure core is synchronous',
        },
        { selector: 'ImportDeclaration[source.value=/^node:/]', message: 'a pure core imports nothing of node' },
      ],
    },
  },
);
