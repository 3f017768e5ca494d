//! Tests with a full disk.

use std::path::Path;

use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::harness::{Server, cookie_header, generation_of, wait_until_ready_is};

/// Room, in bytes, for the memory that SQLite shares between processes and for a few writes.
const FEW_WRITES: u64 = 128 * 1024;
/// Not even room for the shared memory.
const NOTHING: u64 = 4 * 1024;

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

/// A browser that is signed in.
struct SignedInBrowser {
    cookie: String,
    generation: String,
}

impl SignedInBrowser {
    fn sign_in(server: &Server) -> Self {
        let cookie = cookie_header(&server.sign_in(""));
        let page = server.get("/workspace", &cookie);
        Self {
            generation: generation_of(&page).to_owned(),
            cookie,
        }
    }

    fn visit(&self, server: &Server) -> String {
        server.get("/workspace", &self.cookie)
    }

    fn post(&self, server: &Server, path: &str, fields: &str) -> String {
        let form = format!("{fields}generation={}", self.generation);
        server.post(path, &self.cookie, &form)
    }

    fn is_refused_for(&self, server: &Server, reason: &str) -> bool {
        let told = server.send(&format!(
            "POST /api/session/status HTTP/1.1\r\nhost: dwell.test\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n{}\r\n{{}}",
            self.cookie
        ));
        status(&self.visit(server)) == "303"
            && told.contains(&format!(r#"{{"state":"ended","reason":"{reason}"}}"#))
    }
}

async fn database(directory: &Path) -> SqliteConnection {
    let file = directory.join("data/dwell.db");
    SqliteConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap()
}

/// Waits until a query returns a row.
async fn wait_for(directory: &Path, condition: &'static str) {
    let mut database = database(directory).await;
    while sqlx::query(condition)
        .fetch_optional(&mut database)
        .await
        .unwrap()
        .is_none()
    {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    database.close().await.unwrap();
}

// A10, C1
#[tokio::test]
async fn an_end_takes_effect_on_a_full_disk_and_is_written_later() {
    let directory = TempDir::new().unwrap();
    Server::start(&directory, &[]).stop();
    let server = Server::start_with_room_for(FEW_WRITES, &directory);
    let [leaving, staying, revoked] = [(); 3].map(|()| SignedInBrowser::sign_in(&server));
    while status(&leaving.post(&server, "/workspace", "text=a+note&")) != "503" {}

    let answer = wait_until_ready_is(&server, "503");
    assert!(answer.contains("its disk is full"), "{answer}");
    assert_eq!(status(&server.sign_in("")), "503");
    assert_eq!(status(&leaving.visit(&server)), "200", "it can be read");

    let answer = leaving.post(&server, "/sign-out", "");
    assert_eq!(status(&answer), "303", "{answer}");
    let answer = staying.post(&server, "/account/sign-out-others", "");
    assert_eq!(status(&answer), "303", "{answer}");
    assert!(leaving.is_refused_for(&server, "signed_out"));
    assert!(revoked.is_refused_for(&server, "revoked"));
    assert_eq!(status(&staying.visit(&server)), "200");
    let account = server.get("/account", &staying.cookie);
    assert!(!account.contains("127.0.0.1, signed in"), "{account}");

    server.make_room();
    wait_until_ready_is(&server, "200");
    let both = "select 1 from dwell_sessions where end_reason = 'revoked' \
                and exists (select 1 from dwell_sessions where end_reason = 'signed_out')";
    wait_for(directory.path(), both).await;
    let (_, log) = server.stop();
    for line in ["cannot be written: its disk", "can be written again"] {
        assert_eq!(log.matches(line).count(), 1, "{log}");
    }
    let server = Server::start_again(&directory, &[]);
    assert!(leaving.is_refused_for(&server, "signed_out"));
    assert!(revoked.is_refused_for(&server, "revoked"));
    assert_eq!(status(&staying.visit(&server)), "200");
}

// A11
#[tokio::test]
async fn a_server_starts_on_a_full_disk_and_shows_pages_and_signs_people_out() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, &[]);
    let [leaving, staying] = [(); 2].map(|()| SignedInBrowser::sign_in(&server));
    server.stop();
    // The last activity is so long ago that opening a page writes a touch, for which there is no
    // room.
    let mut connection = database(directory.path()).await;
    sqlx::query("update dwell_sessions set last_active_at = last_active_at - 600000")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();

    let server = Server::start_with_room_for(NOTHING, &directory);
    wait_until_ready_is(&server, "503");
    assert_eq!(status(&staying.visit(&server)), "200");
    let answer = leaving.post(&server, "/sign-out", "");
    assert_eq!(status(&answer), "303", "{answer}");
    assert!(leaving.is_refused_for(&server, "signed_out"));

    server.make_room();
    wait_until_ready_is(&server, "200");
    assert_eq!(status(&staying.visit(&server)), "200");
    assert_eq!(status(&server.sign_in("")), "303");
    server.stop();
    let written = "select 1 from dwell_sessions where end_reason = 'signed_out'";
    wait_for(directory.path(), written).await;
}
