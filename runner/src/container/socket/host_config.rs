//! `HostConfig` of a container that a job makes: what it may hold, and what the operator's limits make
//! of it. Pure.
//!
//! Invariant: nothing in it reaches beyond the container but what [`super::create`] adds afterwards.

use serde_json::{Map, Value, json};

use super::body::{keep_only, text, texts};
use super::refusal::Refusal;
use crate::confinement::Profile;
use crate::container::Limits;

/// Harmless in every value; `Binds` and the like are [`super::create`]'s.
const KEPT: [&str; 40] = [
    "AutoRemove",
    "Binds",
    "BlkioWeight",
    "CapAdd",
    "CapDrop",
    "ConsoleSize",
    "CpuCount",
    "CpuPercent",
    "CpuPeriod",
    "CpuQuota",
    "CpuShares",
    "CpusetCpus",
    "Dns",
    "DnsOptions",
    "DnsSearch",
    "ExtraHosts",
    "GroupAdd",
    "Init",
    "IpcMode",
    "Links",
    "LogConfig",
    "Memory",
    "MemoryReservation",
    "MemorySwap",
    "MemorySwappiness",
    "Mounts",
    "NanoCpus",
    "NetworkMode",
    "OomScoreAdj",
    "PidMode",
    "PidsLimit",
    "PortBindings",
    "PublishAllPorts",
    "ReadonlyRootfs",
    "RestartPolicy",
    "SecurityOpt",
    "ShmSize",
    "Tmpfs",
    "Ulimits",
    "VolumesFrom",
];

/// The same as for the job's own container.
const MOST_PROCESSES: i64 = 4096;

/// Drivers that write where the engine keeps its containers.
const LOG_DRIVERS: [&str; 4] = ["", "json-file", "local", "none"];

pub(super) fn confine(host: &mut Map<String, Value>, limits: Limits) -> Result<(), Refusal> {
    // What these are when nobody says anything, which clients do say.
    for (key, usual) in [
        ("MemorySwappiness", vec![json!(-1)]),
        ("Isolation", vec![json!("default")]),
        ("CgroupnsMode", vec![json!("private")]),
        ("Runtime", vec![json!("runc")]),
        ("VolumeDriver", vec![json!("local")]),
    ] {
        if host.get(key).is_some_and(|value| usual.contains(value)) {
            host.remove(key);
        }
    }
    keep_only(host, &KEPT, "a container's `HostConfig`")?;
    own_mode(host, "IpcMode", &["", "none", "private", "shareable"])?;
    own_mode(host, "PidMode", &[""])?;
    if host.get("OomScoreAdj").and_then(Value::as_i64).unwrap_or(0) < 0 {
        return Err(Refusal::forbidden("`OomScoreAdj` below zero is not allowed"));
    }
    log_driver(host)?;
    capabilities(host, limits.profile)?;
    security(host, limits.profile)?;
    resources(host, limits);
    Ok(())
}

/// A container's own, or (checked later) another one of the job.
fn own_mode(host: &Map<String, Value>, key: &str, allowed: &[&str]) -> Result<(), Refusal> {
    let mode = text(host, key)?;
    if allowed.contains(&mode) || mode.starts_with("container:") {
        return Ok(());
    }
    Err(Refusal::forbidden(format!(
        "`{key}` `{mode}` is not allowed through a job's engine socket"
    )))
}

fn log_driver(host: &mut Map<String, Value>) -> Result<(), Refusal> {
    let Some(Value::Object(log)) = host.get("LogConfig") else {
        host.remove("LogConfig");
        return Ok(());
    };
    let driver = text(log, "Type")?;
    if !LOG_DRIVERS.contains(&driver) {
        return Err(Refusal::forbidden(format!("log driver `{driver}` is not allowed")));
    }
    let options = log.get("Config").and_then(Value::as_object);
    let mut names = options.into_iter().flatten().map(|(name, _)| name.as_str());
    match names.find(|name| !["max-size", "max-file", "compress"].contains(name)) {
        Some(name) => Err(Refusal::forbidden(format!("log option `{name}` is not allowed"))),
        None => Ok(()),
    }
}

/// Those of the profile, less what the job drops.
fn capabilities(host: &mut Map<String, Value>, profile: Profile) -> Result<(), Refusal> {
    let plain = |name: String| {
        let name = name.to_ascii_uppercase();
        name.strip_prefix("CAP_").map(str::to_owned).unwrap_or(name)
    };
    let known = profile.capabilities();
    let added: Vec<String> = texts(host, "CapAdd")?.into_iter().map(plain).collect();
    if let Some(name) = added.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Refusal::forbidden(format!(
            "capability `{name}` is not allowed on this runner"
        )));
    }
    let dropped: Vec<String> = texts(host, "CapDrop")?.into_iter().map(plain).collect();
    let is_kept = |name: &&&str| {
        let drops = |wanted: &str| dropped.iter().any(|name| name == wanted);
        added.iter().any(|added| added == **name) || !(drops(name) || drops("ALL"))
    };
    let kept: Vec<&&str> = known.iter().filter(is_kept).collect();
    host.insert("CapAdd".to_owned(), json!(kept));
    host.insert("CapDrop".to_owned(), json!(["ALL"]));
    Ok(())
}

