//! Runners: registration, labels, heartbeat.
