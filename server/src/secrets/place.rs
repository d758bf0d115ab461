//! Where secrets and variables belong, and which repositories see those of an owner.
//!
//! Does not know who may change them.

use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

/// An owner of repositories, one of them, or one of its environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Login of the owner; GitHub's organisation.
    Owner(String),
    Repository(RepositoryId),
    Environment(RepositoryId, String),
}

/// A place as its columns say it.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) repository_id: Option<i64>,
    pub(super) owner: String,
    pub(super) environment: String,
}

impl Place {
    pub(super) fn columns(&self) -> Columns {
        match self {
            Self::Owner(owner) => Columns {
                repository_id: None,
                owner: owner.to_lowercase(),
                environment: String::new(),
            },
            Self::Repository(repository) => Columns {
                repository_id: Some(repository.0),
                owner: String::new(),
                environment: String::new(),
            },
            Self::Environment(repository, environment) => Columns {
                repository_id: Some(repository.0),
                owner: String::new(),
                environment: environment.clone(),
            },
        }
    }

    /// GitHub's limits.
    pub(super) fn max_secrets(&self) -> i64 {
        match self {
            Self::Owner(_) => 1000,
            Self::Repository(_) | Self::Environment(..) => 100,
        }
    }

    /// GitHub's limits.
    pub(super) fn max_variables(&self) -> i64 {
        match self {
            Self::Owner(_) => 1000,
            Self::Repository(_) => 500,
            Self::Environment(..) => 100,
        }
    }
}

impl Columns {
    pub(super) fn place(&self) -> Place {
        match self.repository_id.map(RepositoryId) {
            None => Place::Owner(self.owner.clone()),
            Some(repository) if self.environment.is_empty() => Place::Repository(repository),
            Some(repository) => Place::Environment(repository, self.environment.clone()),
        }
    }
}

/// Deletes every secret and variable of a place.
pub async fn delete_place(db: &mut PgConnection, place: &Place) -> sqlx::Result<()> {
    let columns = place.columns();
    let repository_id = columns.repository_id.unwrap_or_default();
    sqlx::query!(
        "delete from secrets
         where coalesce(repository_id, 0) = $1 and owner = $2 and lower(environment) = lower($3)",
        repository_id,
        columns.owner,
        columns.environment
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "delete from variables
         where coalesce(repository_id, 0) = $1 and owner = $2 and lower(environment) = lower($3)",
        repository_id,
        columns.owner,
        columns.environment
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A repository whose jobs want values.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    pub repository: RepositoryId,
    pub owner: &'a str,
}

/// Which of an owner's repositories see an entry. What belongs to one repository is `All`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    #[default]
    All,
    /// All repositories that are not public.
    Private,
    Selected(Vec<RepositoryId>),
}

impl Visibility {
    /// GitHub's word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Private => "private",
            Self::Selected(_) => "selected",
        }
    }

    /// Whether this repository of the owner sees the entry. Ours are all private.
    #[must_use]
    pub fn includes(&self, repository: RepositoryId) -> bool {
        match self {
            Self::All | Self::Private => true,
            Self::Selected(repositories) => repositories.contains(&repository),
        }
    }

    pub(super) fn selected_ids(&self) -> Vec<i64> {
        match self {
            Self::All | Self::Private => Vec::new(),
            Self::Selected(repositories) => repositories.iter().map(|id| id.0).collect(),
        }
    }

    pub(super) fn from_columns(word: &str, selected: Vec<i64>) -> Self {
        match word {
            "private" => Self::Private,
            "selected" => Self::Selected(selected.into_iter().map(RepositoryId).collect()),
            _ => Self::All,
        }
    }
}

/// Why an entry is not stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("there are {0} already, which is the most there may be")]
    TooMany(i64),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}