fn security(host: &mut Map<String, Value>, profile: Profile) -> Result<(), Refusal> {
    let mut options = texts(host, "SecurityOpt")?;
    const NO_NEW: [&str; 3] =
        ["no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"];
    if let Some(other) = options.iter().find(|option| !NO_NEW.contains(&option.as_str())) {
        return Err(Refusal::forbidden(format!("security option `{other}` is not allowed")));
    }
    if profile == Profile::Standard && options.is_empty() {
        options.push(NO_NEW[0].to_owned());
    }
    host.insert("SecurityOpt".to_owned(), json!(options));
    Ok(())
}

/// Also of an update.
pub(super) fn resources(host: &mut Map<String, Value>, limits: Limits) {
    let mut lower = |key: &str, most: Option<i64>| {
        let wanted = host.get(key).and_then(Value::as_i64).filter(|&wanted| wanted > 0);
        let value = wanted.into_iter().chain(most).min();
        match value {
            Some(value) => host.insert(key.to_owned(), json!(value)),
            None => host.remove(key),
        };
        value
    };
    let memory = lower("Memory", limits.memory_bytes);
    lower("PidsLimit", Some(MOST_PROCESSES));
    if limits.nano_cpus.is_some() && !host.contains_key("CpuQuota") {
        let wanted = host.get("NanoCpus").and_then(Value::as_i64).filter(|&wanted| wanted > 0);
        let least = wanted.into_iter().chain(limits.nano_cpus).min();
        host.insert("NanoCpus".to_owned(), json!(least));
    }
    if limits.nano_cpus.is_some() && host.contains_key("CpuQuota") {
        host.remove("CpuQuota");
        host.remove("CpuPeriod");
        host.insert("NanoCpus".to_owned(), json!(limits.nano_cpus));
    }
    if limits.memory_bytes.is_some() {
        host.insert("MemorySwap".to_owned(), json!(memory));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confined(host: Value) -> Result<Value, Refusal> {
        let Value::Object(mut host) = host else { unreachable!() };
        let limits = Limits { memory_bytes: Some(1000), ..Limits::default() };
        confine(&mut host, limits).map(|()| Value::Object(host))
    }

    #[test]
    fn whatever_reaches_beyond_the_container_is_refused() {
        for host in [
            json!({"Privileged": true}),
            json!({"privileged": true}),
            json!({"PidMode": "host"}),
            json!({"IpcMode": "host"}),
            json!({"UTSMode": "host"}),
            json!({"UsernsMode": "host"}),
            json!({"CgroupnsMode": "host"}),
            json!({"CgroupParent": "/x"}),
            json!({"Devices": [{"PathOnHost": "/dev/sda"}]}),
            json!({"DeviceRequests": [{"Count": -1}]}),
            json!({"DeviceCgroupRules": ["a *:* rwm"]}),
            json!({"CapAdd": ["SYS_ADMIN"]}),
            json!({"CapAdd": ["all"]}),
            json!({"SecurityOpt": ["seccomp=unconfined"]}),
            json!({"SecurityOpt": ["apparmor:unconfined"]}),
            json!({"Runtime": "other"}),
            json!({"OomKillDisable": true}),
            json!({"OomScoreAdj": -1000}),
            json!({"Sysctls": {"net.x": "1"}}),
            json!({"StorageOpt": {"size": "1"}}),
            json!({"ContainerIDFile": "/x"}),
            json!({"LogConfig": {"Type": "syslog"}}),
            json!({"LogConfig": {"Type": "json-file", "Config": {"env": "x"}}}),
            json!({"VolumeDriver": "other"}),
            json!({"MaskedPaths": ["/x"]}),
            json!({"NoSuchKeyYet": "x"}),
        ] {
            let refusal = confined(host.clone()).unwrap_err();
            assert!(refusal.message().contains("allowed"), "{host}: {refusal:?}");
        }
    }

    #[test]
    fn what_says_nothing_is_left_out_and_the_limits_are_put_in() {
        let host = confined(json!({
            "Privileged": false, "MaskedPaths": [], "ReadonlyPaths": null, "UTSMode": "", "Memory": 5000,
            "MemorySwappiness": -1, "CapDrop": ["cap_chown"], "LogConfig": {"Type": "", "Config": {}},
        }));
        let host = host.unwrap();
        assert_eq!(host["Memory"], 1000);
        assert_eq!(host["MemorySwap"], 1000);
        assert_eq!(host["PidsLimit"], MOST_PROCESSES);
        assert_eq!(host["CapDrop"], json!(["ALL"]));
        assert!(!host["CapAdd"].as_array().unwrap().contains(&json!("CHOWN")), "{host}");
        for key in ["Privileged", "MaskedPaths", "ReadonlyPaths"] {
            assert!(host.get(key).is_none(), "{key}");
        }
    }
}
