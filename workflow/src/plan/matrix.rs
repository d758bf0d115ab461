//! Expands an evaluated `strategy.matrix` into combinations, by GitHub's algorithm
//! (`semantics` 4.1).
//!
//! Does not evaluate expressions and knows no jobs. Invariant: combinations come in GitHub's order,
//! the first key varying slowest, appended `include` items last.

use super::matrix_filter::Filter;
use super::slot::unexpected;
use crate::expr::{Object, Value};

/// Jobs per matrix; more is an error (`limits` page of GitHub's documentation).
pub const MAX_COMBINATIONS: usize = 256;

/// Combinations looked at before `exclude`; more is an error, so that a small file cannot keep the
/// planner busy.
pub const MAX_CROSS_PRODUCT: usize = 16_384;

/// One leg of a matrix.
#[derive(Clone, Debug)]
pub struct Combination {
    /// The `matrix` context.
    pub matrix: Value,
    /// What the display name shows, in order: not the extras that `include` merged in.
    pub name_values: Vec<String>,
}

/// Why a matrix cannot be expanded, in GitHub's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MatrixError {
    /// The key of the matrix that is wrong; `None` when it is the matrix as a whole.
    pub key: Option<String>,
    pub message: String,
}

/// The combinations of a matrix. Empty when `exclude` removed all of them: GitHub then runs the job
/// once, without matrix values.
pub fn expand(matrix: &Value) -> Result<Vec<Combination>, MatrixError> {
    let Value::Object(mapping) = matrix else {
        return Err(wrong(None, unexpected(matrix)));
    };
    let matrix = Matrix::read(mapping)?;
    let size = matrix.cross_product_size()?;
    let mut combinations = Vec::new();
    let mut used = vec![false; matrix.includes.len()];
    for index in 0..size {
        let combination = matrix.combination(index, size);
        if matrix.excludes.iter().any(|filter| filter.matches(&combination)) {
            continue;
        }
        let extra = matrix.extra(&combination, &mut used);
        push(&mut combinations, combination, extra)?;
    }
    for (include, _) in matrix.includes.iter().zip(&used).filter(|(_, used)| !**used) {
        push(&mut combinations, include.as_combination(), Object::default())?;
    }
    Ok(combinations)
}

fn push(
    combinations: &mut Vec<Combination>,
    combination: Object,
    extra: Object,
) -> Result<(), MatrixError> {
    if combinations.len() == MAX_COMBINATIONS {
        return Err(wrong(
            None,
            format!(
                "The matrix has more than {MAX_COMBINATIONS} combinations; a matrix can generate at most {MAX_COMBINATIONS} jobs"
            ),
        ));
    }
    let mut name_values = Vec::new();
    for value in combination.entries.values() {
        collect_leaves(value, &mut name_values);
    }
    let entries = combination.entries.into_iter().chain(extra.entries);
    combinations.push(Combination { matrix: Value::object(entries), name_values });
    Ok(())
}

/// The non-empty leaves, depth first.
fn collect_leaves(value: &Value, leaves: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let text = value.to_text();
            if !text.is_empty() {
                leaves.push(text.into_owned());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_leaves(item, leaves)),
        Value::Object(object) => {
            object.entries.values().for_each(|item| collect_leaves(item, leaves));
        }
    }
}

/// A matrix, read and checked.
struct Matrix<'a> {
    vectors: Vec<(&'a str, &'a [Value])>,
    includes: Vec<Include>,
    excludes: Vec<Filter>,
}

/// An `include` item: keys that are vectors, and the others.
struct Include {
    filter: Filter,
    vector_keys: Vec<(String, Value)>,
    extra_keys: Vec<(String, Value)>,
}

impl Include {
    fn as_combination(&self) -> Object {
        self.vector_keys.iter().chain(&self.extra_keys).cloned().collect()
    }
}

