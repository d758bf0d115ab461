//! Reading a repository of this machine through one git process.

use gantry_server::sources::{GitError, Objects};

use crate::harness::GitRepository;

const FOLDER: &str = ".github/workflows";

#[tokio::test]
async fn one_process_answers_every_question_about_a_repository() {
    let directory = tempfile::tempdir().expect("a directory");
    let big = "#".repeat(1024 * 1024 + 1);
    let files = [("a.yml", "on: push\n"), ("big.yaml", &big), ("notes.md", "no"), ("z.yml", "")];
    let repository = GitRepository::create(directory.path(), &files);
    let mut objects = Objects::open(repository.path()).expect("git");

    let commit = objects.commit_id("refs/heads/main").await.expect("a commit");
    assert_eq!(commit, repository.head());
    assert_eq!(objects.commit_id(&commit).await.expect("the same"), commit);
    assert_eq!(objects.commit_message(&commit).await.expect("a message"), "Add the thing");
    for name in ["refs/heads/none", &"0".repeat(40), "--help", "HEAD", "refs/heads/a\nHEAD"] {
        let found = objects.commit_id(name).await;
        assert!(matches!(found, Err(GitError::Missing { .. })), "{name}: {found:?}");
    }

    let found = objects.workflow_files(&commit, FOLDER).await.expect("files");
    let texts: Vec<(&str, Option<&str>)> =
        found.iter().map(|file| (file.path.as_str(), file.text.as_deref().ok())).collect();
    let expected = [
        (".github/workflows/a.yml", Some("on: push\n")),
        (".github/workflows/big.yaml", None),
        (".github/workflows/z.yml", Some("")),
    ];
    assert_eq!(texts, expected);
    for folder in ["no/such folder", ".github/workflows/a.yml"] {
        assert!(objects.workflow_files(&commit, folder).await.expect("an answer").is_empty());
    }
}

#[tokio::test]
async fn what_is_no_repository_is_an_error_that_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("a path in UTF-8");
    let mut objects = Objects::open(path).expect("git starts");
    let error = objects.commit_id("refs/heads/main").await.expect_err("nothing there").to_string();
    assert!(error.contains("not a git repository"), "{error}");
}
