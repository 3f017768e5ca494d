//! Sends messages to the other tabs of this browser, and receives theirs.

use std::{rc::Rc, time::Duration};

use dwell_session::Message;
use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::{BroadcastChannel, Event, MessageEvent, Storage, StorageEvent, Window};

use crate::clock::{Clock, Timestamp};

/// The first word of the message that this tab writes a draft. The id of the draft follows it.
const DRAFT: &str = "draft";

/// A message from another tab.
pub(crate) enum Received {
    /// A message for the monitor, and how long ago it was sent.
    Message(Message, Duration),
    /// The other tab has started to write the draft with this id.
    Draft(String),
}

type Receive = dyn Fn(Received);

/// The channel to the other tabs, which is closed when this is dropped.
pub(crate) struct Tabs {
    channel: Channel,
    name: Rc<str>,
    clock: Rc<Clock>,
}

enum Channel {
    Broadcast {
        channel: BroadcastChannel,
        _listener: Closure<dyn Fn(MessageEvent)>,
    },
    /// For browsers without `BroadcastChannel`: a change of the local storage causes an event in
    /// the other tabs.
    Storage {
        storage: Storage,
        window: Window,
        listener: Closure<dyn Fn(StorageEvent)>,
    },
}

impl Tabs {
    /// Opens the channel that the tabs of this instance share. Returns `None` if the browser
    /// supports no channel.
    pub(crate) fn open(
        window: &Window,
        instance: &str,
        clock: &Rc<Clock>,
        receive: impl Fn(Received) + 'static,
    ) -> Option<Self> {
        let receive: Rc<Receive> = Rc::new(receive);
        let name: Rc<str> = (instance.to_owned() + "-tabs").into();
        let channel = broadcast(&name, clock, &receive)
            .or_else(|| storage(window, &name, clock, &receive))?;
        Some(Self {
            channel,
            name,
            clock: Rc::clone(clock),
        })
    }

    /// Sends a message to the other tabs. If that fails, each tab still works correctly by itself.
    pub(crate) fn send(&self, message: &Message) {
        self.send_text(&format!("{} {message}", self.clock.timestamp()));
    }

    /// Tells the other tabs that this one has started to write the draft with this id.
    pub(crate) fn announce_draft(&self, id: &str) {
        self.send_text(&(DRAFT.to_owned() + " " + id));
    }

    fn send_text(&self, text: &str) {
        match &self.channel {
            Channel::Broadcast { channel, .. } => {
                let _ = channel.post_message(&text.into());
            }
            Channel::Storage { storage, .. } => {
                let _ = storage.set_item(&self.name, text);
                // The value is removed again, because only the change matters.
                let _ = storage.remove_item(&self.name);
            }
        }
    }
}

impl Drop for Tabs {
    fn drop(&mut self) {
        match &self.channel {
            Channel::Broadcast { channel, .. } => channel.close(),
            Channel::Storage {
                window, listener, ..
            } => {
                // This cannot fail for an existing target.
                let _ = window.remove_event_listener_with_callback(
                    "storage",
                    listener.as_ref().unchecked_ref(),
                );
            }
        }
    }
}

fn broadcast(name: &str, clock: &Rc<Clock>, receive: &Rc<Receive>) -> Option<Channel> {
    let channel = BroadcastChannel::new(name).ok()?;
    let (clock, receive) = (Rc::clone(clock), Rc::clone(receive));
    let listener = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        deliver(&event, event.data().as_string(), &clock, &receive);
    });
    channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
    Some(Channel::Broadcast {
        channel,
        _listener: listener,
    })
}

fn storage(
    window: &Window,
    name: &Rc<str>,
    clock: &Rc<Clock>,
    receive: &Rc<Receive>,
) -> Option<Channel> {
    let storage = window.local_storage().ok()??;
    let (name, clock, receive) = (Rc::clone(name), Rc::clone(clock), Rc::clone(receive));
    let listener = Closure::<dyn Fn(StorageEvent)>::new(move |event: StorageEvent| {
        if event.key().as_deref() == Some(&*name) {
            deliver(&event, event.new_value(), &clock, &receive);
        }
    });
    window
        .add_event_listener_with_callback("storage", listener.as_ref().unchecked_ref())
        .ok()?;
    Some(Channel::Storage {
        storage,
        window: window.clone(),
        listener,
    })
}

/// Passes a message on. Events that scripts have dispatched and texts that are no messages are
/// ignored.
fn deliver(event: &Event, text: Option<String>, clock: &Clock, receive: &Rc<Receive>) {
    if !event.is_trusted() {
        return;
    }
    let Some(text) = text else { return };
    let Some((timestamp, message)) = text.split_once(' ') else {
        return;
    };
    if timestamp == DRAFT {
        return receive(Received::Draft(message.to_owned()));
    }
    if let (Ok(timestamp), Ok(message)) = (timestamp.parse::<Timestamp>(), message.parse()) {
        receive(Received::Message(message, clock.age(timestamp)));
    }
}
