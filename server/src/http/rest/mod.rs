//! GitHub's Actions REST API, as far as it is ours.
