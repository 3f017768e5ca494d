//! Who a page is shown to.

use dwell::{CurrentSession, Denied, store::StoreError};
use dwell_app::pages::{SignedIn, Visitor};

use crate::{accounts::AccountId, state::AppState};

/// Who is shown a page that everybody may open.
pub(super) async fn visitor(
    state: &AppState,
    current: Option<&CurrentSession>,
) -> Result<Visitor, Denied> {
    Ok(match current {
        Some(current) => Visitor::SignedIn(signed_in(state, current).await?),
        None => Visitor::Anonymous,
    })
}

/// What a page says about its session. If an operator has deleted the account, the session is
/// ended.
pub(super) async fn signed_in(
    state: &AppState,
    current: &CurrentSession,
) -> Result<SignedIn, Denied> {
    let account = AccountId::of(current.person())?;
    let Some(email) = state.accounts.email(account).await? else {
        state.dwell.revoke(current.key()).await?;
        return Err(StoreError::new("the account of the session does not exist").into());
    };
    let status = current.status();
    Ok(SignedIn { email, status })
}
