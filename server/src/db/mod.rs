//! The pool, the migrations, and the embedded PostgreSQL.
