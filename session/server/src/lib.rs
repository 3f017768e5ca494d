#![cfg_attr(
    not(feature = "sqlite"),
    doc = "Session timeouts on which the browser and the server agree, for axum."
)]
#![cfg_attr(feature = "sqlite", doc = include_str!("../README.md"))]

mod background;
mod browser_module;
mod builder;
pub mod clock;
mod connections;
mod cookie;
mod current;
#[cfg(feature = "drafts")]
pub mod drafts;
mod dwell;
#[cfg(all(feature = "drafts", feature = "sqlite"))]
pub mod guide;
mod layer;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod lease;
mod maintenance;
pub mod meter;
pub mod navigation;
mod person;
#[cfg(feature = "postgres")]
pub mod postgres;
mod refusal;
mod return_path;
mod routes;
mod session_data;
mod sessions;
mod sign_in;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod store;
pub mod trusted_proxies;
mod turned_away;

pub use dwell_session::{
    ActiveStatus, Checks, EndReason, Generation, Instant, Lifetime, Limits, Names, Policy,
    PolicyError, Preset, Rule, Status,
};

#[cfg(feature = "drafts")]
pub use self::routes::{SentDraft, refuse_draft};
pub use self::{
    background::{Background, repeat},
    browser_module::{BrowserModule, BrowserModuleError, ModulePaths},
    builder::{BuildError, DwellBuilder},
    connections::Connections,
    cookie::{InvalidCookie, SameSite, SessionCookie, cookie_value},
    current::CurrentSession,
    dwell::{Dwell, SpawnError},
    layer::{
        DataLayer, DataService, DwellFuture, DwellLayer, DwellService, GenerationRule, Protect,
        ProtectService, RefusalLayer, RefusalService,
    },
    maintenance::Maintenance,
    person::{InvalidPersonId, PersonId},
    refusal::{Denied, Refusal},
    return_path::{Place, ReturnPath},
    session_data::{DataError, LONGEST_DATA},
    sessions::{LiveSession, STALENESS, Visit},
    sign_in::{Begin, BeginError, SignIn, SignedIn},
};

/// The handlers of the routes of the contract, for programs that route some of them themselves.
pub mod handlers {
    #[cfg(feature = "drafts")]
    pub use crate::routes::{discard_draft, save_draft, take_back_draft};
    pub use crate::{
        routes::{keep_alive, status},
        sign_in::sign_out,
    };
}
