//! Names of users and groups to numbers, from the image's own `/etc/passwd` and `/etc/group`.
//!
//! Reads the files itself: a static binary has no name service. Invariant: an unknown name is an
//! error, never user 0.

use std::fs;

use crate::system::User;

/// Resolves `name`, `uid`, `name:group` or `uid:gid`; `None` for the shim's own user.
pub fn resolve(text: &str) -> Result<Option<User>, String> {
    let (user, group) = text.split_once(':').map_or((text, None), |(u, g)| (u, Some(g)));
    if user.is_empty() || (group.is_none() && (user == "root" || user == "0")) {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let entry = passwd.lines().map(fields).find(|f| f.len() > 3 && (f[0] == user || f[2] == user));
    let uid = match &entry {
        Some(fields) => number(fields[2]),
        None => number(user),
    };
    let uid = uid.ok_or_else(|| format!("the image has no user `{user}`"))?;
    let gid = match (group, &entry) {
        (Some(group), _) => group_number(&groups, group)?,
        (None, Some(fields)) => number(fields[3]).unwrap_or(0),
        (None, None) => 0,
    };
    let name = entry.as_ref().map_or("", |fields| fields[0]);
    let mut all = supplementary(&groups, name);
    all.push(gid);
    Ok(Some(User { uid, gid, groups: all }))
}

fn fields(line: &str) -> Vec<&str> {
    line.split(':').collect()
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}

fn group_number(groups: &str, wanted: &str) -> Result<u32, String> {
    groups
        .lines()
        .map(fields)
        .find(|f| f.len() > 2 && f[0] == wanted)
        .and_then(|f| number(f[2]))
        .or_else(|| number(wanted))
        .ok_or_else(|| format!("the image has no group `{wanted}`"))
}

fn supplementary(groups: &str, user: &str) -> Vec<u32> {
    groups
        .lines()
        .map(fields)
        .filter(|f| f.len() > 3 && !user.is_empty() && f[3].split(',').any(|name| name == user))
        .filter_map(|f| number(f[2]))
        .collect()
}
