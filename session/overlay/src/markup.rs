//! Names in the markup of a page by which the server, the style, the guard and the driver find each
//! other. Unlike the paths and fields in [`Names`](dwell_session::Names) they cannot be changed: they
//! all begin with `dwell`.

/// The name of the `<meta>` element with the status of the session, as JSON.
pub const STATUS_META: &str = "dwell-status";
/// The name of the `<meta>` element with the names that are not the default ones, as JSON.
pub const NAMES_META: &str = "dwell-names";
/// The attribute of `<html>` that says what state the page is in: `active`, `warning`, `concealed` or
/// `ended`.
pub const STATE_ATTRIBUTE: &str = "data-dwell-state";
/// The attribute of an element directly in `<body>` that stays while the page is concealed.
pub const STAYS_ATTRIBUTE: &str = "data-dwell-stays";
/// The attribute of a `<template>` with the fields for signing in without leaving the page. The form
/// around them and its button are the overlay's.
pub const SIGN_IN_ATTRIBUTE: &str = "data-dwell-sign-in";
/// The id of the element that says what went wrong with signing in, for the `aria-describedby` of the
/// fields.
pub const SIGN_IN_TROUBLE_ID: &str = "dwell-sign-in-trouble";
/// The attribute of a form whose content is kept on the server while it is typed. Its value is the
/// name of the form.
pub const DRAFT_ATTRIBUTE: &str = "data-dwell-draft";
/// The attribute of such a form with the address at which the page shows a draft again, without the id
/// of the draft, which is appended. Where it is missing, the address of the page stays as it is.
pub const DRAFT_ADDRESS_ATTRIBUTE: &str = "data-dwell-address";
/// The attribute of such a form with the path at which the server shows the form as it is by now, for
/// a page that was loaded while the page before it was still saving.
pub const DRAFT_LATEST_ATTRIBUTE: &str = "data-dwell-latest";
/// The attribute of the element with the drafts that are offered back.
pub const OFFERS_ATTRIBUTE: &str = "data-dwell-offers";
/// The attribute of the element in such a form that says that there is too much in it to be kept.
pub const TOO_LONG_ATTRIBUTE: &str = "data-dwell-too-long";
/// The attribute of the element in such a form that says that its content cannot be kept at the
/// moment.
pub const NOT_KEPT_ATTRIBUTE: &str = "data-dwell-not-kept";
