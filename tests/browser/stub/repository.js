// What the stub server says of repositories and of starting workflows.

const INPUTS = [
  { name: 'version', description: 'What to deploy', kind: 'string', required: true, default: 'v1.2.0', options: [] },
  { name: 'target', description: 'Where to', kind: 'environment', required: true, default: null, options: [] },
  { name: 'level', description: null, kind: 'choice', required: false, default: 'normal', options: ['quiet', 'normal'] },
  { name: 'replicas', description: null, kind: 'number', required: false, default: null, options: [] },
  { name: 'dry_run', description: 'Only say what would be done', kind: 'boolean', required: false, default: 'true', options: [] },
];

const WORKFLOWS = [
  { id: 2001, name: 'CI/CD Pipeline', path: '.github/workflows/ci-cd.yml', state: 'active' },
  { id: 2002, name: 'Deploy', path: '.github/workflows/deploy.yml', state: 'active' },
];

export const REPOSITORY_ROUTES = [
  [
    /^GET \/api\/gantry\/repositories$/,
    ({ answer, reply }) =>
      reply(answer, 200, { repositories: [{ id: 1001, full_name: 'hotgigs/app', default_branch: 'main' }] }),
  ],
  [
    /^GET \/repos\/hotgigs\/app\/actions\/workflows$/,
    ({ answer, reply }) => reply(answer, 200, { total_count: WORKFLOWS.length, workflows: WORKFLOWS }),
  ],
  [
    /^GET \/api\/gantry\/repositories\/hotgigs\/app\/refs$/,
    ({ answer, reply }) => reply(answer, 200, { default_branch: 'main', branches: ['main', 'fix/fee'], tags: ['v1.2.0'] }),
  ],
  [
    /^GET \/api\/gantry\/repositories\/hotgigs\/app\/workflows\/deploy\.yml\/dispatch$/,
    ({ answer, reply, url }) =>
      reply(answer, 200, {
        ref: `refs/heads/${url.searchParams.get('ref')}`,
        sha: '4f1c0de9a3b25f1e77c0d2a6c1b84c0f6f9a1e02',
        path: '.github/workflows/deploy.yml',
        name: 'Deploy',
        inputs: INPUTS,
      }),
  ],
  [
    /^GET \/repos\/hotgigs\/app\/environments$/,
    ({ answer, reply }) =>
      reply(answer, 200, { total_count: 2, environments: [{ name: 'staging' }, { name: 'production' }] }),
  ],
  [
    /^POST \/repos\/hotgigs\/app\/actions\/workflows\/deploy\.yml\/dispatches$/,
    async ({ stub, request, answer, url, bodyOf }) => {
      stub.posted.push({ path: url.pathname, body: await bodyOf(request) });
      answer.writeHead(204).end();
    },
  ],
];
