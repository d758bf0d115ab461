//! The inbox: deliveries are stored, claimed, dispatched, and each ends with a reason.
