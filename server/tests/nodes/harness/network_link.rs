//! A network link from one node to its engine, which a test may interrupt.

use std::{
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// The state of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Bytes arrive.
    Open,
    /// Bytes arrive when the link is open again, also on new connections.
    Held,
    /// All connections are closed, also new ones.
    Cut,
}

/// A link to a port of this machine.
pub struct NetworkLink {
    pub port: u16,
    state: Arc<Mutex<watch::Sender<LinkState>>>,
}

impl NetworkLink {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(watch::Sender::new(LinkState::Open)));
        let current = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let state = current.lock().unwrap().subscribe();
                tokio::spawn(carry(near, port, state));
            }
        });
        Self { port: own, state }
    }

    pub fn set(&self, state: LinkState) {
        self.state.lock().unwrap().send_replace(state);
    }

    /// Makes the existing connections stay open without anything being transmitted on them any
    /// more.
    pub fn freeze_connections(&self) {
        let mut state = self.state.lock().unwrap();
        state.send_replace(LinkState::Held);
        *state = watch::Sender::new(LinkState::Open);
    }
}

/// Carries one connection until one side closes it or the link is cut.
async fn carry(near: TcpStream, port: u16, state: watch::Receiver<LinkState>) -> io::Result<()> {
    let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    for side in [&near, &far] {
        side.set_nodelay(true)?;
    }
    let (near_out, near_in) = near.into_split();
    let (far_out, far_in) = far.into_split();
    let mut cut = state.clone();
    tokio::select! {
        () = reached(&mut cut, LinkState::Cut) => Ok(()),
        there = pass(near_out, far_in, state.clone()) => there,
        back = pass(far_out, near_in, state.clone()) => back,
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<LinkState>,
) -> io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        reached(&mut state, LinkState::Open).await;
        to.write_all(&bytes[..count]).await?;
    }
}

/// Waits until the link has the state `wanted`. This never returns if the state can no longer
/// change.
async fn reached(state: &mut watch::Receiver<LinkState>, wanted: LinkState) {
    if state.wait_for(|state| *state == wanted).await.is_err() {
        std::future::pending::<()>().await;
    }
}
