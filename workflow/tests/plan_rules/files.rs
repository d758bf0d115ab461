//! Loads a workflow with what it calls from texts, as a server does from repositories.

use gantry_workflow::diagnostic::Diagnostic;
use gantry_workflow::model::read_workflow;
use gantry_workflow::plan::{
    DefaultPermissions, FetchError, FetchedFile, FileRequest, FileSource, Loaded, Loader,
};

/// The commit of everything in the caller's repository.
pub(crate) const SHA: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// The commit of everything in other repositories.
pub(crate) const OTHER_SHA: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// Files by `owner/name/path@ref`; a name alone is a workflow of the caller's repository.
pub(crate) struct Files<'a>(pub(crate) &'a [(&'a str, &'a str)]);

impl Files<'_> {
    fn find(&self, request: &FileRequest) -> Result<FetchedFile, FetchError> {
        let FileRequest { repository, path, git_ref } = request;
        if git_ref == "gone" {
            return Err(FetchError::NoSuchRef);
        }
        let is_local = repository == "octo/app" && git_ref == SHA;
        let name = match is_local {
            true => path.rsplit('/').next().unwrap().to_owned(),
            false => format!("{repository}/{path}@{git_ref}"),
        };
        // Whatever is called out of another commit of another repository stands under its ref.
        let found = self.0.iter().find(|(key, _)| {
            *key == name
                || (git_ref == OTHER_SHA && key.starts_with(&format!("{repository}/{path}@")))
        });
        let (_, text) = found.ok_or(FetchError::NotFound)?;
        let sha = if is_local { SHA } else { OTHER_SHA };
        Ok(FetchedFile {
            git_ref: format!("refs/heads/{git_ref}"),
            sha: sha.to_owned(),
            text: (*text).to_owned(),
        })
    }
}

/// Loads `caller` and what it calls; also how many files were asked for.
pub(crate) fn load(
    caller: &str,
    files: &Files<'_>,
    default: DefaultPermissions,
) -> (Result<Loaded, Vec<Diagnostic>>, usize) {
    let path = ".github/workflows/ci.yml";
    let (workflow, diagnostics) = read_workflow(path, caller);
    let workflow = workflow.unwrap_or_else(|| panic!("{diagnostics:#?}\n{caller}"));
    let source = FileSource {
        repository: "octo/app".to_owned(),
        path: path.to_owned(),
        git_ref: "refs/heads/main".to_owned(),
        sha: SHA.to_owned(),
    };
    let mut loader = Loader::new(workflow, source, default);
    let mut n_requests = 0;
    while let Some(request) = loader.wanted() {
        n_requests += 1;
        let file = files.find(request);
        loader.supply(file);
    }
    (loader.finish(), n_requests)
}

/// The messages of what is wrong, with their places.
pub(crate) fn errors(caller: &str, files: &[(&str, &str)]) -> Vec<String> {
    let (result, _) = load(caller, &Files(files), DefaultPermissions::Read);
    result.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// What is loaded without errors.
pub(crate) fn loaded(caller: &str, files: &[(&str, &str)]) -> Loaded {
    load(caller, &Files(files), DefaultPermissions::Read).0.unwrap()
}
