// What the server sends, as far as the page reads it.
//
// GitHub's shapes where GitHub has one. Invariant: nothing here is more than the API documents.

export type Status = 'queued' | 'in_progress' | 'completed' | 'waiting' | 'requested' | 'pending';

export type Conclusion =
  | 'success'
  | 'failure'
  | 'cancelled'
  | 'skipped'
  | 'timed_out'
  | 'neutral'
  | 'action_required'
  | 'stale'
  | 'startup_failure';

/** Each includes the ones before it. */
export type Role = 'read' | 'write' | 'admin';

export interface Session {
  login: string;
  /** Held in everything; null for who has but roles in repositories. */
  role: Role | null;
  /** By `owner/name`, the role in each repository that may be seen; null for who has one in everything. */
  repositories: Record<string, Role> | null;
}

export interface WorkflowRun {
  id: number;
  name: string | null;
  display_title: string;
  run_number: number;
  run_attempt: number;
  event: string;
  status: Status;
  conclusion: Conclusion | null;
  head_branch: string | null;
  head_sha: string;
  path?: string | null;
  created_at: string;
  updated_at: string;
  run_started_at: string | null;
  actor?: { login: string } | null;
  triggering_actor?: { login: string } | null;
  repository: { full_name: string };
}

export interface RunList {
  workflow_runs: WorkflowRun[];
  /** Where the next page begins; null on the last one. */
  next_cursor: number | null;
}

export interface Step {
  number: number;
  name: string;
  status: Status;
  conclusion: Conclusion | null;
  started_at: string | null;
  completed_at: string | null;
}

export interface Annotation {
  level: 'notice' | 'warning' | 'failure';
  message: string;
  title?: string | null;
  path?: string | null;
  start_line?: number | null;
  start_column?: number | null;
  step_number?: number | null;
  /** Line of the step's log, from 0. */
  log_line?: number | null;
}

export interface Job {
  id: number;
  job_key: string;
  leg: number;
  name: string;
  needs: string[];
  status: Status;
  conclusion: Conclusion | null;
  reason: string | null;
  environment: string | null;
  environment_url: string | null;
  runner_name?: string | null;
  runs_on?: string[];
  queued_at?: string | null;
  started_at: string | null;
  completed_at: string | null;
  steps: Step[];
  annotations: Annotation[];
}

export interface Diagnostic {
  file: string;
  position: { line: number; column: number } | null;
  severity: 'error' | 'warning';
  code: string;
  message: string;
}

export interface PendingDeployment {
  environment: string;
  environment_id: number;
  can_approve: boolean;
  approved_by: string[];
  required_approvals: number;
}

/** Everything about one run; sent whole on every change. */
export interface RunView {
  run: WorkflowRun;
  /** The number of the newest attempt; `run` may be an earlier one. */
  latest_attempt: number;
  /** Why the run as a whole waits, in words. */
  reason?: string | null;
  jobs: Job[];
  diagnostics: Diagnostic[];
  pending_deployments: PendingDeployment[];
}

/** Whole lines of one step of a job's log. */
export interface LogChunk {
  sequence: number;
  step_number: number;
  /** Index within the step of the first line, from 0. */
  first_line: number;
  text: string;
}

export interface LogPage {
  chunks: LogChunk[];
  is_complete: boolean;
}

/**
 * Sequence, step, first line, number of lines, and marks: the index of a line within the chunk times 4,
 * plus 0 for one that begins a group, 1 for one that ends it, 2 for an error.
 */
export type OutlinedChunk = [number, number, number, number, number[]];

export interface LogOutline {
  chunks: OutlinedChunk[];
  /** All of the text, if it is short. */
  texts: LogChunk[];
  is_complete: boolean;
}

export interface FoundLines {
  /** Step, and index within it from 0. */
  lines: [number, number][];
  /** The last chunk that was looked at. */
  through: number | null;
  has_more: boolean;
}

/** What a step says about itself, in Markdown. */
export interface RunSummary {
  job_id: number;
  step_number: number;
  markdown: string;
}

/** A test in a report. */
export interface TestResult {
  suite: string;
  name: string;
  status: 'passed' | 'failed' | 'skipped';
  duration_ms: number | null;
  message: string | null;
  failing_since: { run_id: number; run_number: number; head_sha: string; created_at: string } | null;
}

export interface Finding {
  tool: string;
  rule: string;
  severity: 'critical' | 'high' | 'medium' | 'low' | 'note';
  message: string;
  path: string | null;
  line: number | null;
}

/** What the reports in a run's artifacts say. */
export interface Reports {
  tests: {
    total: number;
    passed: number;
    failed: number;
    skipped: number;
    duration_ms: number;
    failures: TestResult[];
    slowest: TestResult[];
    flaky: TestResult[];
  } | null;
  coverage: {
    lines_covered: number;
    lines_total: number;
    percent: number;
    base: { run_id: number; percent: number } | null;
    delta: number | null;
  } | null;
  findings: { critical: number; high: number; medium: number; low: number; note: number; worst: Finding[] } | null;
  problems: string[];
}

export interface Artifact {
  id: number;
  name: string;
  size_in_bytes: number;
  expired: boolean;
  expires_at: string | null;
  digest?: string | null;
}
