//! Routes that cannot be added without saying who may call them.
//!
//! Does not know what access means; `accounts::check` does. Invariant: a handler runs only after
//! its caller has been admitted.

use axum::Router;
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::handler::Handler;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use chrono::Utc;
use gantry_protocol::RepositoryId;
use secrecy::ExposeSecret as _;

use super::audited::{self, EventParts};
use super::described::{Argument, Described, Signature};
use super::error::ApiError;
use super::job_access::{self, Need};
use super::subject::{self, Named};
use crate::App;
use crate::accounts::{
    self, Access, Caller, Credential, Grant, Identity, JobIdentity, Refusal, Subject,
};
use crate::audit::NewEvent;
use crate::members::{self, About};
use crate::repositories::{Repository, find_by_full_name, find_by_id};
use crate::{github, runs};

/// A route and who may call it.
#[derive(Clone, Debug)]
pub struct Route {
    pub method: Method,
    pub path: String,
    pub access: Access,
    /// What the audit log calls what is done here; `None` for a route that only reads.
    pub action: Option<&'static str>,
    /// What it reads besides its path.
    pub described: Described,
}

/// A router under construction.
#[derive(Debug)]
pub struct Routes {
    app: App,
    router: Router<App>,
    table: Vec<Route>,
    /// Prefixes under which each route is reachable.
    prefixes: &'static [&'static str],
}

impl Routes {
    #[must_use]
    pub fn new(app: App) -> Self {
        Self { app, router: Router::new(), table: Vec::new(), prefixes: &[""] }
    }

