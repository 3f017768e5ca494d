//! What a page says of who it is shown to.

use dwell_app::pages::{SignedIn, Visitor};
use dwell_session::EndReason;

use crate::{
    sessions::{LiveSession, Visit},
    state::AppState,
    store::StoreError,
};

/// Who a page is shown to that is for everybody.
///
/// # Errors
///
/// It cannot be found out whose session it is.
pub async fn visitor(state: &AppState, visit: &Visit) -> Result<Visitor, StoreError> {
    Ok(match visit {
        Visit::Live(live) => Visitor::SignedIn(signed_in(state, live).await?),
        Visit::Ended(_) | Visit::Anonymous => Visitor::Anonymous,
    })
}

/// What a page says of the session it is shown in. One whose account an operator has deleted ends.
///
/// # Errors
///
/// The database failed, or the account is not there any more.
pub async fn signed_in(state: &AppState, live: &LiveSession) -> Result<SignedIn, StoreError> {
    let Some(email) = state.accounts.email(live.session.account).await? else {
        let reason = EndReason::Revoked;
        state.sessions.end(live.session.key, reason).await?;
        return Err(StoreError::new("the account of the session is not there"));
    };
    let status = live.told(state.sessions.policy());
    Ok(SignedIn { email, status })
}
