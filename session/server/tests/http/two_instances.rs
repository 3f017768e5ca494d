//! Two instances in one program: customers at `/`, and staff below `/admin`.

use axum::{
    Router,
    body::Body,
    http::{
        Request, Response, StatusCode,
        header::{COOKIE, LOCATION, SET_COOKIE},
    },
    response::IntoResponse as _,
    routing::{get, post},
};
use dwell::{CurrentSession, Denied, Dwell, Names, SameSite, SessionCookie, SignIn};
use tower::ServiceExt as _;

use crate::program::{set_up, text};

/// The pages of one instance, below `prefix`.
fn pages(dwell: &Dwell, prefix: &str, person: &'static str) -> Router {
    let sign_in = move |sign_in: SignIn| async move {
        match sign_in.begin(person).await {
            Ok(signed_in) => signed_in.into_response(),
            Err(error) => Denied::from(error).into_response(),
        }
    };
    let who = async |current: CurrentSession| current.person().to_string();
    Router::new()
        .route(&format!("{prefix}/who"), get(who))
        .route_layer(dwell.protect())
        .route(&format!("{prefix}/sign-in"), post(sign_in))
        .merge(dwell.routes())
        .layer(dwell.layer())
}

async fn ask(router: &Router, path: &str, cookies: &str) -> Response<Body> {
    let request = Request::get(path)
        .header(COOKIE, cookies)
        .header("sec-fetch-mode", "navigate");
    let request = request.body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap()
}

async fn sign_in(router: &Router, path: &str) -> String {
    let request = Request::post(path).body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let set_cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
    let (cookie, _) = set_cookie.split_once(';').unwrap();
    cookie.to_owned()
}

#[tokio::test]
async fn a_session_of_one_instance_opens_nothing_of_the_other() {
    let (customers, _directory) = set_up(|dwell| dwell).await;
    let (staff, _other_directory) = set_up(|dwell| {
        let cookie = SessionCookie::new("__Host-admin", true, SameSite::Lax).unwrap();
        let names = Names {
            sign_in: "/admin/sign-in".into(),
            ..Names::under("/.admin")
        };
        dwell.names(names).cookie(cookie)
    })
    .await;
    let router = Router::new()
        .merge(pages(&customers, "", "a customer"))
        .merge(pages(&staff, "/admin", "one of the staff"));

    let customer = sign_in(&router, "/sign-in").await;
    let member = sign_in(&router, "/admin/sign-in").await;
    let both = format!("{customer}; {member}");
    for (path, cookies, expected) in [
        ("/who", &customer, Ok("a customer")),
        ("/admin/who", &member, Ok("one of the staff")),
        ("/who", &both, Ok("a customer")),
        ("/admin/who", &both, Ok("one of the staff")),
        ("/who", &member, Err("/sign-in")),
        ("/admin/who", &customer, Err("/admin/sign-in")),
    ] {
        let answer = ask(&router, path, cookies).await;
        match expected {
            Ok(person) => assert_eq!(text(answer).await, person, "{path}"),
            Err(sign_in) => {
                assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
                let location = answer.headers()[LOCATION].to_str().unwrap();
                assert!(location.starts_with(sign_in), "{path}: {location}");
            }
        }
    }
}
