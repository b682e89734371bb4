//! Leads and customers as files: what a preview says, what is then written, and that what goes out comes back.

use callstead::store::api_keys::Scope;
use serde_json::{Value, json};

use crate::{
    leads::{CARD, Client, keeps, wrong_fields},
    support::{Desk, NO_LIMIT, Server},
};

const LEADS: &str = "/api/admin/leads/import";
const CUSTOMERS: &str = "/api/admin/customers/import";

#[track_caller]
fn preview(client: &Client, path: &str, file: &[u8]) -> Value {
    let answer = client.send("POST", path, &[("Content-Type", "text/csv")], file);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn actions(preview: &Value) -> String {
    let rows = preview["rows"].as_array().unwrap().iter();
    rows.map(|row| format!("{}:{}", row["line"], row["action"].as_str().unwrap())).collect::<Vec<_>>().join(" ")
}

fn confirm_path(path: &str, preview: &Value) -> String {
    format!("{path}/{}/confirm", preview["importId"].as_str().unwrap())
}

fn total(client: &Client, entities: &str) -> u64 {
    client.get(&format!("/api/admin/{entities}?limit=1")).json()["total"].as_u64().unwrap()
}

#[test]
fn nothing_is_written_before_it_is_confirmed_and_then_all_of_it() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let admin = Client::new(&desk, &server, Scope::Admin);
    let known = json!({ "name": "Sara", "phone": "+201001234567", "company": "Acme", "notes": "old" });
    let known = admin.made("/api/admin/leads", &known);
    let file = "الاسم;رقم الهاتف;الشركة;Age\nسارة;'+20 100 123 4567;;30\nOmar;+20 100 765 4321;Acme;\n";
    let shown = preview(&admin, LEADS, file.as_bytes());
    assert_eq!(actions(&shown), "2:update 3:create");
    assert_eq!(shown["counts"], json!({ "create": 1, "update": 1, "skip": 0, "error": 0, "total": 2 }));
    assert_eq!(shown["columns"][3], json!({ "column": "Age", "field": null }));
    assert_eq!(shown["rows"][0]["id"], known["id"]);
    assert_eq!(shown["rows"][0]["values"], json!({ "name": "سارة", "phone": "+20 100 123 4567" }));
    assert_eq!(total(&admin, "leads"), 1, "nothing is written yet");

    let path = confirm_path(LEADS, &shown);
    let written = admin.send("POST", &path, &[], b"");
    assert_eq!((written.status, written.json()), (200, json!({ "created": 1, "updated": 1, "skipped": 0 })));
    let now = admin.get(&format!("/api/admin/leads/{}", known["id"].as_str().unwrap())).json();
    assert_eq!(
        json!([now["name"], now["company"], now["notes"]]),
        json!(["سارة", "Acme", "old"]),
        "blanks empty nothing"
    );
    assert_eq!(admin.send("POST", &path, &[], b"").status, 404, "once");
    let again = preview(&admin, LEADS, file.as_bytes());
    assert_eq!(actions(&again), "2:skip 3:skip");

    let gone = preview(&admin, LEADS, file.as_bytes());
    let path = format!("{LEADS}/{}", gone["importId"].as_str().unwrap());
    assert_eq!(admin.send("DELETE", &path, &[], b"").status, 204);
    assert_eq!(admin.send("POST", &format!("{path}/confirm"), &[], b"").status, 404);
}

