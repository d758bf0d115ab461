//! The reference team's deployment to a cluster: `scripts/deploy.sh` with the job image's kubectl.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use gantry_tests::kubernetes::FakeKubernetes;
use gantry_tests::program;
use serde_json::Value;

const URL: &str = "https://staging.hotgigs.example";

/// The script in a container of the job image, with the variables that the workflow gives it.
fn deploy(cluster: &FakeKubernetes, version: &str) -> Result<Output> {
    let example =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/hotgigs").canonicalize()?;
    Command::new("docker")
        .args(["run", "--rm", "--network", "host", "--volume"])
        .arg(format!("{}:/repository:ro", example.display()))
        .args(["--env", "GITHUB_ACTIONS=true", "--env", "KUBE_CONFIG", "--env", "HOTGIGS_URL"])
        .args([
            "--env",
            "JWT_SECRET_KEY=a-signing-key",
            "--env",
            "IMAGE_PREFIX=registry.example/hotgigs",
        ])
        .args(["--env", "DATABASE_URL=postgresql://database/hotgigs"])
        .args(["gantry/job:latest", "bash", "/repository/scripts/deploy.sh", "staging", version])
        .env("KUBE_CONFIG", cluster.kubeconfig())
        .env("HOTGIGS_URL", URL)
        .output()
        .context("starting docker")
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn succeeds(cluster: &FakeKubernetes, version: &str) -> Result<String> {
    let output = deploy(cluster, version)?;
    ensure!(output.status.success(), "{version}: {}", text(&output));
    Ok(text(&output))
}

/// The version and colour that have the traffic.
fn serving(cluster: &FakeKubernetes) -> Result<(String, String)> {
    let service = cluster
        .object("api/v1/namespaces/staging/services/hotgigs-backend-service")
        .context("no service")?;
    let colour = service["spec"]["selector"]["colour"].as_str().context("no colour")?.to_owned();
    Ok((version_of(cluster, &colour)?, colour))
}

fn version_of(cluster: &FakeKubernetes, colour: &str) -> Result<String> {
    let deployment = deployment(cluster, "backend", colour).context("no deployment")?;
    let version = &deployment["spec"]["template"]["metadata"]["labels"]["version"];
    Ok(version.as_str().context("no version")?.to_owned())
}

fn deployment(cluster: &FakeKubernetes, part: &str, colour: &str) -> Option<Value> {
    let path = format!("apis/apps/v1/namespaces/staging/deployments/hotgigs-{part}-{colour}");
    cluster.object(&path)
}

#[tokio::test(flavor = "multi_thread")]
async fn hotgigs_is_deployed_to_kubernetes_blue_green_and_back() -> Result<()> {
    if !program::docker_is_available()? {
        return Ok(());
    }
    let cluster = FakeKubernetes::start().await?;
    let is = |version: &str, colour: &str| (version.to_owned(), colour.to_owned());

    let log = succeeds(&cluster, "v1")?;
    assert_eq!(serving(&cluster)?, is("v1", "blue"));
    assert!(log.contains(&format!("::add-mask::{}", cluster.token())), "{log}");
    assert!(log.contains(&format!("url: {URL}")), "{log}");
    let backend = deployment(&cluster, "backend", "blue").context("no deployment")?;
    let container = &backend["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "registry.example/hotgigs-backend:v1");
    assert_eq!(container["resources"]["limits"]["memory"], "512Mi");
    let scaler =
        "apis/autoscaling/v2/namespaces/staging/horizontalpodautoscalers/hotgigs-backend-blue";
    assert_eq!(cluster.object(scaler).context("no scaler")?["spec"]["maxReplicas"], 10);

    succeeds(&cluster, "v2")?;
    assert_eq!(serving(&cluster)?, is("v2", "green"));

    // Blue held v1; what replaced it is not healthy, so blue goes back to v1 and green serves on.
    let output = deploy(&cluster, "broken")?;
    assert!(!output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("green serves on"), "{}", text(&output));
    assert_eq!(serving(&cluster)?, is("v2", "green"));
    assert_eq!(version_of(&cluster, "blue")?, "v1");

    succeeds(&cluster, "previous-version")?;
    assert_eq!(serving(&cluster)?, is("v1", "blue"));

    succeeds(&cluster, "remove")?;
    assert_eq!(deployment(&cluster, "backend", "blue"), None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_deployment_to_kubernetes_that_fails_leaves_nothing_behind() -> Result<()> {
    if !program::docker_is_available()? {
        return Ok(());
    }
    let cluster = FakeKubernetes::start().await?;
    let output = deploy(&cluster, "broken")?;
    assert!(!output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("nothing serves on"), "{}", text(&output));
    assert_eq!(deployment(&cluster, "backend", "blue"), None);
    let output = deploy(&cluster, "status")?;
    assert!(text(&output).contains("staging is not deployed"), "{}", text(&output));
    Ok(())
}
