//! Requests that are sent without pause in the background.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::task::JoinHandle;

use super::{Answer, Browser, TIMEOUT, until};

/// Asks for the page with the notes without pause, on several connections to each node.
pub struct BackgroundRequests {
    state: Arc<State>,
    tasks: Vec<JoinHandle<Vec<Answer>>>,
}

#[derive(Default)]
struct State {
    is_over: AtomicBool,
    answers: AtomicUsize,
}

impl BackgroundRequests {
    /// Returns when there have been answers.
    pub async fn begin(browser: &Browser, nodes: &[SocketAddr]) -> Self {
        const CONNECTIONS: usize = 3;
        let state = Arc::new(State::default());
        let tasks: Vec<_> = nodes
            .iter()
            .flat_map(|node| [*node; CONNECTIONS])
            .map(|node| tokio::spawn(ask(browser.clone(), node, state.clone())))
            .collect();
        until("there are answers", TIMEOUT, async || {
            (state.answers.load(SeqCst) >= 5 * tasks.len()).then_some(())
        })
        .await;
        Self { state, tasks }
    }

    /// Stops, and returns all answers.
    pub async fn end(self) -> Vec<Answer> {
        self.state.is_over.store(true, SeqCst);
        let mut answers = Vec::new();
        for task in self.tasks {
            answers.extend(task.await.unwrap());
        }
        answers
    }
}

async fn ask(mut browser: Browser, node: SocketAddr, state: Arc<State>) -> Vec<Answer> {
    let mut answers = Vec::new();
    while !state.is_over.load(SeqCst) {
        answers.push(browser.fetch(node).await.unwrap());
        state.answers.fetch_add(1, SeqCst);
    }
    answers
}
