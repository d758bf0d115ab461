//! The server under test.

use std::net::SocketAddr;
use std::sync::Arc;

use gantry_protocol::RepositoryId;
use gantry_server::App;
use gantry_server::accounts::{self, Grant, NewAccessToken, Role};
use gantry_server::background::{Passes, Tasks, Wakeups};
use gantry_server::config::{Config, SubjectFormat};
use gantry_server::github::GitHub;
use gantry_server::http::router;
use gantry_server::secrets::Vault;
use reqwest::{Client, Method, RequestBuilder};
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::database::TestDatabase;
use super::rows::Rows;

/// A running server, and tokens of each role.
pub(crate) struct TestServer {
    pub(crate) app: App,
    pub(crate) url: String,
    pub(crate) client: Client,
    pub(crate) admin: String,
    pub(crate) write: String,
    pub(crate) read: String,
    pub(crate) directory: TempDir,
    _database: TestDatabase,
}

impl TestServer {
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(|_| {}).await
    }

    /// `configure` may change the settings before the start.
    pub(crate) async fn start_with(configure: impl FnOnce(&mut Config)) -> Option<Self> {
        let database = TestDatabase::create().await?;
        let directory = tempfile::tempdir().expect("a directory");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let url = format!("http://{address}");
        let mut config = test_config(&directory, &url);
        configure(&mut config);
        let github = config.github.clone();
        let app = App {
            db: database.pool.clone(),
            config: Arc::new(config),
            wakeups: Wakeups::default(),
            tasks: Tasks::default(),
            passes: Passes::default(),
            vault: Arc::new(Vault::open(directory.path()).expect("a vault")),
            github: Arc::new(GitHub::new(github.as_ref()).expect("good credentials")),
            storage: gantry_server::storage::open(directory.path(), None).expect("a store"),
        };
        let router = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        app.tasks.spawn("test_server", async move {
            axum::serve(listener, router).await.expect("serving");
        });
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        Some(Self {
            admin: token(&app, Role::Admin).await,
            write: token(&app, Role::Write).await,
            read: token(&app, Role::Read).await,
            app,
            url,
            client,
            directory,
            _database: database,
        })
    }

    /// A request without credentials.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.anonymous(Method::GET, path).bearer_auth(&self.read)
    }

    pub(crate) fn as_admin(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.admin)
    }

    /// The JSON of a successful answer.
    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        let response = self.get(path).send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        assert!(status.is_success(), "{path}: {status}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The answer behind the redirect that `path` gives, fetched without any credential.
    pub(crate) async fn follow(&self, path: &str) -> reqwest::Response {
        let redirect = self.get(path).send().await.expect("an answer");
        assert_eq!(redirect.status(), reqwest::StatusCode::FOUND, "{path}");
        let place = redirect.headers()["location"].to_str().expect("a URL").to_owned();
        self.client.get(&place).send().await.expect("an answer")
    }

    /// An access token of this account, which may write.
    pub(crate) async fn token_of(&self, login: &str) -> String {
        issue(&self.app, login, Grant::everywhere(Role::Write)).await
    }

    /// An access token of `login` that holds in these repositories only.
    pub(crate) async fn limited_token(
        &self,
        login: &str,
        role: Role,
        in_: &[RepositoryId],
    ) -> String {
        let repositories = Some(in_.iter().copied().collect());
        issue(&self.app, login, Grant { role, repositories }).await
    }

    /// For rows that other parts of the server would write.
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows::new(&self.app.db)
    }
}

fn test_config(directory: &TempDir, url: &str) -> Config {
    Config {
        data_dir: directory.path().to_owned(),
        listen: "127.0.0.1:0".parse().expect("an address"),
        public_url: url.to_owned(),
        webhook_secrets: vec!["webhook secret".to_owned().into()],
        lease_seconds: 60,
        limits: gantry_workflow::advance::Limits::default(),
        default_permissions: gantry_workflow::plan::DefaultPermissions::Read,
        storage_url: None,
        cache_limit_bytes: gantry_server::caches::LIMIT_BYTES,
        id_token_subject: SubjectFormat::default(),
        github: None,
        github_api_url: gantry_server::config::GITHUB_API_URL.to_owned(),
        github_poll: None,
        sign_in: gantry_server::config::SignIn::default(),
    }
}

async fn token(app: &App, role: Role) -> String {
    let login = format!("{}-person", role.as_str());
    issue(app, &login, Grant::everywhere(role)).await
}

async fn issue(app: &App, login: &str, grant: Grant) -> String {
    let request = NewAccessToken {
        login: login.to_owned(),
        github_id: None,
        name: String::new(),
        grant,
        expires_at: None,
    };
    let mut db = app.db.acquire().await.expect("a connection");
    let token = accounts::issue_access_token(&mut db, &request).await.expect("a token");
    token.expose_secret().to_owned()
}
