//! The pages, which are rendered on the server. They receive everything that they show as
//! properties.

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
pub use workspace::{
    Composer, EditorContent, Note, NoteEditor, Notice, UnsavedNote, When, WorkspacePage,
};
