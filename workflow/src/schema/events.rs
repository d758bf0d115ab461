//! `on:` - the events GitHub has, their activity types and their filters.
//!
//! As on GitHub a name that is not known here does not stop the workflow; it starts nothing, and
//! the reader warns. Which events start what is decided in [`crate::trigger`].

use super::definition::{
    Definition, Kind, Property, keys_of, known_words, lenient_mapping, mapping, one_of, optional,
    required, sequence,
};
use super::inputs::{CALL, DISPATCH};
use super::scalars::{NON_EMPTY, NULL, ONE_OR_MORE};

pub(super) static ON: Definition = one_of(&[&EVENT_NAME, &EVENT_NAMES, &EVENTS]);
static EVENT_NAMES: Definition = sequence(&EVENT_NAME);
static EVENT_NAME: Definition = keys_of(&EVENTS);

static EVENTS: Definition = lenient_mapping(&[
    optional("branch_protection_rule", &CREATED_EDITED_DELETED_EVENT),
    optional("check_run", &CHECK_RUN),
    optional("check_suite", &CHECK_SUITE),
    optional("create", &NO_KEYS),
    optional("delete", &NO_KEYS),
    optional("deployment", &NO_KEYS),
    optional("deployment_status", &NO_KEYS),
    optional("discussion", &DISCUSSION),
    optional("discussion_comment", &CREATED_EDITED_DELETED_EVENT),
    optional("fork", &NO_KEYS),
    optional("gollum", &NO_KEYS),
    optional("image_version", &IMAGE_VERSION),
    optional("issue_comment", &CREATED_EDITED_DELETED_EVENT),
    optional("issues", &ISSUES),
    optional("label", &CREATED_EDITED_DELETED_EVENT),
    optional("merge_group", &MERGE_GROUP),
    optional("milestone", &MILESTONE),
    optional("page_build", &NO_KEYS),
    optional("project", &PROJECT),
    optional("project_card", &PROJECT_CARD),
    optional("project_column", &PROJECT_COLUMN),
    optional("public", &NO_KEYS),
    optional("pull_request", &PULL_REQUEST),
    optional("pull_request_comment", &CREATED_EDITED_DELETED_EVENT),
    optional("pull_request_review", &PULL_REQUEST_REVIEW),
    optional("pull_request_review_comment", &CREATED_EDITED_DELETED_EVENT),
    optional("pull_request_target", &PULL_REQUEST),
    optional("push", &PUSH),
    optional("registry_package", &REGISTRY_PACKAGE),
    optional("release", &RELEASE),
    optional("repository_dispatch", &REPOSITORY_DISPATCH),
    optional("schedule", &SCHEDULE),
    optional("status", &NO_KEYS),
    optional("watch", &WATCH),
    optional("workflow_call", &CALL),
    optional("workflow_dispatch", &DISPATCH),
    optional("workflow_run", &WORKFLOW_RUN),
]);

/// Whether GitHub has an event of this name.
#[must_use]
pub fn is_event(name: &str) -> bool {
    matches!(&EVENTS.kind, Kind::Mapping(events) if events.property(name).is_some())
}

/// Why nothing of `image_version` is compared.
const NO_IMAGES: &str = "no event of images comes here";

/// Events without filters.
static NO_KEYS: Definition = one_of(&[&NULL, &NO_KEYS_MAPPING]);
static NO_KEYS_MAPPING: Definition = lenient_mapping(&[]);

static PUSH: Definition = one_of(&[&NULL, &PUSH_MAPPING]);
static PUSH_MAPPING: Definition = lenient_mapping(&[
    BRANCHES,
    BRANCHES_IGNORE,
    optional("tags", &ONE_OR_MORE),
    optional("tags-ignore", &ONE_OR_MORE),
    PATHS,
    PATHS_IGNORE,
]);

const BRANCHES: Property = optional("branches", &ONE_OR_MORE);
const BRANCHES_IGNORE: Property = optional("branches-ignore", &ONE_OR_MORE);
const PATHS: Property = optional("paths", &ONE_OR_MORE);
const PATHS_IGNORE: Property = optional("paths-ignore", &ONE_OR_MORE);

