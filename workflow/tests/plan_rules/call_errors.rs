//! What GitHub refuses about calls of reusable workflows, in its words and at its places
//! (`semantics` 1.4, 4.7 and 4.10).

use gantry_workflow::plan::DefaultPermissions;

use crate::files::{Files, SHA, errors, load, loaded};

const CALLED: &str = "on:
  workflow_call:
    inputs:
      text: {type: string}
      flag: {type: boolean}
      count: {type: number}
jobs:
  a: {runs-on: x}
";

fn caller(with: &str) -> String {
    format!("on: push\njobs:\n  call:\n    uses: ./.github/workflows/f.yml\n{with}")
}

#[test]
fn inputs_have_to_fit_what_is_declared() {
    let text =
        caller("    with:\n      FLAG: yes\n      count: '1'\n      text: 1\n      other: x\n");
    assert_eq!(
        errors(&text, &[("f.yml", CALLED)]),
        [
            ".github/workflows/ci.yml (Line: 6, Col: 13): Unexpected value 'yes'",
            ".github/workflows/ci.yml (Line: 7, Col: 14): Unexpected value '1'",
            ".github/workflows/ci.yml (Line: 9, Col: 14): Invalid input, other is not defined in \
             the referenced workflow.",
        ]
    );
    let fits = caller("    with: {flag: true, count: 1, text: false}\n");
    assert!(errors(&fits, &[("f.yml", CALLED)]).is_empty());
    // What an expression gives is known only when the job starts.
    let computed = caller("    with: {flag: '${{ github.ref }}'}\n");
    assert!(errors(&computed, &[("f.yml", CALLED)]).is_empty());
}

#[test]
fn required_inputs_and_secrets_have_to_be_there() {
    let called = "on:
  workflow_call:
    inputs: {foo: {type: string, required: true}}
    secrets: {shh: {required: true}, other: {}}
jobs: {a: {runs-on: x}}
";
    let place = ".github/workflows/ci.yml (Line: 4, Col: 11)";
    assert_eq!(
        errors(&caller(""), &[("f.yml", called)]),
        [
            format!("{place}: Input foo is required, but not provided while calling."),
            format!("{place}: Secret shh is required, but not provided while calling."),
        ]
    );
    let inherits = caller("    with: {foo: ''}\n    secrets: inherit\n");
    assert!(errors(&inherits, &[("f.yml", called)]).is_empty());
    let unknown = caller("    with: {foo: ''}\n    secrets: {SHH: s, else: s}\n");
    assert_eq!(
        errors(&unknown, &[("f.yml", called)]),
        [".github/workflows/ci.yml (Line: 6, Col: 29): Invalid secret, else is not defined in \
          the referenced workflow."]
    );
}

#[test]
fn an_error_of_a_called_file_stands_at_its_caller() {
    let broken = "on: workflow_call\njobs:\n  a:\n    runs-on: x\n    stepz: []\n";
    let place = ".github/workflows/ci.yml (Line: 4, Col: 11)";
    let called = format!("octo/app/.github/workflows/f.yml@{SHA}");
    assert_eq!(
        errors(&caller(""), &[("f.yml", broken)]),
        [format!(
            "{place}: Error from called workflow {called} (Line: 5, Col: 5): Unexpected value \
             'stepz'"
        )]
    );
    let not_callable = "on: push\njobs: {a: {runs-on: x}}\n";
    assert_eq!(
        errors(&caller(""), &[("f.yml", not_callable)]),
        [format!(
            "{place}: Error from called workflow {called} (Line: 1, Col: 5): workflow_call key is \
             not defined in the referenced workflow."
        )]
    );
}

