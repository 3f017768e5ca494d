//! Messages to and from the other tabs of this browser.

use std::{rc::Rc, time::Duration};

use dwell_session::Message;
use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::{BroadcastChannel, Event, MessageEvent, Storage, StorageEvent, Window};

use crate::clock::{Clock, Stamp};

/// Before the id of a draft that is being written.
const DRAFT: &str = "draft";

/// What another tab says.
pub(crate) enum Heard {
    /// To the monitor, so long ago.
    Message(Message, Duration),
    /// It writes the draft with this id.
    Draft(String),
}

type Hear = dyn Fn(Heard);

/// Open for as long as it exists.
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
    /// For browsers without `BroadcastChannel`: what one tab stores, the others are told of.
    Storage {
        storage: Storage,
        window: Window,
        listener: Closure<dyn Fn(StorageEvent)>,
    },
}

impl Tabs {
    /// Opens the channel of the tabs of this instance, where the browser has a way for one.
    pub(crate) fn open(
        window: &Window,
        instance: &str,
        clock: &Rc<Clock>,
        hear: impl Fn(Heard) + 'static,
    ) -> Option<Self> {
        let hear: Rc<Hear> = Rc::new(hear);
        let name: Rc<str> = (instance.to_owned() + "-tabs").into();
        let channel =
            broadcast(&name, clock, &hear).or_else(|| storage(window, &name, clock, &hear))?;
        Some(Self {
            channel,
            name,
            clock: Rc::clone(clock),
        })
    }

    /// Tells the other tabs. Where that fails, each tab is on its own, and right all the same.
    pub(crate) fn tell(&self, message: &Message) {
        self.say(&format!("{} {message}", self.clock.stamp()));
    }

    /// Tells the other tabs that this one writes the draft with this id.
    pub(crate) fn tell_draft(&self, id: &str) {
        self.say(&(DRAFT.to_owned() + " " + id));
    }

    fn say(&self, text: &str) {
        match &self.channel {
            Channel::Broadcast { channel, .. } => {
                let _ = channel.post_message(&text.into());
            }
            Channel::Storage { storage, .. } => {
                let _ = storage.set_item(&self.name, text);
                // Nothing is kept: only the change counts.
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
                // Fails for no target that exists.
                let _ = window.remove_event_listener_with_callback(
                    "storage",
                    listener.as_ref().unchecked_ref(),
                );
            }
        }
    }
}

fn broadcast(name: &str, clock: &Rc<Clock>, hear: &Rc<Hear>) -> Option<Channel> {
    let channel = BroadcastChannel::new(name).ok()?;
    let (clock, hear) = (Rc::clone(clock), Rc::clone(hear));
    let listener = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        deliver(&event, event.data().as_string(), &clock, &hear);
    });
    channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
    Some(Channel::Broadcast {
        channel,
        _listener: listener,
    })
}

fn storage(window: &Window, name: &Rc<str>, clock: &Rc<Clock>, hear: &Rc<Hear>) -> Option<Channel> {
    let storage = window.local_storage().ok()??;
    let (name, clock, hear) = (Rc::clone(name), Rc::clone(clock), Rc::clone(hear));
    let listener = Closure::<dyn Fn(StorageEvent)>::new(move |event: StorageEvent| {
        if event.key().as_deref() == Some(&*name) {
            deliver(&event, event.new_value(), &clock, &hear);
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

/// Whatever else comes this way is passed over.
fn deliver(event: &Event, text: Option<String>, clock: &Clock, hear: &Rc<Hear>) {
    if !event.is_trusted() {
        return;
    }
    let Some(text) = text else { return };
    let Some((stamp, message)) = text.split_once(' ') else {
        return;
    };
    if stamp == DRAFT {
        return hear(Heard::Draft(message.to_owned()));
    }
    if let (Ok(stamp), Ok(message)) = (stamp.parse::<Stamp>(), message.parse()) {
        hear(Heard::Message(message, clock.age(stamp)));
    }
}
