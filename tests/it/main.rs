//! All integration tests, in one binary: the whole server, and the whole way of the data.
