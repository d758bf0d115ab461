//! What is read from the text of a GraphQL request.
//!
//! Pure, and no parser: only what `gh` writes is understood.

/// A field like `repo_000: repository(owner: "acme", name: "app") {`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedRepository {
    pub(super) alias: String,
    pub(super) owner: String,
    pub(super) name: String,
}

/// The name after `query`, which fragments may precede; empty for an anonymous operation.
pub(super) fn operation_name(query: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = |at: usize| !query[..at].ends_with(is_name);
    let operations = query.match_indices("query").filter(|(at, _)| begins(*at));
    let names = operations.map(|(at, word)| {
        let rest = query[at + word.len()..].trim_start();
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        &rest[..end]
    });
    names.into_iter().next().unwrap_or_default()
}

/// Every repository that is asked for by name.
pub(super) fn named_repositories(query: &str) -> Vec<NamedRepository> {
    let fields = query.match_indices("repository(");
    let field = |(at, word): (usize, &str)| {
        let alias = query[..at].trim_end().strip_suffix(':')?.trim_end();
        let alias = alias.rsplit(|c: char| c.is_whitespace() || c == '{' || c == '}').next()?;
        let arguments = query[at + word.len()..].split(')').next()?;
        Some(NamedRepository {
            alias: alias.to_owned(),
            owner: argument(arguments, "owner")?,
            name: argument(arguments, "name")?,
        })
    };
    fields.filter_map(field).collect()
}

/// The text in `name: "text"`.
fn argument(arguments: &str, name: &str) -> Option<String> {
    let (_, rest) = arguments.split_once(&format!("{name}:"))?;
    let (text, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operation_is_found_by_name() {
        assert_eq!(operation_name("query UserCurrent{viewer{login}}"), "UserCurrent");
        assert_eq!(operation_name("\n query  RepositoryInfo($owner: String!) {"), "RepositoryInfo");
        let fragment = "fragment repo on Repository { id }\nquery RepositoryInfo { a }";
        assert_eq!(operation_name(fragment), "RepositoryInfo");
        assert_eq!(operation_name("{viewer{login}}"), "");
        assert_eq!(operation_name("query{viewer{login}}"), "");
        assert_eq!(operation_name("query { viewer { login } }"), "");
    }

    #[test]
    fn repositories_are_found_with_their_aliases() {
        let query = "query MapRepositoryNames {\n\trepo_000: repository(owner: \"acme\", name: \
                     \"app\") {\n databaseId }\nrepo_001:repository(owner:\"a\",name:\"b\"){id}}";
        let found = named_repositories(query);
        let named = |alias: &str, owner: &str, name: &str| NamedRepository {
            alias: alias.to_owned(),
            owner: owner.to_owned(),
            name: name.to_owned(),
        };
        assert_eq!(found, [named("repo_000", "acme", "app"), named("repo_001", "a", "b")]);
        assert_eq!(named_repositories("{ repository(owner: $owner, name: $name) { id } }"), []);
    }
}