#[test]
fn what_is_wrong_is_said_row_by_row_and_nothing_can_be_confirmed() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let admin = Client::new(&desk, &server, Scope::Admin);
    let file = format!(
        "userId,userName,userPhone,creditCardNumber,amountDue,dueMonth\n1,Omar,,{CARD},\"1,500.50\",2026-11\n2,Nour,12,,much,\n\
         3,,,,,\n1,Omar again,,,,\n{CARD},Sara,,,,\n4,Sara,,,,,extra\n"
    );
    let shown = preview(&admin, CUSTOMERS, file.as_bytes());
    assert_eq!(actions(&shown), "2:create 3:error 4:error 5:error 6:error 7:error");
    assert_eq!(shown["importId"], Value::Null);
    let problems: Vec<String> = shown["rows"].as_array().unwrap()[1..]
        .iter()
        .map(|row| {
            let problems = row["problems"].as_array().unwrap().iter();
            problems.map(|it| it["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join("+")
        })
        .collect();
    assert_eq!(problems, ["userPhone+amountDue", "userName", "userId", "userId", "row"]);
    assert_eq!(shown["rows"][3]["problems"][0]["detail"], "is the same as in line 2");
    assert_eq!(shown["rows"][0]["values"]["creditCardNumber"], "411111••••••1111");
    assert!(!shown.to_string().contains(CARD));
    for (path, file, wrong) in [
        (LEADS, &b""[..], "file"),
        (LEADS, b"name,phone\n", "file"),
        (LEADS, b"age,shoe size\n1,2\n", "file"),
        ("/api/admin/leads/import?onDuplicate=perhaps", b"name\nx\n", "onDuplicate"),
        ("/api/admin/leads/import?onWrong=perhaps", b"name\nx\n", "onWrong"),
        ("/api/admin/leads/import?mapping=x", b"name\nx\n", "mapping"),
        ("/api/admin/leads/import?mapping={%22who%22:%22name%22}", b"name\nx\n", "mapping"),
    ] {
        let answer = admin.send("POST", path, &[], file);
        assert_eq!((answer.status, wrong_fields(&answer).join(" ").as_str()), (422, wrong), "{}", answer.body);
    }
    let large = admin.send("POST", LEADS, &[], &vec![b'x'; 5 * 1024 * 1024 + 1]);
    assert_eq!(large.status, 413);
}

#[test]
fn what_changed_since_the_preview_is_not_written_over() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let admin = Client::new(&desk, &server, Scope::Admin);
    let known = admin.made("/api/admin/leads", &json!({ "name": "Sara", "phone": "+201001234567" }));
    let path = format!("/api/admin/leads/{}", known["id"].as_str().unwrap());
    let file = b"name,phone\nOmar,+201007654321\nSara A.,+201001234567\n";
    let shown = preview(&admin, LEADS, file);
    assert_eq!(admin.json("PATCH", &path, &json!({ "company": "Acme" })).status, 200);
    let refused = admin.send("POST", &confirm_path(LEADS, &shown), &[], b"");
    assert_eq!((refused.status, refused.message().contains("since the preview")), (409, true));
    assert_eq!(total(&admin, "leads"), 1, "all or nothing");
    let shown = preview(&admin, "/api/admin/leads/import?onDuplicate=skip", file);
    assert_eq!(actions(&shown), "2:create 3:skip");
    admin.made("/api/admin/leads", &json!({ "phone": "+201007654321" }));
    assert_eq!(admin.send("POST", &confirm_path(LEADS, &shown), &[], b"").status, 409, "somebody else has made it");

    let shown = preview(&admin, LEADS, file);
    let other = Client::new(&desk, &server, Scope::Admin);
    assert_eq!(other.send("POST", &confirm_path(LEADS, &shown), &[], b"").status, 404, "another's");
    let worker = Client::new(&desk, &server, Scope::Desk);
    assert_eq!(worker.send("POST", LEADS, &[], file).status, 403);
    assert_eq!(worker.get("/api/admin/leads.csv").status, 403);
}