#[test]
fn a_file_that_cannot_be_found_is_named() {
    let text = "on: push
jobs:
  a: {uses: ./.github/workflows/f.yml}
  b: {uses: octo/ci/.github/workflows/f.yml@gone}
";
    let start = "error parsing called workflow \".github/workflows/ci.yml\" ->";
    let found = errors(text, &[]);
    assert!(found[0].contains(&format!(
        "(Line: 3, Col: 13): {start} \"./.github/workflows/f.yml\" : workflow was not found."
    )));
    assert!(found[1].contains(&format!(
        "(Line: 4, Col: 13): {start} \"octo/ci/.github/workflows/f.yml@gone\" : failed to fetch \
         workflow: reference to workflow should be either a valid branch, tag, or commit"
    )));
}

#[test]
fn a_called_file_may_lower_permissions_and_never_raise_them() {
    let called = |permissions: &str| {
        format!("on: workflow_call\njobs:\n  deploy:\n    runs-on: x\n{permissions}")
    };
    let asks = called("    permissions: {actions: write, contents: read}\n");
    let found = |caller: &str, called: &str| {
        let text =
            format!("on: push\njobs:\n  call:\n{caller}    uses: a/b/.github/workflows/c.yml@v1\n");
        errors(&text, &[("a/b/.github/workflows/c.yml@v1", called)])
    };
    let message = "Error calling workflow 'a/b/.github/workflows/c.yml@v1'. The nested job \
                   'deploy' is requesting 'actions: write', but is only allowed";
    assert_eq!(
        found("    permissions: {actions: read, contents: write}\n", &asks),
        [format!(".github/workflows/ci.yml (Line: 3, Col: 3): {message} 'actions: read'.")]
    );
    // The repository's default gives contents and packages only.
    assert_eq!(
        found("", &asks),
        [format!(".github/workflows/ci.yml (Line: 3, Col: 3): {message} 'actions: none'.")]
    );
    assert!(found("    permissions: write-all\n", &asks).is_empty());
    let whole_file = format!("{}permissions: {{issues: write}}\n", called(""));
    let found = found("    permissions: {}\n", &whole_file);
    assert!(found[0].ends_with(
        "The workflow is requesting 'issues: write', but is only allowed 'issues: none'."
    ));
}

#[test]
fn permissions_are_handed_down_through_the_levels() {
    let top = "on: push
permissions: {actions: write}
jobs: {call: {uses: o/r/.github/workflows/1.yml@v1}}
";
    let first = "on: workflow_call
jobs:
  nested:
    permissions: {actions: read}
    uses: o/r/.github/workflows/2.yml@v1
";
    let second = "on: workflow_call
permissions: {actions: write}
jobs: {a: {runs-on: x}}
";
    let files =
        [("o/r/.github/workflows/1.yml@v1", first), ("o/r/.github/workflows/2.yml@v1", second)];
    assert_eq!(
        errors(top, &files),
        ["o/r/.github/workflows/1.yml@v1 (Line: 3, Col: 3): Error calling workflow \
          'o/r/.github/workflows/2.yml@v1'. The workflow is requesting 'actions: write', but is \
          only allowed 'actions: read'."]
    );
}

#[test]
fn a_permissive_repository_gives_everything_but_foreign_identity_tokens() {
    let called = "on: workflow_call
jobs: {a: {runs-on: x, permissions: {contents: write, id-token: write}}}
";
    let errors = |name: &str| {
        let text = format!("on: push\njobs: {{call: {{uses: {name}}}}}\n");
        load(&text, &Files(&[(name, called)]), DefaultPermissions::Write).0.err()
    };
    assert!(errors("octo/ci/.github/workflows/f.yml@v1").is_none());
    let foreign = errors("other/ci/.github/workflows/f.yml@v1").unwrap();
    assert!(foreign[0].message.contains("requesting 'id-token: write', but is only allowed"));
}

/// A chain of files of which each calls the next.
fn chain(length: usize) -> Vec<(String, String)> {
    let file = |number: usize| {
        let job = match number == length {
            true => "{runs-on: x}".to_owned(),
            false => format!("{{uses: ./.github/workflows/{}.yml}}", number + 1),
        };
        (format!("{number}.yml"), format!("on: workflow_call\njobs: {{a: {job}}}\n"))
    };
    (1..=length).map(file).collect()
}

