//! The pages, rendered on the server. They take what they show as properties.

mod account;
mod document;
mod home;
mod message;
mod sign_in;
mod workspace;

pub use account::{AccountPage, OtherSession};
pub use document::{Assets, SignedIn, Visitor};
pub use home::HomePage;
pub use message::MessagePage;
pub use sign_in::SignInPage;
pub use workspace::{Composer, Note, Notice, UnsavedNote, When, WorkspacePage, Writing, Written};
