//! What browsers call: the page's files, login, server-sent events.
