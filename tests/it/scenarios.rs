//! Every folder of `tests/scenarios/` on a real server with a scripted runner.

use std::fs;
use std::path::Path;

use anyhow::Result;
use gantry_tests::{FakeRunner, TestServer, scenario};

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_comes_out_as_expected() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut scenarios: Vec<_> =
        fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    scenarios.sort();
    assert!(!scenarios.is_empty());
    let server = TestServer::start().await?;
    let runner = FakeRunner::register(&server, "fake", &["ubuntu-latest"]).await?;
    for scenario in scenarios {
        let outcome = scenario::play(&server, &runner, &scenario).await?;
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&scenario);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("expected", outcome));
    }
    Ok(())
}
