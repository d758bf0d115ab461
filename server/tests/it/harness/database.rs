//! One database per test, dropped at its end.

use std::str::FromStr;

use gantry_server::db::MIGRATOR;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A migrated database.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    pub(crate) pool: PgPool,
    name: String,
    options: PgConnectOptions,
}

impl TestDatabase {
    /// `None`, with a printed line, when the environment names no server.
    pub(crate) async fn create() -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "the only setting of these tests")]
        let Ok(url) = std::env::var("DATABASE_URL") else {
            eprintln!("skipped: DATABASE_URL is not set");
            return None;
        };
        let options = PgConnectOptions::from_str(&url).expect("DATABASE_URL is a PostgreSQL URL");
        let name = format!("gantry_test_{}", uuid::Uuid::now_v7().simple());
        let mut connection = connect(&options).await;
        connection
            .execute(AssertSqlSafe(format!("create database {name}")))
            .await
            .expect("creating a database");
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .connect_with(options.clone().database(&name))
            .await
            .expect("connecting to the new database");
        MIGRATOR.run(&pool).await.expect("migrating");
        Some(Self { pool, name, options })
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (name, options) = (self.name.clone(), self.options.clone());
        // Dropping is synchronous and may happen while a runtime ends.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let mut connection = connect(&options).await;
                let drop = format!("drop database if exists {name} with (force)");
                connection.execute(AssertSqlSafe(drop)).await.expect("dropping the database");
            });
        });
        dropping.join().expect("dropping the database");
    }
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    PgConnection::connect_with(&options.clone().database("postgres"))
        .await
        .expect("connecting to PostgreSQL")
}
