//! Findings of tools that look at code, as SARIF 2.1.0 has them.

use std::collections::HashMap;

use serde_json::Value;

use super::{Finding, MOST_ENTRIES, Severity};

/// Of a message or a path, in bytes.
const LONGEST_TEXT: usize = 4 * 1024;

/// All findings that nobody has suppressed.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Finding>, String> {
    // The parser has a limit of depth itself.
    let json: Value = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is no well-formed JSON: {error}"))?;
    let runs = json["runs"].as_array().ok_or("it has no `runs`, as SARIF has")?;
    let mut found = Vec::new();
    for run in runs {
        let driver = &run["tool"]["driver"];
        let rules = Rules::of(driver);
        let tool = short(driver["name"].as_str().unwrap_or("unknown"));
        for result in run["results"].as_array().into_iter().flatten() {
            let is_suppressed = result["suppressions"].as_array().is_some_and(|it| !it.is_empty());
            if is_suppressed || matches!(result["kind"].as_str(), Some("pass" | "notApplicable")) {
                continue;
            }
            found.push(finding(result, (&tool, &rules)));
            if found.len() > MOST_ENTRIES {
                return Err(format!("it has more than {MOST_ENTRIES} findings"));
            }
        }
    }
    Ok(found)
}

/// The rules of a tool, by number and by id.
struct Rules<'a> {
    list: &'a [Value],
    by_id: HashMap<&'a str, &'a Value>,
}

impl<'a> Rules<'a> {
    fn of(driver: &'a Value) -> Self {
        let list = driver["rules"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        let by_id = list.iter().filter_map(|rule| Some((rule["id"].as_str()?, rule))).collect();
        Self { list, by_id }
    }

    fn find(&self, result: &Value) -> Option<&'a Value> {
        let index = result["ruleIndex"].as_u64().and_then(|index| usize::try_from(index).ok());
        let by_id = result["ruleId"].as_str().and_then(|id| self.by_id.get(id).copied());
        by_id.or_else(|| index.and_then(|index| self.list.get(index)))
    }
}

fn finding(result: &Value, (tool, rules): (&str, &Rules<'_>)) -> Finding {
    let rule = rules.find(result);
    let id = result["ruleId"].as_str().or_else(|| rule.and_then(|rule| rule["id"].as_str()));
    let place = &result["locations"][0]["physicalLocation"];
    Finding {
        tool: tool.to_owned(),
        rule: short(id.unwrap_or_default()),
        severity: severity(result, rule),
        message: short(result["message"]["text"].as_str().unwrap_or_default()),
        path: place["artifactLocation"]["uri"].as_str().map(short),
        line: place["region"]["startLine"].as_i64().and_then(|line| i32::try_from(line).ok()),
    }
}

/// The number that security tools give, from 0 to 10, in GitHub's steps; without it the level.
fn severity(result: &Value, rule: Option<&Value>) -> Severity {
    let score = |value: &Value| {
        let score = &value["properties"]["security-severity"];
        score.as_f64().or_else(|| score.as_str()?.trim().parse().ok())
    };
    if let Some(score) = score(result).or_else(|| rule.and_then(score)) {
        return match score {
            score if score >= 9.0 => Severity::Critical,
            score if score >= 7.0 => Severity::High,
            score if score >= 4.0 => Severity::Medium,
            _ => Severity::Low,
        };
    }
    let level = result["level"].as_str();
    let level = level.or_else(|| rule?["defaultConfiguration"]["level"].as_str());
    match level {
        Some("error") => Severity::High,
        Some("note") => Severity::Low,
        Some("none") => Severity::Note,
        _ => Severity::Medium,
    }
}

fn short(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST_TEXT)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_have_the_severity_of_their_rule() {
        let json = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "scanner", "rules": [
            {"id": "R1", "properties": {"security-severity": "9.8"}},
            {"id": "R2", "defaultConfiguration": {"level": "note"}}]}},
          "results": [
            {"ruleId": "R1", "message": {"text": "bad"}, "locations": [{"physicalLocation":
              {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3}}}]},
            {"ruleIndex": 1, "message": {"text": "meh"}},
            {"ruleId": "R3", "level": "error", "message": {"text": "wrong"}},
            {"ruleId": "R1", "message": {"text": "known"}, "suppressions": [{"kind": "external"}]}]}]}"#;
        let found = read(json.as_bytes()).expect("a report");
        let short: Vec<_> =
            found.iter().map(|it| (it.rule.as_str(), it.severity, it.line)).collect();
        let expected = [
            ("R1", Severity::Critical, Some(3)),
            ("R2", Severity::Low, None),
            ("R3", Severity::High, None),
        ];
        assert_eq!(short, expected);
        assert_eq!(found[0].path.as_deref(), Some("a.py"));
        assert_eq!(found[0].tool, "scanner");
    }

    #[test]
    fn what_is_no_sarif_is_refused() {
        for wrong in ["", "{}", "[]", "{\"runs\": 1}", &"[".repeat(1000)] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
