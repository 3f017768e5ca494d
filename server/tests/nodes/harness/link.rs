//! The way from one node to its engine, which a test may cut.

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

/// What becomes of bytes on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They arrive.
    Open,
    /// They arrive when it is open again, those of new connections too.
    Held,
    /// Connections are closed, new ones too.
    Cut,
}

/// A way to a port of this machine.
pub struct Link {
    pub port: u16,
    way: Arc<Mutex<watch::Sender<Way>>>,
}

impl Link {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let way = Arc::new(Mutex::new(watch::Sender::new(Way::Open)));
        let current = Arc::clone(&way);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let way = current.lock().unwrap().subscribe();
                tokio::spawn(carry(near, port, way));
            }
        });
        Self { port: own, way }
    }

    pub fn set(&self, way: Way) {
        self.way.lock().unwrap().send_replace(way);
    }

    /// Loses the connections that there are: they stay, and nothing passes on them any more.
    pub fn forget(&self) {
        let mut way = self.way.lock().unwrap();
        way.send_replace(Way::Held);
        *way = watch::Sender::new(Way::Open);
    }
}

/// Until one side closes it, or it is cut.
async fn carry(near: TcpStream, port: u16, way: watch::Receiver<Way>) -> io::Result<()> {
    let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    for side in [&near, &far] {
        side.set_nodelay(true)?;
    }
    let (near_out, near_in) = near.into_split();
    let (far_out, far_in) = far.into_split();
    let mut cut = way.clone();
    tokio::select! {
        () = reached(&mut cut, Way::Cut) => Ok(()),
        there = pass(near_out, far_in, way.clone()) => there,
        back = pass(far_out, near_in, way.clone()) => back,
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
) -> io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        reached(&mut way, Way::Open).await;
        to.write_all(&bytes[..count]).await?;
    }
}

/// Never, where nobody can change the way any more.
async fn reached(way: &mut watch::Receiver<Way>, wanted: Way) {
    if way.wait_for(|way| *way == wanted).await.is_err() {
        std::future::pending::<()>().await;
    }
}
