//! A control plane that `kubectl` can apply, roll out, undo and delete against.
//!
//! Keeps objects in memory and plays the one controller that deployments need: every new pod
//! template becomes a `ReplicaSet` with the next revision, and its pods are ready at once, unless
//! their image is of the version `broken`. Calls that it does not know are refused with 501.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Json, Response};
use base64::Engine as _;
use serde_json::{Value, json};

/// Group and version as in a URL, plural, kind.
const RESOURCES: [(&str, &str, &str); 6] = [
    ("api/v1", "namespaces", "Namespace"),
    ("api/v1", "secrets", "Secret"),
    ("api/v1", "services", "Service"),
    ("apis/apps/v1", "deployments", "Deployment"),
    ("apis/apps/v1", "replicasets", "ReplicaSet"),
    ("apis/autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
];
const TOKEN: &str = "the-token-of-the-fake-cluster";
const REVISION: &str = "deployment.kubernetes.io/revision";

/// A running control plane on a port of 127.0.0.1. Ended when dropped.
#[derive(Debug)]
pub struct FakeKubernetes {
    url: String,
    objects: Objects,
    server: tokio::task::JoinHandle<()>,
}

/// By path, as in the URL that names them.
type Objects = Arc<Mutex<BTreeMap<String, Value>>>;

impl FakeKubernetes {
    #[expect(clippy::disallowed_methods, reason = "a test ends it by dropping it")]
    pub async fn start() -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let objects = Objects::default();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&objects));
        let server = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Ok(Self { url, objects, server })
    }

    /// A kubeconfig for it in base64, as a secret holds it.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
            "users": [{"name": "fake", "user": {"token": TOKEN}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
        });
        let yaml = serde_yaml::to_string(&text).unwrap_or_default();
        base64::engine::general_purpose::STANDARD.encode(yaml)
    }

    /// The credential in that kubeconfig.
    #[must_use]
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// The object at `path`, for example `apis/apps/v1/namespaces/staging/deployments/web`.
    #[must_use]
    pub fn object(&self, path: &str) -> Option<Value> {
        lock(&self.objects).get(path).cloned()
    }
}