fn errors_of(caller: &str, files: &[(String, String)]) -> Vec<String> {
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    errors(caller, &files)
}

#[test]
fn ten_levels_are_enough() {
    let top = "on: push\njobs: {a: {uses: ./.github/workflows/1.yml}}\n";
    assert!(errors_of(top, &chain(9)).is_empty());
    let found = errors_of(top, &chain(10));
    assert!(found[0].ends_with("Nested reusable workflow depth exceeded 9."), "{found:?}");
}

#[test]
fn a_loop_of_calls_is_refused() {
    let top = "on: push\njobs: {a: {uses: ./.github/workflows/1.yml}}\n";
    let again = "on: workflow_call\njobs: {a: {uses: ./.github/workflows/1.yml}}\n";
    let found = errors(top, &[("1.yml", again)]);
    assert!(found[0].ends_with("Nested reusable workflow depth exceeded 9."), "{found:?}");
}

#[test]
fn fifty_called_files_are_enough() {
    let files: Vec<_> = (0..51)
        .map(|n| (format!("{n}.yml"), "on: workflow_call\njobs: {a: {runs-on: x}}\n".to_owned()))
        .collect();
    let top = |count: usize| {
        let job = |n: usize| format!("  j{n}: {{uses: ./.github/workflows/{n}.yml}}\n");
        format!("on: push\njobs:\n{}", (0..count).map(job).collect::<String>())
    };
    assert!(errors_of(&top(50), &files).is_empty());
    let found = errors_of(&top(51), &files);
    assert!(found[0].ends_with("The maximum file count of 51 has been exceeded"), "{found:?}");
}

#[test]
fn few_files_that_stand_for_very_many_jobs_are_refused_without_walking_them() {
    let files: Vec<_> = (1..=9)
        .map(|number| {
            let job = |n: usize| match number == 9 {
                true => format!("  j{n}: {{runs-on: x}}\n"),
                false => {
                    format!("  j{n}: {{uses: ./.github/workflows/{}.yml}}\n", number + 1)
                }
            };
            let jobs: String = (0..100).map(job).collect();
            (format!("{number}.yml"), format!("on: workflow_call\njobs:\n{jobs}"))
        })
        .collect();
    let top = "on: push\njobs: {a: {uses: ./.github/workflows/1.yml}}\n";
    let found = errors_of(top, &files);
    assert!(found[0].contains("Workflows may not contain more than"), "{found:?}");
}

#[test]
fn a_file_is_asked_for_once_and_local_calls_stay_in_its_commit() {
    let top = "on: push
jobs:
  a: {uses: octo/ci/.github/workflows/outer.yml@v1}
  b: {uses: octo/ci/.github/workflows/outer.yml@v1}
";
    let outer = "on: workflow_call\njobs: {a: {uses: ./.github/workflows/inner.yml}}\n";
    let inner = "on: workflow_call\njobs: {a: {runs-on: x}}\n";
    let files = [
        ("octo/ci/.github/workflows/outer.yml@v1", outer),
        ("octo/ci/.github/workflows/inner.yml@v1", inner),
    ];
    let (result, n_requests) = load(top, &Files(&files), DefaultPermissions::Read);
    assert_eq!(n_requests, 2);
    let called = result.unwrap().workflow.called;
    let sources: Vec<_> = called.iter().map(|file| file.source.to_ref()).collect();
    assert_eq!(
        sources,
        [
            "octo/ci/.github/workflows/outer.yml@refs/heads/v1",
            "octo/ci/.github/workflows/inner.yml@refs/heads/v1"
        ]
    );
    assert!(loaded("on: push\njobs: {a: {runs-on: x}}\n", &[]).workflow.called.is_empty());
}
