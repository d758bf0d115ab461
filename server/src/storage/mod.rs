//! The blob store, through object_store.
