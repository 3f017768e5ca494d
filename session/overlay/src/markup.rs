//! Names in the markup of a page, which the server, the style, the guard and the driver share.
//! Unlike the paths and fields in [`Names`](dwell_session::Names) they cannot be changed. They all
//! begin with `dwell` or `data-dwell`.

/// The name of the `<meta>` element with the status of the session, as JSON.
pub const STATUS_META: &str = "dwell-status";
/// The name of the `<meta>` element with the names that differ from the default ones, as JSON.
pub const NAMES_META: &str = "dwell-names";
/// The attribute of `<html>` with the state of the page: `active`, `warning`, `concealed` or
/// `ended`.
pub const STATE_ATTRIBUTE: &str = "data-dwell-state";
/// The attribute of an element directly in `<body>` that is not concealed with the page.
pub const STAYS_ATTRIBUTE: &str = "data-dwell-stays";
/// The attribute of a `<template>` with the fields for signing in without leaving the page. It
/// contains only labels and inputs, because the overlay adds the form around them and its button.
/// It may stand anywhere in the body. Only these fields are sent.
pub const SIGN_IN_ATTRIBUTE: &str = "data-dwell-sign-in";
/// The id of the element that says why signing in has failed, for the `aria-describedby` of the
/// fields.
pub const SIGN_IN_TROUBLE_ID: &str = "dwell-sign-in-trouble";
/// The attribute of a form whose content is saved on the server as a draft while it is typed. Its
/// value is the name of the form.
///
/// The hidden field [`Names::draft_field`](dwell_session::Names::draft_field) has the id of the
/// draft. A form that is to be kept even if it is submitted after the end without scripts also has
/// its name in the hidden field [`Names::form_field`](dwell_session::Names::form_field).
pub const DRAFT_ATTRIBUTE: &str = "data-dwell-draft";
/// The attribute of such a form with the address at which the page shows a draft, without the id of
/// the draft, which is appended. If it is missing, the address of the page does not change.
pub const DRAFT_ADDRESS_ATTRIBUTE: &str = "data-dwell-address";
/// The attribute of such a form with the path at which the server renders the latest form. A page
/// fetches it when it is loaded, because the page before it may still have been saving.
pub const DRAFT_LATEST_ATTRIBUTE: &str = "data-dwell-latest";
/// The attribute of the element that lists the unsaved drafts.
pub const OFFERS_ATTRIBUTE: &str = "data-dwell-offers";
/// The attribute of the element in such a form that is shown while the content is too long for a
/// draft.
pub const TOO_LONG_ATTRIBUTE: &str = "data-dwell-too-long";
/// The attribute of the element in such a form that is shown while the draft cannot be saved.
pub const NOT_KEPT_ATTRIBUTE: &str = "data-dwell-not-kept";
