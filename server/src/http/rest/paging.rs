//! GitHub's pages: `per_page`, `page` and the `Link` header.

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::App;
use crate::http::described::{Argument, Described};
use crate::http::error::ApiError;
use crate::http::extract::ApiQuery;
use crate::http::links::Links;
use crate::runs::view::Slice;

/// GitHub's size of a page when the caller does not say.
const DEFAULT_PER_PAGE: i64 = 30;

/// GitHub's largest page; a larger one is cut to it.
const MAX_PER_PAGE: i64 = 100;

/// The part of a list that a request asks for.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    number: i64,
    per_page: i64,
    uri: Uri,
    origin: String,
}

#[derive(Deserialize, JsonSchema)]
struct Query {
    per_page: Option<i64>,
    page: Option<i64>,
}

impl FromRequestParts<App> for Page {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let ApiQuery(query) = ApiQuery::<Query>::from_request_parts(parts, app).await?;
        let links = Links::from_request_parts(parts, app).await?;
        let OriginalUri(uri) = OriginalUri::from_request_parts(parts, app)
            .await
            .unwrap_or_else(|never| match never {});
        Ok(Self {
            number: query.page.unwrap_or(1).clamp(1, 1_000_000),
            per_page: query.per_page.unwrap_or(DEFAULT_PER_PAGE).clamp(1, MAX_PER_PAGE),
            uri,
            origin: links.origin,
        })
    }
}

impl Page {
    pub(crate) fn slice(&self) -> Slice {
        Slice { limit: self.per_page, offset: (self.number - 1) * self.per_page }
    }

    /// The part of a list that was read whole.
    pub(crate) fn cut<T>(&self, items: Vec<T>) -> Vec<T> {
        let skip = usize::try_from(self.slice().offset).unwrap_or(usize::MAX);
        let take = usize::try_from(self.per_page).unwrap_or(usize::MAX);
        items.into_iter().skip(skip).take(take).collect()
    }

    /// The answer with the `Link` header for a list of `total` items.
    pub(crate) fn answer(&self, total: i64, body: impl IntoResponse) -> Response {
        let mut response = body.into_response();
        if let Some(value) = self.link(total).and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(header::LINK, value);
        }
        response
    }

    fn link(&self, total: i64) -> Option<String> {
        let last = ((total + self.per_page - 1) / self.per_page).max(1);
        let mut links = Vec::new();
        if self.number > 1 {
            links.push((self.number - 1, "prev"));
        }
        if self.number < last {
            links.push((self.number + 1, "next"));
            links.push((last, "last"));
        }
        if self.number > 1 {
            links.push((1, "first"));
        }
        let links: Vec<_> = links
            .into_iter()
            .map(|(page, relation)| format!("<{}>; rel=\"{relation}\"", self.url_of(page)))
            .collect();
        (!links.is_empty()).then(|| links.join(", "))
    }

    fn url_of(&self, page: i64) -> String {
        let kept = self
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("page="));
        let query: Vec<_> = kept.map(str::to_owned).chain([format!("page={page}")]).collect();
        format!("{}{}?{}", self.origin, self.uri.path(), query.join("&"))
    }
}

impl Argument for Page {
    fn describe(described: &mut Described) {
        ApiQuery::<Query>::describe(described);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: i64) -> Page {
        Page {
            number,
            per_page: 10,
            uri: "/repos/a/b/actions/runs?per_page=10&page=7&event=push".parse().expect("a URI"),
            origin: "http://ci.test".into(),
        }
    }

    #[test]
    fn links_keep_the_other_parameters_and_stop_at_the_ends() {
        let url = "http://ci.test/repos/a/b/actions/runs?per_page=10&event=push&page=";
        assert_eq!(
            page(1).link(25).expect("links"),
            format!("<{url}2>; rel=\"next\", <{url}3>; rel=\"last\"")
        );
        assert_eq!(
            page(3).link(25).expect("links"),
            format!("<{url}2>; rel=\"prev\", <{url}1>; rel=\"first\"")
        );
        assert_eq!(page(1).link(10), None);
        assert_eq!(page(1).link(0), None);
    }
}
