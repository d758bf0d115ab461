//! Event to workflows to run; cron; manual dispatch.
