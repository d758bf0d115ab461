//! Filter patterns (`semantics` 3.2).

use gantry_workflow::trigger::Pattern;

fn matches(pattern: &str, value: &str) -> bool {
    Pattern::parse(pattern).unwrap().matches(value)
}

#[test]
fn patterns_match_as_in_githubs_cheat_sheet() {
    let table: &[(&str, &[&str], &[&str])] = &[
        ("*", &["main", "releases"], &["a/b"]),
        ("**", &["main", "all/the/branches", ""], &[]),
        ("feature/*", &["feature/a", "feature/"], &["feature/a/b", "feature", "Feature/a"]),
        ("feature/**", &["feature/a", "feature/a/b/c"], &["feature", "features/a"]),
        ("*feature", &["mona-feature", "feature", "ver-10-feature"], &["a/feature"]),
        ("v2*", &["v2", "v2.0", "v2.9"], &["v3", "xv2"]),
        ("v[12].[0-9]+.[0-9]+", &["v1.10.1", "v2.0.0"], &["v3.0.0", "v1.a.1", "v1x0.0"]),
        ("**.js", &["index.js", "js/index.js", "src/js/app.js"], &["index.ts", "a.js/b"]),
        ("*.jsx?", &["page.js", "page.jsx"], &["page.jsxx", "a/page.js"]),
        ("docs/*", &["docs/README.md"], &["docs/mona/octocat.txt"]),
        ("docs/**", &["docs/README.md", "docs/mona/octocat.txt"], &["docs"]),
        ("docs/**/*.md", &["docs/a.md", "docs/b/a.md", "docs/b/c/a.md"], &["docs/a.txt", "a.md"]),
        ("**/docs/**", &["docs/hello.md", "dir/docs/my-file.txt", "a/b/docs/c"], &["xdocs/a"]),
        ("**/README.md", &["README.md", "js/README.md"], &["README_md", "a-README.md"]),
        ("**/*src/**", &["a/src/app.js", "my-src/code/js/app.js"], &["src.txt"]),
        ("**/*-post.md", &["my-post.md", "path/their-post.md"], &["my-post.mdx"]),
        ("**/migrate-*.sql", &["migrate-10909.sql", "db/sept/migrate-v1.sql"], &["migrate.sql"]),
        ("Octocat", &["Octocat"], &["octocat", "Octocats"]),
        (r"a\*b", &["a*b"], &["axb", "ab"]),
        (r"\!a", &["!a"], &["a"]),
        ("?a", &["?a"], &["a", "xa"]),
        ("+", &["+"], &[""]),
        ("ab+c", &["abc", "abbbc"], &["ac"]),
        ("a.b", &["a.b"], &["axb"]),
        ("v[a-c]?x", &["vx", "vbx"], &["vdx", "vbbx"]),
        ("releases/**-alpha", &["releases/10-alpha", "releases/b/c-alpha"], &["releases/alpha"]),
        ("{a,b}(c)|d$", &["{a,b}(c)|d$"], &["a", "d"]),
        (r"end\", &[r"end\"], &["end"]),
        ("*?", &["", "a"], &["a/b"]),
    ];
    for (pattern, yes, no) in table {
        for value in *yes {
            assert!(matches(pattern, value), "`{pattern}` should match `{value}`");
        }
        for value in *no {
            assert!(!matches(pattern, value), "`{pattern}` should not match `{value}`");
        }
    }
}

#[test]
fn a_leading_exclamation_mark_makes_a_pattern_negative() {
    let pattern = Pattern::parse("!docs/**").unwrap();
    assert!(pattern.is_negative());
    assert!(pattern.matches("docs/a.md"));
    assert!(!Pattern::parse("docs/!a").unwrap().is_negative());
}

#[test]
fn broken_patterns_are_refused_with_the_problem() {
    for (pattern, problem) in [
        ("v[1", "`[` is not closed"),
        ("v[]", "names no character"),
        ("v[9-0]", "`9-0` is not a range"),
        ("v[a-Z]", "`a-Z` is not a range"),
        ("!", "it is empty"),
        ("", "it is empty"),
    ] {
        let error = Pattern::parse(pattern).unwrap_err().to_string();
        assert!(error.contains(problem), "`{pattern}`: {error}");
    }
}