    /// Every route added from here on is reachable under each of `prefixes`.
    #[must_use]
    pub fn under(mut self, prefixes: &'static [&'static str]) -> Self {
        self.prefixes = prefixes;
        self
    }

    #[must_use]
    pub fn get<H, T>(self, path: &str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: Signature + 'static,
    {
        self.add::<T>((Method::GET, path, access), on(MethodFilter::GET, handler))
    }

    #[must_use]
    pub fn post<H, T>(self, path: &str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: Signature + 'static,
    {
        self.add::<T>((Method::POST, path, access), on(MethodFilter::POST, handler))
    }

    #[must_use]
    pub fn put<H, T>(self, path: &str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: Signature + 'static,
    {
        self.add::<T>((Method::PUT, path, access), on(MethodFilter::PUT, handler))
    }

    #[must_use]
    pub fn patch<H, T>(self, path: &str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: Signature + 'static,
    {
        self.add::<T>((Method::PATCH, path, access), on(MethodFilter::PATCH, handler))
    }

    #[must_use]
    pub fn delete<H, T>(self, path: &str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: Signature + 'static,
    {
        self.add::<T>((Method::DELETE, path, access), on(MethodFilter::DELETE, handler))
    }

    /// The finished router.
    pub fn into_router(self) -> Router<App> {
        self.router
    }

    /// Every route that has been added, with its access.
    #[must_use]
    pub fn table(&self) -> &[Route] {
        &self.table
    }

    fn add<T: Signature>(
        mut self,
        (method, path, access): (Method, &str, Access),
        handler: MethodRouter<App>,
    ) -> Self {
        let action = audited::action(&method, path);
        let job_need = job_access::needed(&method, path);
        let gate = Gate { app: self.app.clone(), access, action, job_need };
        let gate = from_fn_with_state(gate, admit);
        let guarded = handler.layer(gate);
        for prefix in self.prefixes {
            let path = format!("{prefix}{path}");
            self.router = self.router.route(&path, guarded.clone());
            let described = T::described();
            self.table.push(Route { method: method.clone(), path, access, action, described });
        }
        self
    }
}

#[derive(Clone)]
struct Gate {
    app: App,
    access: Access,
    /// What the audit log calls it; `None` for a route that only reads.
    action: Option<&'static str>,
    /// What a job needs; `None` for a route that no job is admitted to by its permissions.
    job_need: Option<Need>,
}

/// The repository that the guard has looked up already.
#[derive(Clone, Debug)]
pub(super) struct FoundRepository(pub(super) Repository);

/// Finds out who calls, refuses who is not admitted, and tells the handler and the audit log.
async fn admit(
    State(gate): State<Gate>,
    parameters: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let (mut head, body) = request.into_parts();
    if gate.access == Access::Public {
        let caller = Caller::Anonymous;
        let event = gate.event(&caller, &head, &parameters);
        let response = next.run(Request::from_parts(head, body)).await;
        return match event {
            Some(event) => audited::after(&gate.app, event, response).await,
            None => response,
        };
    }
    if gate.access == Access::Link {
        return match is_opened_by_link(&gate.app, &head.uri) {
            true => next.run(Request::from_parts(head, body)).await,
            false => ApiError::forbidden("this link is not valid or too old; ask for a new one")
                .into_response(),
        };
    }
    let caller = match gate.caller(&head.headers).await {
        Ok(caller) => caller,
        Err(error) => return ApiError::from(error).into_response(),
    };
    let event = gate.event(&caller, &head, &parameters);
    let caller = match gate.acting(caller).await {
        Ok(caller) => caller,
        Err(error) => return ApiError::from(error).into_response(),
    };
    let (subject, repository) = match gate.subject(&caller, &parameters).await {
        Ok(found) => found,
        Err(error) => return ApiError::from(error).into_response(),
    };
    let caller = match gate.entitled(caller, repository.as_ref()).await {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    if let Err(refusal) = accounts::check(gate.access, &caller, subject) {
        metrics::counter!("gantry_http_refused_total").increment(1);
        if let Some(event) = event.filter(|_| caller != Caller::Anonymous) {
            audited::refused(&gate.app, &event).await;
        }
        let has_credential = accounts::credential(&head.headers).is_some();
        return refuse(gate.access, refusal, has_credential);
    }
    head.extensions.insert(caller);
    if let Some(repository) = repository {
        head.extensions.insert(FoundRepository(repository));
    }
    let request = Request::from_parts(head, body);
    match event {
        Some(event) => audited::around(&gate.app, &event, request, next).await,
        None => next.run(request).await,
    }
}

impl Gate {
    fn event(&self, caller: &Caller, head: &Parts, parameters: &RawPathParams) -> Option<NewEvent> {
        let event = |action| audited::event(&EventParts { action, caller, head, parameters });
        self.action.map(event)
    }

    /// Who makes the request. The tokens that jobs have from GitHub are not known to `accounts`.
    async fn caller(&self, headers: &HeaderMap) -> anyhow::Result<Caller> {
        let caller = accounts::authenticate(&self.app, headers).await?;
        let Caller::Anonymous = caller else { return Ok(caller) };
        let Some(Credential::Token(token)) = accounts::credential(headers) else {
            return Ok(caller);
        };
        let mut db = self.app.db.acquire().await?;
        let found = github::find_job_by_token(&mut db, token.expose_secret()).await?;
        Ok(found.map_or(caller, |(job, lease)| Caller::Job(JobIdentity { job, lease })))
    }

    /// A job acts as an account that is entitled in the job's repository, if it runs and its permissions
    /// are enough for the route.
    async fn acting(&self, caller: Caller) -> anyhow::Result<Caller> {
        let (Caller::Job(identity), Access::Account(role)) = (&caller, self.access) else {
            return Ok(caller);
        };
        let Some(need) = self.job_need else { return Ok(caller) };
        let mut db = self.app.db.acquire().await?;
        let rights = runs::job_rights(&mut db, *identity).await?;
        let enough = |permissions: &[_]| job_access::is_granted(permissions, need);
        let Some(rights) = rights.filter(|rights| enough(&rights.permissions)) else {
            return Ok(caller);
        };
        let grant = Grant { role, repositories: Some([rights.repository.id].into()) };
        Ok(Caller::Account(Identity::new(job_access::BOT.to_owned(), None, grant)))
    }

    /// What the request is about. Who may do the same everywhere is not asked where, so the database
    /// is not either.
    async fn subject(
        &self,
        caller: &Caller,
        parameters: &RawPathParams,
    ) -> sqlx::Result<(Subject, Option<Repository>)> {
        match caller {
            Caller::Account(identity) if identity.rights.everywhere().is_none() => {}
            _ => return Ok((Subject::Server, None)),
        }
        let mut db = self.app.db.acquire().await?;
        let found = match subject::named_in(parameters) {
            Named::Nothing => return Ok((Subject::Server, None)),
            Named::Run(run) => subject::of_run(&mut db, run).await?,
            Named::Job(job) => subject::of_job(&mut db, job).await?,
            Named::Repository { owner, name } => find_by_full_name(&mut db, owner, name).await?,
            Named::Id(id) => find_by_id(&mut db, RepositoryId(id)).await?,
        };
        Ok((subject::of(found.as_ref()), found))
    }

    /// The same caller with the rights that they have now, as far as the request is about them. Who is
    /// not admitted any more is nobody.
    async fn entitled(
        &self,
        caller: Caller,
        repository: Option<&Repository>,
    ) -> Result<Caller, ApiError> {
        let Caller::Account(mut identity) = caller else { return Ok(caller) };
        let about = match (repository, self.access) {
            (Some(repository), _) => About::Repository(repository),
            (None, Access::Known) => About::EveryRepository,
            (None, _) => About::Server,
        };
        match members::current_rights(&self.app, &identity, about).await? {
            Some(rights) => identity.rights = rights,
            None => return Ok(Caller::Anonymous),
        }
        Ok(Caller::Account(identity))
    }
}

fn is_opened_by_link(app: &App, uri: &Uri) -> bool {
    accounts::opens(&app.vault, (uri.path(), uri.query().unwrap_or_default()), Utc::now())
}

fn refuse(access: Access, refusal: Refusal, has_credential: bool) -> Response {
    let error = match (refusal, has_credential) {
        (Refusal::Invisible, _) => ApiError::not_found(),
        (Refusal::Unknown, true) => ApiError::unauthorized("Bad credentials"),
        (Refusal::Unknown, false) => ApiError::unauthorized("Requires authentication"),
        (Refusal::NotEntitled, _) => {
            ApiError::forbidden("Resource not accessible by this access token")
        }
    };
    let mut response = error.into_response();
    if access == Access::Clone && refusal == Refusal::Unknown {
        // git sends a password only after it was asked for one.
        let realm = HeaderValue::from_static("Basic realm=\"gantry\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
    }
    response
}

/// The account that makes the request.
#[derive(Clone, Debug)]
pub struct Account(pub Identity);

impl<S: Sync> FromRequestParts<S> for Account {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match parts.extensions.get::<Caller>() {
            Some(Caller::Account(identity)) => Ok(Self(identity.clone())),
            _ => Err(ApiError::unauthorized("Requires authentication")),
        }
    }
}

impl Argument for Account {}
