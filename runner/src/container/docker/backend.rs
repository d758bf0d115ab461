//! The engine's operations as the [`Backend`] trait names them.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::path::Path;

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, HealthStatusEnum, NetworkCreateRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, InspectContainerOptions,
    InspectNetworkOptions, LogsOptionsBuilder, RemoveImageOptions, StartContainerOptions,
    TagImageOptionsBuilder,
};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use gantry_protocol::JobId;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Mutex, OnceCell};

use super::create::SHARED_NETWORK;
use super::error::{is_missing, reason, refused};
use super::freeze::Freezer;
use super::{action, create, freeze, remove};
use crate::container::{
    ActionContainer, Backend, ContainerEnd, Credentials, EmptyDirectory, EngineSocket, Health,
    Image, ImageBuild, JobContainer, OpenSocket, Owner, Pending, ServiceContainer, StartedService,
    WarmOwner,
};
use crate::infra_error::InfraError;
use crate::workspace::{InsidePaths, JobDirectory};

/// Where the engine is when nothing else is said.
pub(crate) const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";

/// How much of a service's output is shown when it has ended.
const SERVICE_LOG_LINES: &str = "1000";

/// A Docker engine on the same disk as the runner.
#[derive(Debug)]
pub struct DockerBackend {
    docker: Docker,
    host: String,
    /// Images that have been inspected; an image is looked up once per runner and then again when
    /// a container cannot be created from it.
    images: Mutex<HashMap<String, Image>>,
    has_shared_network: OnceCell<bool>,
    freezer: Freezer,
}

impl DockerBackend {
    /// `host` as in `DOCKER_HOST`; the engine is not contacted yet.
    pub fn new(host: Option<&str>) -> Result<Self, InfraError> {
        let host = host.unwrap_or(DEFAULT_HOST).to_owned();
        let docker = Docker::connect_with_host(&host).map_err(|error| {
            InfraError::EngineUnreachable { host: host.clone(), reason: reason(&error) }
        })?;
        Ok(Self {
            freezer: Freezer::new(docker.clone()),
            docker,
            host,
            images: Mutex::default(),
            has_shared_network: OnceCell::new(),
        })
    }

    /// For looking at the engine itself.
    pub(crate) fn client(&self) -> &Docker {
        &self.docker
    }

    fn socket(&self) -> Option<&Path> {
        self.host.strip_prefix("unix://").map(Path::new)
    }

    async fn load_image(&self, name: &str) -> Result<Image, InfraError> {
        let inspected = match self.docker.inspect_image(name).await {
            Err(error) if is_missing(&error) => {
                self.pull(name, None).await?;
                self.docker.inspect_image(name).await
            }
            inspected => inspected,
        };
        let config = inspected
            .map_err(refused(format!("inspect image `{name}`")))?
            .config
            .unwrap_or_default();
        Ok(Image {
            name: name.to_owned(),
            user: config.user.unwrap_or_default(),
            has_health_check: config.healthcheck.is_some_and(|check| {
                check.test.is_some_and(|test| test.first().is_some_and(|word| word != "NONE"))
            }),
        })
    }

    async fn pull(
        &self,
        name: &str,
        credentials: Option<DockerCredentials>,
    ) -> Result<(), InfraError> {
        let options = CreateImageOptionsBuilder::default().from_image(&with_tag(name)).build();
        self.docker
            .create_image(Some(options), None, credentials)
            .try_for_each(|_| async { Ok(()) })
            .await
            .map_err(|error| InfraError::ImageMissing {
                image: name.to_owned(),
                reason: reason(&error),
            })
    }

    async fn id_of(&self, image: &str) -> Result<Option<String>, InfraError> {
        match self.docker.inspect_image(image).await {
            Err(error) if is_missing(&error) => Ok(None),
            inspected => Ok(inspected.map_err(refused(format!("inspect image `{image}`")))?.id),
        }
    }

