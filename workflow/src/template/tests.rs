//! How scalars are read and tokens are evaluated.