#[test]
fn files_come_in_forms_and_in_old_encodings() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let admin = Client::new(&desk, &server, Scope::Admin);
    // "الاسم,الهاتف" and "سارة,+201001234567" in Windows-1256.
    let windows = b"\xc7\xe1\xc7\xd3\xe3,\xc7\xe1\xe5\xc7\xca\xdd\r\n\xd3\xc7\xd1\xc9,+201001234567\r\n";
    assert_eq!(preview(&admin, LEADS, windows)["rows"][0]["values"]["name"], "سارة");
    let utf16: Vec<u8> = "\u{feff}Who\tTel\nسارة\t+201001234567\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut form = b"--x\r\nContent-Disposition: form-data; name=\"mapping\"\r\n\r\n{\"Who\":\"name\"}\r\n\
        --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"leads.csv\"\r\nContent-Type: text/csv\r\n\r\n"
        .to_vec();
    form.extend_from_slice(&utf16);
    form.extend_from_slice(b"\r\n--x--\r\n");
    let headers = [("Content-Type", "multipart/form-data; boundary=x")];
    let shown = admin.send("POST", LEADS, &headers, &form).json();
    assert_eq!(shown["rows"][0]["values"], json!({ "name": "سارة", "phone": "+201001234567" }));
    let without = b"--x\r\nContent-Disposition: form-data; name=\"mapping\"\r\n\r\n{}\r\n--x--\r\n";
    assert_eq!(wrong_fields(&admin.send("POST", LEADS, &headers, without)), ["file"]);
    for broken in [&b"--x\r\n"[..], b"nonsense"] {
        assert!((400..500).contains(&admin.send("POST", LEADS, &headers, broken).status));
    }
}

#[test]
fn what_goes_out_comes_back() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let admin = Client::new(&desk, &server, Scope::Admin);
    for number in 0..1100 {
        let name = if number % 2 == 0 { format!("=SUM({number})") } else { format!("سارة {number}") };
        let phone = format!("+20100{:07}", 1_000_000 + number);
        let row = json!({ "userId": number, "userName": name, "userPhone": phone, "amountDue": number, "notes": "a;b\n\"c\"" });
        admin.made("/api/admin/customers", &row);
    }
    let file = admin.get("/api/admin/customers.csv?sort=name");
    assert_eq!((file.status, file.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    assert!(file.header("content-disposition").unwrap().contains("customers.csv"));
    let text = file.chunks();
    assert!(text.contains("'=SUM(0)") && text.contains("'+201001000000") && !text.starts_with('\u{feff}'));
    assert_eq!(text.matches("سارة").count(), 550);
    let marked = admin.get("/api/admin/customers.csv?bom=1&q=sum&sort=-amountDue").chunks();
    assert!(marked.starts_with('\u{feff}') && marked.matches("=SUM").count() == 550, "{}", marked.len());

    let same = preview(&admin, CUSTOMERS, text.as_bytes());
    assert_eq!(same["counts"], json!({ "create": 0, "update": 0, "skip": 1100, "error": 0, "total": 1100 }));
    let other_desk = Desk::new();
    let other_server = Server::start(&other_desk, &[], &NO_LIMIT);
    let other = Client::new(&other_desk, &other_server, Scope::Admin);
    let shown = preview(&other, CUSTOMERS, text.as_bytes());
    let written = other.send("POST", &confirm_path(CUSTOMERS, &shown), &[], b"");
    assert_eq!(written.json()["created"], 1100, "{}", written.body);
    let fields = |client: &Client| {
        let one = client.get("/api/admin/customers/1099").json();
        json!([one["userName"], one["userPhone"], one["amountDue"], one["notes"]])
    };
    assert_eq!(fields(&other), fields(&admin));
}

#[test]
fn no_card_number_of_a_file_is_kept() {
    let desk = Desk::new();
    {
        let server = Server::start(&desk, &[], &NO_LIMIT);
        let admin = Client::new(&desk, &server, Scope::Admin);
        let file =
            format!("userId,name,card,notes,bank\n1,Omar,{CARD},\"found-by-this-word {CARD}\",4111 1111 1111 1111\n");
        let shown = preview(&admin, CUSTOMERS, file.as_bytes());
        assert!(keeps(&desk, "found-by-this-word"), "it waits to be confirmed");
        assert!(!keeps(&desk, CARD));
        assert_eq!(admin.send("POST", &confirm_path(CUSTOMERS, &shown), &[], b"").status, 200);
        let refused = format!("name,phone\nSara,{CARD}\n");
        assert_eq!(preview(&admin, LEADS, refused.as_bytes())["counts"]["error"], 1);
        let customer = admin.get("/api/admin/customers/1").json();
        assert_eq!(customer["creditCardNumber"], "411111••••••1111");
    }
    for text in [CARD, "4111 1111 1111 1111", "111111111111"] {
        assert!(!keeps(&desk, text), "{text}");
    }
}
