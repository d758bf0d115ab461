//! What runners call: registration, lease, renew, steps, log, complete.
