//! Counters and the Prometheus page.
