import fs from 'node:fs';

import importX from 'eslint-plugin-import-x';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

// The walls: a feature never imports another, and nothing below imports what is above.
const features = fs.readdirSync('src/features');
const zones = [
  ...features.map((feature) => ({
    target: `./src/features/${feature}`,
    from: './src/features',
    except: [`./${feature}`],
  })),
  { target: './src/features', from: './src/app' },
  { target: ['./src/components', './src/api'], from: ['./src/features', './src/app'] },
];

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'src/api/schema.d.ts'] },
  ...tseslint.configs.strict,
  {
    files: ['src/**/*.{ts,tsx}', 'vite.config.ts'],
    plugins: { 'import-x': importX, 'react-hooks': reactHooks },
    settings: { 'import-x/resolver': { typescript: true, node: true } },
    rules: {
      ...reactHooks.configs.recommended.rules,
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-cycle': 'error',
      'import-x/order': ['error', { 'newlines-between': 'always' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: 'Texts of the catalogue are foreign: render them as text.',
        },
      ],
    },
  },
  { files: ['src/**'], rules: { 'import-x/no-default-export': 'error' } },
  // Tests print the figures that they hold against a budget.
  { files: ['src/**/*.test.{ts,tsx}'], rules: { 'no-console': 'off' } },
);
