//! Tests of what a job writes, through the public face.

mod annotation;
mod file;
mod filter;
mod line;
mod mask;
mod matcher;