static SCHEDULE: Definition = sequence(&SCHEDULE_ITEM);
static SCHEDULE_ITEM: Definition =
    mapping(&[required("cron", &NON_EMPTY), optional("timezone", &NON_EMPTY)]);

static REPOSITORY_DISPATCH: Definition = one_of(&[&NULL, &REPOSITORY_DISPATCH_MAPPING]);
static REPOSITORY_DISPATCH_MAPPING: Definition =
    lenient_mapping(&[optional("types", &ONE_OR_MORE)]);

/// An event whose only filter is its activity types.
macro_rules! event_with_types {
    ($name:ident: $types:expr) => {
        event_with_types!($name: $types, []);
    };
    ($name:ident: $types:expr, [$($filter:expr),*]) => {
        static $name: Definition = {
            static TYPE: Definition = known_words(&$types);
            static TYPES: Definition = sequence(&TYPE);
            static ONE_OR_MORE_TYPES: Definition = one_of(&[&TYPE, &TYPES]);
            static MAPPING: Definition =
                lenient_mapping(&[optional("types", &ONE_OR_MORE_TYPES), $($filter),*]);
            one_of(&[&NULL, &MAPPING])
        };
    };
}

event_with_types!(CREATED_EDITED_DELETED_EVENT: ["created", "edited", "deleted"]);
event_with_types!(CHECK_RUN: ["created", "rerequested", "completed", "requested_action"]);
event_with_types!(CHECK_SUITE: ["completed"]);
event_with_types!(WATCH: ["started"]);
event_with_types!(REGISTRY_PACKAGE: ["published", "updated"]);
event_with_types!(PULL_REQUEST_REVIEW: ["submitted", "edited", "dismissed"]);
event_with_types!(MILESTONE: ["created", "closed", "opened", "edited", "deleted"]);
event_with_types!(PROJECT: ["created", "closed", "reopened", "edited", "deleted"]);
event_with_types!(PROJECT_CARD: ["created", "moved", "converted", "edited", "deleted"]);
event_with_types!(PROJECT_COLUMN: ["created", "updated", "moved", "deleted"]);
event_with_types!(MERGE_GROUP: ["checks_requested"], [BRANCHES, BRANCHES_IGNORE]);
event_with_types!(
    WORKFLOW_RUN: ["requested", "completed", "in_progress"],
    [optional("workflows", &ONE_OR_MORE), BRANCHES, BRANCHES_IGNORE]
);
event_with_types!(
    IMAGE_VERSION: ["created", "ready", "deleted"],
    [
        optional("names", &ONE_OR_MORE).ignored(NO_IMAGES),
        optional("versions", &ONE_OR_MORE).ignored(NO_IMAGES)
    ]
);
event_with_types!(
    RELEASE: ["published", "unpublished", "created", "edited", "deleted", "prereleased", "released"]
);
event_with_types!(
    DISCUSSION: [
        "created", "edited", "deleted", "transferred", "pinned", "unpinned", "labeled",
        "unlabeled", "locked", "unlocked", "category_changed", "answered", "unanswered"
    ]
);
event_with_types!(
    ISSUES: [
        "opened", "edited", "deleted", "transferred", "pinned", "unpinned", "closed", "reopened",
        "assigned", "unassigned", "labeled", "unlabeled", "locked", "unlocked", "milestoned",
        "demilestoned", "field_added", "field_removed", "typed", "untyped"
    ]
);
event_with_types!(
    PULL_REQUEST: [
        "assigned", "unassigned", "labeled", "unlabeled", "opened", "edited", "closed", "reopened",
        "synchronize", "converted_to_draft", "locked", "unlocked", "enqueued", "dequeued",
        "milestoned", "demilestoned", "ready_for_review", "review_requested",
        "review_request_removed", "auto_merge_enabled", "auto_merge_disabled", "stacked"
    ],
    [BRANCHES, BRANCHES_IGNORE, PATHS, PATHS_IGNORE]
);