impl<'a> Matrix<'a> {
    fn read(mapping: &'a Object) -> Result<Self, MatrixError> {
        let mut vectors = Vec::new();
        for (key, value) in &mapping.entries {
            if key == "include" || key == "exclude" {
                continue;
            }
            let values = sequence(key, value)?;
            if values.is_empty() {
                let message = format!("Matrix vector '{key}' does not contain any values");
                return Err(wrong(Some(key), message));
            }
            vectors.push((key.as_str(), values));
        }
        let names = vectors.iter().map(|(name, _)| ((*name).to_owned(), Value::Null)).collect();
        let includes = items(mapping, "include")?
            .into_iter()
            .map(|item| read_include(item, &names))
            .collect::<Result<Vec<_>, _>>()?;
        let excludes = items(mapping, "exclude")?
            .into_iter()
            .map(|item| read_exclude(item, &names))
            .collect::<Result<Vec<_>, _>>()?;
        if vectors.is_empty() && includes.is_empty() {
            return Err(wrong(None, "Matrix must define at least one vector"));
        }
        Ok(Self { vectors, includes, excludes })
    }

    fn cross_product_size(&self) -> Result<usize, MatrixError> {
        if self.vectors.is_empty() {
            return Ok(0);
        }
        self.vectors
            .iter()
            .try_fold(1_usize, |size, (_, values)| size.checked_mul(values.len()))
            .filter(|size| *size <= MAX_CROSS_PRODUCT)
            .ok_or_else(|| {
                wrong(
                    None,
                    format!(
                        "The matrix has more than {MAX_CROSS_PRODUCT} combinations before `exclude`"
                    ),
                )
            })
    }

    /// Number `index` of the cross product; the first vector varies slowest.
    fn combination(&self, index: usize, size: usize) -> Object {
        let mut block = size;
        self.vectors
            .iter()
            .map(|(name, values)| {
                block /= values.len();
                ((*name).to_owned(), values[(index / block) % values.len()].clone())
            })
            .collect()
    }

    /// What the matching `include` items add, later ones winning.
    fn extra(&self, combination: &Object, used: &mut [bool]) -> Object {
        let mut extra = Object::default();
        for (include, used) in self.includes.iter().zip(used) {
            if !include.filter.matches(combination) {
                continue;
            }
            *used = true;
            for (key, value) in &include.extra_keys {
                set(&mut extra, key, value);
            }
        }
        extra
    }
}

/// Sets a key, ignoring case, and keeps its place.
fn set(object: &mut Object, key: &str, value: &Value) {
    let folded = key.to_lowercase();
    let present = object.entries.keys().find(|k| k.to_lowercase() == folded).cloned();
    object.entries.insert(present.unwrap_or_else(|| key.to_owned()), value.clone());
}

fn read_include(item: &Object, vectors: &Object) -> Result<Include, MatrixError> {
    if item.entries.is_empty() {
        return Err(wrong(Some("include"), "Matrix include mapping does not contain any values"));
    }
    let (vector_keys, extra_keys): (Vec<_>, Vec<_>) = item
        .entries
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .partition(|(key, _)| vectors.get(key).is_some());
    Ok(Include { filter: Filter::new(&vector_keys), vector_keys, extra_keys })
}

fn read_exclude(item: &Object, vectors: &Object) -> Result<Filter, MatrixError> {
    if item.entries.is_empty() {
        return Err(wrong(Some("exclude"), "Matrix exclude filter must not be empty"));
    }
    if let Some(key) = item.entries.keys().find(|key| vectors.get(key).is_none()) {
        return Err(wrong(
            Some("exclude"),
            format!("Matrix exclude key '{key}' does not match any key within the matrix"),
        ));
    }
    let pairs: Vec<_> = item.entries.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    Ok(Filter::new(&pairs))
}

/// The mappings under `include` or `exclude`; none when the key is absent.
fn items<'a>(mapping: &'a Object, key: &str) -> Result<Vec<&'a Object>, MatrixError> {
    let Some(value) = mapping.entries.get(key) else { return Ok(Vec::new()) };
    sequence(key, value)?
        .iter()
        .map(|item| match item {
            Value::Object(object) => Ok(object.as_ref()),
            other => Err(wrong(Some(key), unexpected(other))),
        })
        .collect()
}

fn sequence<'a>(key: &str, value: &'a Value) -> Result<&'a [Value], MatrixError> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(wrong(Some(key), unexpected(other))),
    }
}

fn wrong(key: Option<&str>, message: impl Into<String>) -> MatrixError {
    MatrixError { key: key.map(str::to_owned), message: message.into() }
}