impl Drop for FakeKubernetes {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(objects: &Objects) -> std::sync::MutexGuard<'_, BTreeMap<String, Value>> {
    objects.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(State(objects): State<Objects>, method: Method, uri: Uri, body: Bytes) -> Response {
    let path = uri.path().trim_matches('/').to_owned();
    let query = uri.query().unwrap_or_default().to_owned();
    if method == Method::GET && query.contains("watch=true") {
        // Whatever happens has happened before the list was asked for: a stream without end.
        let silence = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        return Response::new(Body::from_stream(silence));
    }
    match method {
        Method::GET => match discovery(&path) {
            Some(document) => Json(document).into_response(),
            None => read(&objects, &path, &query),
        },
        Method::PATCH => patch(&objects, &path, &body),
        Method::DELETE => delete(&objects, &path),
        _ => status(StatusCode::NOT_IMPLEMENTED, &format!("{method} {path} is not known here")),
    }
}

fn discovery(path: &str) -> Option<Value> {
    let group = |name: &str, version: &str| {
        let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
        json!({"name": name, "versions": [version], "preferredVersion": version})
    };
    match path {
        "version" => Some(json!({"major": "1", "minor": "30", "gitVersion": "v1.30.0"})),
        "api" => Some(json!({"kind": "APIVersions", "versions": ["v1"]})),
        "apis" => Some(json!({
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": [group("apps", "v1"), group("autoscaling", "v2")],
        })),
        _ => {
            let resources: Vec<Value> = RESOURCES
                .iter()
                .filter(|(group_version, ..)| *group_version == path)
                .map(|(_, plural, kind)| {
                    json!({
                        "name": plural, "kind": kind, "namespaced": *kind != "Namespace",
                        "singularName": "", "verbs": ["get", "list", "watch", "patch", "delete"],
                    })
                })
                .collect();
            let group_version = path.strip_prefix("apis/").or(path.strip_prefix("api/"))?;
            (!resources.is_empty()).then(|| {
                json!({
                    "kind": "APIResourceList", "apiVersion": "v1",
                    "groupVersion": group_version, "resources": resources,
                })
            })
        }
    }
}

/// One object, or the list of a kind.
fn read(objects: &Objects, path: &str, query: &str) -> Response {
    let objects = lock(objects);
    if let Some(object) = objects.get(path) {
        return Json(object.clone()).into_response();
    }
    let plural = path.rsplit('/').next().unwrap_or_default();
    let Some((group_version, _, kind)) = RESOURCES.iter().find(|(_, name, _)| *name == plural)
    else {
        return status(StatusCode::NOT_FOUND, &format!("{path} is not there"));
    };
    let wanted =
        query.split('&').find_map(|part| part.strip_prefix("fieldSelector=metadata.name%3D"));
    let prefix = format!("{path}/");
    let items: Vec<&Value> = objects
        .iter()
        .filter(|(path, _)| path.starts_with(&prefix))
        .map(|(_, object)| object)
        .filter(|object| wanted.is_none_or(|name| object["metadata"]["name"] == name))
        .collect();
    let version = group_version.trim_start_matches("apis/").trim_start_matches("api/");
    Json(json!({
        "kind": format!("{kind}List"), "apiVersion": version,
        "metadata": {"resourceVersion": "1"}, "items": items,
    }))
    .into_response()
}

/// Server-side apply of a whole object, or a JSON patch of one that is there.
fn patch(objects: &Objects, path: &str, body: &[u8]) -> Response {
    let Ok(body) = serde_yaml::from_slice::<Value>(body) else {
        return status(StatusCode::BAD_REQUEST, "the body is not an object");
    };
    let mut objects = lock(objects);
    let before = objects.get(path).cloned();
    let mut object = match (&body, &before) {
        (Value::Array(operations), Some(before)) => {
            let mut object = before.clone();
            for operation in operations {
                let pointer = operation["path"].as_str().unwrap_or_default();
                match object.pointer_mut(pointer) {
                    Some(place) => *place = operation["value"].clone(),
                    None => return status(StatusCode::UNPROCESSABLE_ENTITY, pointer),
                }
            }
            object
        }
        (Value::Array(_), None) => return status(StatusCode::NOT_FOUND, path),
        _ => body,
    };
    let uid = json!(format!("uid-of-{path}"));
    object["metadata"]["uid"] = uid.clone();
    object["metadata"]["resourceVersion"] = json!("1");
    if object["kind"] == "Deployment" {
        let before = before.unwrap_or_default();
        let changed = before["spec"]["template"] != object["spec"]["template"];
        let n_before = before["metadata"]["annotations"][REVISION]
            .as_str()
            .and_then(|revision| revision.parse::<u32>().ok())
            .unwrap_or(0);
        let revision = n_before + u32::from(changed);
        object["metadata"]["generation"] = json!(revision);
        object["metadata"]["annotations"][REVISION] = json!(revision.to_string());
        object["status"] = status_of(&object, revision);
        if changed {
            let (path, set) = replica_set(path, &object, revision);
            objects.insert(path, set);
        }
    }
    objects.insert(path.to_owned(), object.clone());
    Json(object).into_response()
}

fn status_of(deployment: &Value, revision: u32) -> Value {
    let replicas = &deployment["spec"]["replicas"];
    let image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str();
    if image.is_some_and(|image| image.ends_with(":broken")) {
        let condition = json!({
            "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
        });
        return json!({
            "observedGeneration": revision, "replicas": replicas, "conditions": [condition],
        });
    }
    json!({
        "observedGeneration": revision, "replicas": replicas, "updatedReplicas": replicas,
        "readyReplicas": replicas, "availableReplicas": replicas,
    })
}

fn replica_set(deployment_path: &str, deployment: &Value, revision: u32) -> (String, Value) {
    let name =
        format!("{}-{revision}", deployment["metadata"]["name"].as_str().unwrap_or_default());
    let folder = deployment_path.rsplit_once("/deployments/").map_or("", |(folder, _)| folder);
    let owner = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "controller": true,
        "name": deployment["metadata"]["name"], "uid": deployment["metadata"]["uid"],
    });
    let set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": name, "uid": format!("uid-of-{name}"),
            "namespace": deployment["metadata"]["namespace"],
            "labels": deployment["spec"]["template"]["metadata"]["labels"],
            "annotations": {REVISION: revision.to_string()},
            "ownerReferences": [owner],
        },
        "spec": {
            "replicas": deployment["spec"]["replicas"],
            "selector": deployment["spec"]["selector"],
            "template": deployment["spec"]["template"],
        },
    });
    (format!("{folder}/replicasets/{name}"), set)
}

/// With everything below it, which for a namespace is everything in it.
fn delete(objects: &Objects, path: &str) -> Response {
    let mut objects = lock(objects);
    let Some(object) = objects.remove(path) else {
        return status(StatusCode::NOT_FOUND, &format!("{path} is not there"));
    };
    if let Some(namespace) = path.strip_prefix("api/v1/namespaces/") {
        let inside = format!("/namespaces/{namespace}/");
        objects.retain(|path, _| !path.contains(&inside));
    }
    Json(object).into_response()
}

/// Kubernetes' own shape of a refusal.
fn status(code: StatusCode, message: &str) -> Response {
    let reason = if code == StatusCode::NOT_FOUND { "NotFound" } else { "" };
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code.as_u16(),
    });
    (code, Json(body)).into_response()
}