    /// Pulls with credentials and gives the image a name that only whoever has them can know.
    async fn pull_private(
        &self,
        name: &str,
        credentials: &Credentials,
    ) -> Result<String, InfraError> {
        let before = self.id_of(name).await?;
        self.pull(name, Some(login(name, credentials))).await?;
        let private = private_name(name, credentials);
        let tag = TagImageOptionsBuilder::default().repo(&private).tag("latest").build();
        let tagged = self.docker.tag_image(name, Some(tag)).await;
        tagged.map_err(refused(format!("name image `{name}`")))?;
        if before.is_none() {
            // Under its own name everybody's job would get it without asking.
            let options = None::<RemoveImageOptions>;
            let removed = self.docker.remove_image(&with_tag(name), options, None).await;
            removed.map_err(refused(format!("forget the name of image `{name}`")))?;
        }
        Ok(format!("{private}:latest"))
    }

    async fn create_shared_network(&self) -> Result<(), InfraError> {
        match self.docker.create_network(create::shared_network()).await {
            // Another runner of this engine was faster.
            Err(Error::DockerResponseServerError { status_code: 409, .. }) => Ok(()),
            created => created.map(drop).map_err(refused("create the network of all jobs")),
        }
    }

    /// Creates the network of all jobs where it is not there; true if that was needed.
    async fn ensure_shared_network(&self) -> Result<bool, InfraError> {
        let options = None::<InspectNetworkOptions>;
        match self.docker.inspect_network(SHARED_NETWORK, options).await {
            Err(error) if is_missing(&error) => self.create_shared_network().await.map(|()| true),
            inspected => {
                inspected.map(|_| false).map_err(refused("inspect the network of all jobs"))
            }
        }
    }

    async fn start(
        &self,
        name: &str,
        what: &str,
        body: ContainerCreateBody,
    ) -> Result<String, InfraError> {
        let image = body.image.clone().unwrap_or_default();
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let created = self.docker.create_container(Some(options), body).await;
        let id = match created {
            Ok(created) => created.id,
            Err(error) => {
                self.images.lock().await.remove(&image);
                return Err(refused(format!("create the {what} from image `{image}`"))(error));
            }
        };
        self.docker
            .start_container(&id, None::<StartContainerOptions>)
            .await
            .map_err(refused(format!("start the {what} from image `{image}`")))?;
        Ok(id)
    }

    async fn inspect(&self, container: &str) -> Result<ContainerInspectResponse, InfraError> {
        self.docker
            .inspect_container(container, None::<InspectContainerOptions>)
            .await
            .map_err(refused(format!("inspect container {container}")))
    }

    async fn address(&self, container: &str, network: &str) -> Result<Option<IpAddr>, InfraError> {
        Ok(self
            .inspect(container)
            .await?
            .network_settings
            .and_then(|settings| settings.networks)
            .and_then(|mut networks| networks.remove(network))
            .and_then(|endpoint| endpoint.ip_address)
            .and_then(|address| address.parse().ok()))
    }

    async fn read_log(&self, container: &str) -> String {
        let options =
            LogsOptionsBuilder::default().stdout(true).stderr(true).tail(SERVICE_LOG_LINES).build();
        let mut text = Vec::new();
        let mut pieces = self.docker.logs(container, Some(options));
        while let Some(Ok(piece)) = pieces.next().await {
            text.extend_from_slice(&piece.into_bytes());
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Backend for DockerBackend {
    fn check(&self) -> Pending<'_, ()> {
        async {
            let answer = self.docker.ping().await;
            answer.map(drop).map_err(|error| InfraError::EngineUnreachable {
                host: self.host.clone(),
                reason: reason(&error),
            })
        }
        .boxed()
    }

    fn image<'a>(&'a self, name: &'a str) -> Pending<'a, Image> {
        async move {
            if let Some(image) = self.images.lock().await.get(name) {
                return Ok(image.clone());
            }
            let image = self.load_image(name).await?;
            self.images.lock().await.insert(name.to_owned(), image.clone());
            Ok(image)
        }
        .boxed()
    }

    fn private_image<'a>(
        &'a self,
        name: &'a str,
        credentials: &'a Credentials,
    ) -> Pending<'a, Image> {
        async move { self.load_image(&self.pull_private(name, credentials).await?).await }.boxed()
    }

