// What eslint looks for: defects, not taste.
//
// Types are svelte-check's work. Every rule here names something that is wrong at run time or says
// what it does not do.
import { defineConfig } from 'eslint/config';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

import svelteConfig from './svelte.config.js';

const DEFECTS = {
  'array-callback-return': 'error',
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-console': 'error',
  'no-constant-binary-expression': 'error',
  'no-constructor-return': 'error',
  'no-eval': 'error',
  'no-implied-eval': 'error',
  'no-new-func': 'error',
  'no-promise-executor-return': ['error', { allowVoid: true }],
  'no-self-compare': 'error',
  'no-template-curly-in-string': 'error',
  'no-unreachable-loop': 'error',
  'no-unsafe-finally': 'error',
  'no-var': 'error',
};

/** Need the types of what is called. */
const TYPED = {
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-misused-promises': 'error',
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/only-throw-error': 'error',
  '@typescript-eslint/restrict-plus-operands': 'error',
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
};

/** Of the recommended rules, those that find no defects here. */
const TASTE = {
  'svelte/no-useless-mustaches': 'off',
  // Addresses are built and thrown away: nothing watches them.
  'svelte/prefer-svelte-reactivity': 'off',
};

export default defineConfig(
  { ignores: ['dist/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  ...svelte.configs.recommended,
  {
    files: ['src/**/*.ts', 'src/**/*.svelte'],
    plugins: { '@typescript-eslint': ts.plugin },
    languageOptions: {
      globals: globals.browser,
      parserOptions: { parser: ts.parser, svelteConfig, project: './tsconfig.json', extraFileExtensions: ['.svelte'] },
    },
    rules: { ...DEFECTS, ...TYPED, ...TASTE },
  },
  { files: ['src/**/*.ts'], ignores: ['src/**/*.svelte.ts'], languageOptions: { parser: ts.parser } },
);
