// Calls about repositories: their workflows, and how to start one by hand.

import type { Diagnostic } from './shapes';
import { pathOf, queryOf, request } from './request';

export interface Repository {
  id: number;
  full_name: string;
  default_branch: string;
}

export async function listRepositories(): Promise<Repository[]> {
  return (await request<{ repositories: Repository[] }>('GET', '/api/gantry/repositories')).repositories;
}

export interface Workflow {
  id: number;
  name: string;
  path: string;
  state: 'active' | 'deleted' | 'disabled_manually';
}

export async function listWorkflows(repository: string): Promise<Workflow[]> {
  const path = `/repos/${pathOf(repository)}/actions/workflows?per_page=100`;
  return (await request<{ workflows: Workflow[] }>('GET', path)).workflows;
}

export async function setWorkflowEnabled(repository: string, workflow: number, isEnabled: boolean): Promise<void> {
  const verb = isEnabled ? 'enable' : 'disable';
  await request('PUT', `/repos/${pathOf(repository)}/actions/workflows/${workflow}/${verb}`);
}

export interface Refs {
  default_branch: string;
  branches: string[];
  tags: string[];
}

export function getRefs(repository: string): Promise<Refs> {
  return request('GET', `${ownPath(repository)}/refs`);
}

export interface WorkflowFile {
  path: string;
  name: string | null;
  events: string[];
  diagnostics: Diagnostic[];
}

/** The workflow files of a branch or tag; of the default branch when `ref` is empty. */
export function getWorkflowFiles(repository: string, ref: string): Promise<{ sha: string; files: WorkflowFile[] }> {
  return request('GET', `${ownPath(repository)}/workflow-files${queryOf({ ref })}`);
}

export interface Input {
  name: string;
  description: string | null;
  kind: 'string' | 'boolean' | 'number' | 'choice' | 'environment';
  required: boolean;
  default: string | null;
  options: string[];
}

export interface DispatchForm {
  ref: string;
  sha: string;
  path: string;
  name: string;
  inputs: Input[];
}

export function getDispatchForm(repository: string, workflow: string, ref: string): Promise<DispatchForm> {
  const place = `${ownPath(repository)}/workflows/${encodeURIComponent(workflow)}/dispatch`;
  return request('GET', `${place}${queryOf({ ref })}`);
}

export interface Dispatch {
  ref: string;
  inputs: Record<string, string>;
}

export async function dispatchWorkflow(repository: string, workflow: string, dispatch: Dispatch): Promise<void> {
  const path = `/repos/${pathOf(repository)}/actions/workflows/${encodeURIComponent(workflow)}/dispatches`;
  await request('POST', path, dispatch);
}

export async function listEnvironmentNames(repository: string): Promise<string[]> {
  const path = `/repos/${pathOf(repository)}/environments?per_page=100`;
  const answer = await request<{ environments: { name: string }[] }>('GET', path);
  return answer.environments.map((environment) => environment.name);
}

export function ownPath(repository: string): string {
  return `/api/gantry/repositories/${pathOf(repository)}`;
}