    fn shared_network(&self) -> Pending<'_, String> {
        async {
            self.has_shared_network.get_or_try_init(|| self.ensure_shared_network()).await?;
            Ok(SHARED_NETWORK.to_owned())
        }
        .boxed()
    }

    fn create_network<'a>(&'a self, owner: &'a Owner) -> Pending<'a, String> {
        async move {
            let name = create::name(owner, "network");
            let request = NetworkCreateRequest {
                name: name.clone(),
                labels: Some(create::labels(owner)),
                ..NetworkCreateRequest::default()
            };
            let created = self.docker.create_network(request).await;
            created.map_err(refused("create the job's network"))?;
            Ok(name)
        }
        .boxed()
    }

    fn start_job<'a>(&'a self, container: &'a JobContainer) -> Pending<'a, String> {
        async move {
            let body = create::job(container, self.socket());
            let name = create::name_of_holder(&container.owner);
            let started = self.start(&name, "job container", body.clone()).await;
            let shared = container.spec.network.as_deref() == Some(SHARED_NETWORK);
            // Somebody may have pruned the networks.
            if started.is_err() && shared && self.ensure_shared_network().await? {
                remove::container(&self.docker, &name).await?;
                return self.start(&name, "job container", body).await;
            }
            started
        }
        .boxed()
    }

    fn start_service<'a>(&'a self, service: &'a ServiceContainer) -> Pending<'a, StartedService> {
        async move {
            let name = create::name(&service.owner, &service.alias);
            let what = format!("service container `{}`", service.alias);
            let id = self.start(&name, &what, create::service(service)).await?;
            let network = service.spec.network.as_deref().unwrap_or("bridge");
            let address = self.address(&id, network).await?;
            Ok(StartedService { container: id, address })
        }
        .boxed()
    }

    fn health<'a>(&'a self, container: &'a str) -> Pending<'a, Health> {
        async move {
            let state = self.inspect(container).await?.state.unwrap_or_default();
            if state.running != Some(true) {
                return Ok(Health::Ended);
            }
            Ok(match state.health.and_then(|health| health.status) {
                Some(HealthStatusEnum::STARTING) => Health::Starting,
                Some(HealthStatusEnum::HEALTHY) => Health::Healthy,
                Some(HealthStatusEnum::UNHEALTHY) => Health::Unhealthy,
                Some(HealthStatusEnum::NONE | HealthStatusEnum::EMPTY) | None => Health::None,
            })
        }
        .boxed()
    }

    fn ended<'a>(&'a self, container: &'a str) -> Pending<'a, Option<ContainerEnd>> {
        async move {
            let inspected =
                self.docker.inspect_container(container, None::<InspectContainerOptions>).await;
            let state = match inspected {
                Err(error) if is_missing(&error) => {
                    return Ok(Some(ContainerEnd { exit_code: 137, out_of_memory: false }));
                }
                inspected => {
                    inspected.map_err(refused(format!("inspect container {container}")))?
                }
            }
            .state
            .unwrap_or_default();
            Ok((state.running != Some(true)).then(|| ContainerEnd {
                exit_code: state.exit_code.unwrap_or_default(),
                out_of_memory: state.oom_killed.unwrap_or_default(),
            }))
        }
        .boxed()
    }

    fn service_log<'a>(&'a self, container: &'a str) -> Pending<'a, String> {
        async move { Ok(self.read_log(container).await) }.boxed()
    }

    fn image_id<'a>(&'a self, name: &'a str) -> Pending<'a, Option<String>> {
        self.id_of(name).boxed()
    }

    fn build_image<'a>(
        &'a self,
        build: &'a ImageBuild,
        output: UnboundedSender<String>,
    ) -> Pending<'a, Result<(), String>> {
        action::build(&self.docker, build, output).boxed()
    }

    fn kept_images<'a>(&'a self, runner: &'a str) -> Pending<'a, Vec<String>> {
        remove::kept_images(&self.docker, runner).boxed()
    }

    fn remove_image<'a>(&'a self, name: &'a str) -> Pending<'a, bool> {
        async move {
            self.images.lock().await.remove(name);
            remove::image(&self.docker, name).await
        }
        .boxed()
    }

    fn start_action<'a>(&'a self, action: &'a ActionContainer) -> Pending<'a, String> {
        action::start((&self.docker, &self.freezer), action, self.socket()).boxed()
    }

    fn action_output<'a>(&'a self, container: &'a str) -> BoxStream<'a, Result<Bytes, InfraError>> {
        action::output(&self.docker, container)
    }

    fn wait_for<'a>(&'a self, container: &'a str) -> Pending<'a, i64> {
        action::wait(&self.docker, container).boxed()
    }

    fn signal<'a>(&'a self, container: &'a str, signal: &'a str) -> Pending<'a, ()> {
        action::signal(&self.docker, container, signal).boxed()
    }

    fn resume<'a>(&'a self, container: &'a str) -> Pending<'a, ()> {
        freeze::resume(&self.docker, container).boxed()
    }

    fn open_socket<'a>(&'a self, opening: OpenSocket) -> Pending<'a, EngineSocket> {
        async move {
            let engine = self.socket().ok_or_else(|| InfraError::Engine {
                operation: "be shared with a job".to_owned(),
                reason: format!("{} is not a unix socket", self.host),
            })?;
            self.freezer.thaw(&opening.owner).await?;
            EngineSocket::open(engine, self.freezer.clone(), opening)
        }
        .boxed()
    }

    fn jobs<'a>(&'a self, runner: &'a str) -> Pending<'a, BTreeSet<JobId>> {
        remove::jobs(&self.docker, runner).boxed()
    }

    fn remove_job<'a>(&'a self, runner: &'a str, job: JobId) -> Pending<'a, ()> {
        remove::job(&self.docker, runner, job).boxed()
    }

    fn warm_containers<'a>(&'a self, runner: &'a str) -> Pending<'a, Vec<String>> {
        remove::warm(&self.docker, runner).boxed()
    }

    fn remove_warm<'a>(&'a self, owner: &'a WarmOwner) -> Pending<'a, ()> {
        async move { remove::container(&self.docker, &create::warm_name(owner)).await }.boxed()
    }

    fn empty_directory<'a>(&'a self, emptied: &'a EmptyDirectory) -> Pending<'a, ()> {
        async move {
            let name = create::name(&emptied.owner, "emptying");
            let what = "container that removes files";
            remove::container(&self.docker, &name).await?;
            let id = self.start(&name, what, create::emptying(emptied)).await?;
            let code = action::wait(&self.docker, &id).await?;
            remove::container(&self.docker, &id).await?;
            match code {
                0 => Ok(()),
                code => Err(InfraError::Engine {
                    operation: format!("remove the files in `{}`", emptied.directory.display()),
                    reason: format!("exit code {code}"),
                }),
            }
        }
        .boxed()
    }

    fn remove_container<'a>(&'a self, container: &'a str) -> Pending<'a, ()> {
        remove::container(&self.docker, container).boxed()
    }

    fn inside_paths(&self, _directory: &JobDirectory, _externals: &Path) -> InsidePaths {
        InsidePaths::container()
    }
}

/// The name with a tag or a digest; a colon before a slash is a registry's port.
fn with_tag(name: &str) -> String {
    let has_tag = name.contains('@') || name.rsplit('/').next().is_some_and(|n| n.contains(':'));
    if has_tag { name.to_owned() } else { format!("{name}:latest") }
}

fn login(image: &str, credentials: &Credentials) -> DockerCredentials {
    let registry = image.split('/').next().filter(|first| {
        image.contains('/') && (first.contains(['.', ':']) || *first == "localhost")
    });
    DockerCredentials {
        username: Some(credentials.username.clone()),
        password: Some(credentials.password.clone()),
        serveraddress: Some(registry.unwrap_or("https://index.docker.io/v1/").to_owned()),
        ..DockerCredentials::default()
    }
}

fn private_name(image: &str, credentials: &Credentials) -> String {
    let Credentials { username, password } = credentials;
    let digest = Sha256::digest(format!("{image}\n{username}\n{password}"));
    format!("gantry/private-{}", &hex::encode(digest)[..32])
}
