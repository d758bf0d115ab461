//! Who asks: access tokens, sessions, roles.
