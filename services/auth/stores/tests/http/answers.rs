//! What is an answer, and what lets nobody in.

use std::sync::{Arc, Mutex};

use im_auth_stores::{Answered, Class, ExternalId, Lookup};
use im_types::Secret;

use crate::server::{Call, KEY, plain, response, serve};

const ANNA: &str = r#"{"result":"match","id":"7","username":"Anna","groups":["staff"],
    "attributes":{"email":"anna@example.org"}}"#;

type Saying = Box<dyn Fn(&Call) -> String + Send + Sync>;

fn anna(call: &Call) -> String {
    let has_password = call.body.contains("password");
    let body = match () {
        () if !call.body.contains(r#""login":"anna""#) => r#"{"result":"absent"}"#,
        () if !has_password => r#"{"result":"found","id":"7","username":"Anna"}"#,
        () if call.body.contains("Secret123") => ANNA,
        () if call.body.contains("Barred-1") => r#"{"result":"disabled","id":"7"}"#,
        () => r#"{"result":"mismatch","id":"7"}"#,
    };
    call.answer(body)
}

/// §4.2
#[tokio::test]
async fn answers_are_told_apart() {
    let (url, _server) = serve(None, anna).await;
    let store = plain(url);
    let verify =
        async |login: &str, password: &str| store.verify(login, &Secret::from(password)).await;
    let seven = ExternalId::new("7");
    match verify("anna", "Secret123").await {
        Answered::Match {
            person,
            is_password_expired,
        } => {
            assert_eq!(
                (person.login.as_str(), is_password_expired),
                ("Anna", false)
            );
            assert_eq!(person.external_id, seven);
            assert_eq!(person.attributes["email"], "anna@example.org");
            assert_eq!(person.groups, ["staff"]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        verify("anna", "wrong").await,
        Answered::Mismatch(seven.clone())
    );
    assert_eq!(
        verify("anna", "Barred-1").await,
        Answered::Disabled(seven.clone())
    );
    assert_eq!(verify("nobody", "Secret123").await, Answered::Absent);
    for password in ["", "Secret123\0"] {
        assert_eq!(
            verify("anna", password).await,
            Answered::Mismatch(seven.clone()),
            "{password:?}"
        );
    }
    assert_eq!(verify("an\nna", "Secret123").await, Answered::Absent);
    assert!(matches!(store.find("anna").await, Lookup::Found(person) if person.is_active));
    assert_eq!(store.find("nobody").await, Lookup::Absent);
    assert_eq!(store.check().await.fault, None);
}

#[tokio::test]
async fn a_call_is_signed_and_an_empty_password_is_never_in_it() {
    let calls = Arc::new(Mutex::new(Vec::<Call>::new()));
    let seen = Arc::clone(&calls);
    let (url, _server) = serve(None, move |call: &Call| {
        seen.lock().unwrap().push(call.clone());
        anna(call)
    })
    .await;
    let store = plain(url);
    for password in ["Secret123", "", "a\"b\\c"] {
        store.verify("anna", &Secret::from(password)).await;
    }
    let calls = calls.lock().unwrap();
    assert_eq!(calls[1].body, r#"{"login":"anna"}"#);
    assert_eq!(calls[2].body, r#"{"login":"anna","password":"a\"b\\c"}"#);
    for call in calls.iter() {
        assert!(
            call.head.starts_with("POST /store HTTP/1.1\r\n"),
            "{}",
            call.head
        );
        assert_eq!(call.header("content-type"), "application/json");
        assert_eq!(
            call.header("im-signature"),
            call.signature(KEY, "call", &call.body)
        );
        assert!(!call.head.contains("anna"), "{}", call.head);
    }
    assert_ne!(calls[0].header("im-nonce"), calls[1].header("im-nonce"));
}

/// §4.2
#[tokio::test]
async fn what_was_not_signed_for_this_call_lets_nobody_in() {
    let replayed = Arc::new(Mutex::new(None::<String>));
    let kept = Arc::clone(&replayed);
    let answers: Vec<Saying> = vec![
        // A page that says yes to everything.
        Box::new(|_| response("200 OK", "", ANNA)),
        Box::new(|_| {
            format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{ANNA}",
                ANNA.len()
            )
        }),
        Box::new(|_| response("200 OK", "", "<html>Welcome</html>")),
        // Another key; the call's own signature sent back; another body.
        Box::new(|call| {
            response(
                "200 OK",
                &call.signature("another key", "answer", ANNA),
                ANNA,
            )
        }),
        Box::new(|call| response("200 OK", &call.signature(KEY, "call", ANNA), ANNA)),
        Box::new(|call| response("200 OK", call.header("im-signature"), &call.body)),
        Box::new(|call| {
            response(
                "200 OK",
                &call.signature(KEY, "answer", r#"{"result":"absent"}"#),
                ANNA,
            )
        }),
        // A cache: the first answer, which was right, again and again.
        Box::new(move |call| {
            kept.lock()
                .unwrap()
                .get_or_insert_with(|| call.answer(ANNA))
                .clone()
        }),
        // Right signatures of what is no answer to that.
        Box::new(|call| call.answer(r#"{"result":"found","id":"7","username":"Anna"}"#)),
        Box::new(|call| call.answer(r#"{"result":"ok"}"#)),
        Box::new(|call| call.answer("true")),
        Box::new(|call| call.answer(&ANNA.replace('{', "{ \"ok\": true,"))),
        // Other statuses.
        Box::new(|call| call.answer(ANNA).replace("200 OK", "201 Created")),
        Box::new(|call| {
            call.answer(ANNA)
                .replace("200 OK", "302 Found\r\nlocation: /store")
        }),
        Box::new(|call| call.answer(ANNA).replace("200 OK", "404 Not Found")),
        // More than anybody has to say.
        Box::new(|call| call.answer(&format!("{ANNA}{}", " ".repeat(300_000)))),
    ];
    for (at, answer) in answers.into_iter().enumerate() {
        let (url, _server) = serve(None, move |call: &Call| answer(call)).await;
        let store = plain(url);
        if replayed.lock().unwrap().is_none() && at == 7 {
            let first = store.verify("anna", &Secret::from("Secret123")).await;
            assert!(matches!(first, Answered::Match { .. }), "{first:?}");
        }
        let answer = store.verify("anna", &Secret::from("Secret123")).await;
        assert_eq!(answer, Answered::Unavailable(Class::Protocol), "{at}");
    }
}

#[tokio::test]
async fn a_program_that_knows_everybody_is_noticed() {
    let everybody = |call: &Call| call.answer(r#"{"result":"found","id":"1","username":"x"}"#);
    let (url, _server) = serve(None, everybody).await;
    let report = plain(format!("{url}?token=hidden")).check().await;
    assert_eq!(report.fault, Some(Class::Protocol));
    assert!(!format!("{report:?}").contains("hidden"), "{report:?}");
}
