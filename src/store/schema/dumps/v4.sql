-- A database of schema version 4, as that version's program has left it, brought up from version 3: the tests upgrade it. Never
-- changed. The indexes of words are filled from their tables, for a dump of them can only be read by a fresh connection; a row
-- whose words are due is therefore one whose words have come back to what the index has.
PRAGMA user_version = 4;
PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- Separated by blanks.
    scopes TEXT NOT NULL,
    -- SHA-256 of the secret, which is not kept.
    digest BLOB NOT NULL UNIQUE,
    -- The secret's beginning, to tell keys apart by.
    prefix TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;
INSERT INTO api_keys VALUES('AK_23456789ABCD','shop','token dispatch',X'7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed','csk_abcd',1762718400000,1762718405000,NULL);
INSERT INTO api_keys VALUES('AK_23456789ABCE','متجر','admin',X'3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3','csk_efgh',1762718400000,NULL,1762718409000);
CREATE TABLE calls (
    id TEXT NOT NULL PRIMARY KEY,
    room TEXT NOT NULL,
    caller TEXT NOT NULL,
    caller_name TEXT NOT NULL,
    language TEXT,
    profile TEXT NOT NULL,
    direction TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    answered_at INTEGER,
    ended_at INTEGER,
    end_reason TEXT, lead TEXT REFERENCES leads (id), customer TEXT REFERENCES customers (id), script TEXT REFERENCES scripts (id), script_version INTEGER, outcome TEXT, medium TEXT NOT NULL DEFAULT 'voice', erased_at INTEGER, version INTEGER NOT NULL DEFAULT 1,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT;
INSERT INTO calls VALUES('CA_23456789ABCD','call-7','browser-1','Amanda Castlemaine','en','default','inbound',1762718400000,1762718401200,1762718460000,'caller_left','LE_23456789ABCD',NULL,'SC_23456789ABCD',1,'promised','voice',NULL,1);
INSERT INTO calls VALUES('CA_23456789ABCE','support/عربي','phone-2','سارة أحمد','ar','default','inbound',1762718490000,NULL,1762718495000,'busy',NULL,NULL,NULL,NULL,NULL,'text',1762718600000,2);
INSERT INTO calls VALUES('CA_23456789ABCF','call ''x''; --','browser-3','',NULL,'sales','outbound',1762718500000,1762718501000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'voice',NULL,1);
CREATE TABLE turns (
    call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    who TEXT NOT NULL,
    text TEXT NOT NULL,
    -- Since the call started.
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL,
    -- How much of an agent's turn was heard.
    heard_ms INTEGER,
    interrupted INTEGER NOT NULL,
    -- Since the caller's last word.
    end_of_turn_ms INTEGER,
    transcript_ms INTEGER,
    first_words_ms INTEGER,
    first_clause_ms INTEGER,
    first_audio_ms INTEGER,
    total_ms INTEGER, stt_provider TEXT, llm_provider TEXT, tts_provider TEXT, stt_model TEXT, llm_model TEXT, tts_voice TEXT, prompt_tokens INTEGER, cached_tokens INTEGER, generated_tokens INTEGER,
    PRIMARY KEY (call, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO turns VALUES('CA_23456789ABCD',1,'agent','Hello, this is an automated agent.',1200,3400,2200,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO turns VALUES('CA_23456789ABCD',2,'caller','My card is 411111••••••1111.',4000,7000,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO turns VALUES('CA_23456789ABCD',3,'agent',replace('Thank you.\nGoodbye!','\n',char(10)),8000,9500,900,1,224,410,520,540,720,2100,NULL,'local/llama','local/espeak','starter-stt','smollm2-135m','صوت',48,42,12);
INSERT INTO turns VALUES('CA_23456789ABCF',1,'caller','أريد أن أسأل عن الفاتورة',1500,4200,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE vault (
    key_check BLOB NOT NULL
) STRICT;
INSERT INTO vault VALUES(X'3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b');
CREATE TABLE persons (
    id TEXT NOT NULL PRIMARY KEY,
    -- HMAC-SHA-256 of the telephone number under a key that is not in this file; null when there is no number.
    phone_digest BLOB UNIQUE,
    -- What is said of this person in the audit log can be read with this key only (itself encrypted under the key file's).
    -- Erasing the person erases it.
    sealed_key BLOB,
    erased_at INTEGER
) STRICT;
INSERT INTO persons VALUES('PE_23456789ABCD',X'00ff10',X'aabbcc',NULL);
INSERT INTO persons VALUES('PE_23456789ABCE',NULL,NULL,1762718500000);
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    -- As typed, and folded for comparing.
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    -- PHC string (Argon2id); null until the invitation is accepted.
    password TEXT,
    -- Encrypted under the key file's key; null: no second factor.
    sealed_totp BLOB,
    -- The last time step that was used: each code counts once.
    totp_step INTEGER,
    -- A second factor that waits for its first code.
    sealed_totp_new BLOB,
    language TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_login_at INTEGER,
    disabled_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO users VALUES('US_23456789ABCD','Nadia@Example.com','nadia@example.com','Nadia Haddad','admin','$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',X'01',58757280,NULL,'ar',1762718400000,1762718401000,1762718402000,NULL,3);
INSERT INTO users VALUES('US_23456789ABCE','omar@example.com','omar@example.com','عمر','agent',NULL,NULL,NULL,X'02',NULL,1762718400000,1762718401000,NULL,1762718403000,1);
CREATE TABLE user_links (
    digest BLOB NOT NULL PRIMARY KEY,
    -- Null: makes the first admin.
    user TEXT REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO user_links VALUES(X'11','US_23456789ABCE',1762718400000,1762804800000);
INSERT INTO user_links VALUES(X'12',NULL,1762718400000,1762804800000);
CREATE TABLE sessions (
    -- SHA-256 of the cookie's secret, which is not kept.
    digest BLOB NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    -- Where it was begun, for its owner to recognise.
    address TEXT NOT NULL,
    agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO sessions VALUES(X'21','SE_23456789ABCD','US_23456789ABCD',1762718402000,1762718460000,'192.0.2.7','Mozilla/5.0 (X11; "Linux")');
CREATE TABLE known_networks (
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- An address; of IPv6 the first half.
    network TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (user, network)
) STRICT, WITHOUT ROWID;
INSERT INTO known_networks VALUES('US_23456789ABCD','192.0.2.7',1762718402000);
CREATE TABLE audit_log (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    -- user, key, console or system; its id; and its name as it was then (staff, not callers).
    actor_kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    -- The address it came from; empty for the console and the system.
    origin TEXT NOT NULL,
    action TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    -- Before and after as JSON, without secrets. With a person, both are in `sealed`, under that person's key.
    detail TEXT,
    person TEXT REFERENCES persons (id),
    sealed BLOB
) STRICT;
INSERT INTO audit_log VALUES(1,1762718400000,'console','','','','create','user','US_23456789ABCD','{"after":{"email":"nadia@example.com"}}',NULL,NULL);
INSERT INTO audit_log VALUES(2,1762718402000,'user','US_23456789ABCD','Nadia Haddad','192.0.2.7','update','lead','LE_23456789ABCD',NULL,'PE_23456789ABCD',X'deadbeef');
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    -- JSON.
    value TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO settings VALUES('retention','{"transcript_days":90}',2,1762718400000);
CREATE TABLE provider_keys (
    provider TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    -- The last characters, to tell keys apart by.
    hint TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO provider_keys VALUES('twilio',X'31','…9f2c',1762718400000);
CREATE TABLE agent_profiles (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    language TEXT,
    voice TEXT,
    speed REAL NOT NULL,
    prompt TEXT NOT NULL,
    -- JSON: code of the language → text.
    greetings TEXT NOT NULL,
    script TEXT REFERENCES scripts (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
, silence_seconds INTEGER, max_minutes INTEGER) STRICT;
INSERT INTO agent_profiles VALUES('PR_23456789ABCD','sales','ar','piper-ar',1.1000000000000000888,'Be kind.','{"ar":"أهلا"}','SC_23456789ABCD',1762718400000,1762718400000,1,45,NULL);
INSERT INTO agent_profiles VALUES('PR_23456789ABCE','night',NULL,NULL,1.0,'Be ''brief''.','{}',NULL,1762718400000,1762718400000,1,NULL,20);
CREATE TABLE room_rules (
    id TEXT NOT NULL PRIMARY KEY,
    -- Rules are asked in this order; the first that fits decides.
    place INTEGER NOT NULL,
    pattern TEXT NOT NULL,
    -- A profile's name; null: nobody joins by itself.
    profile TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO room_rules VALUES('RU_23456789ABCD',1,'sales-*','sales',1762718400000,1762718400000,1);
INSERT INTO room_rules VALUES('RU_23456789ABCE',2,'*',NULL,1762718400000,1762718400000,1);
CREATE TABLE scripts (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    language TEXT,
    description TEXT NOT NULL,
    -- The version that new calls run; null: none is live.
    live_version INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Calls name it: it is hidden, not deleted.
    deleted_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    search TEXT NOT NULL
) STRICT;
INSERT INTO scripts VALUES('SC_23456789ABCD','Payment, "first" reminder','en','What we say; it''s short',2,1762718400000,1762718401000,NULL,2,'payment first reminder');
CREATE TABLE script_versions (
    script TEXT NOT NULL REFERENCES scripts (id),
    number INTEGER NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- The name of the member of staff.
    author TEXT NOT NULL,
    PRIMARY KEY (script, number)
) STRICT, WITHOUT ROWID;
INSERT INTO script_versions VALUES('SC_23456789ABCD',1,'Hello',1762718400000,'Nadia Haddad');
INSERT INTO script_versions VALUES('SC_23456789ABCD',2,'مرحبا',1762718401000,'عمر');
CREATE TABLE leads (
    -- Rises with each lead: searching gives the latest first.
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL REFERENCES persons (id),
    name TEXT NOT NULL,
    -- The name folded, to sort by.
    name_key TEXT NOT NULL,
    -- E.164, or null.
    phone TEXT,
    email TEXT,
    company TEXT,
    status TEXT NOT NULL,
    source TEXT,
    language TEXT,
    script TEXT REFERENCES scripts (id),
    notes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    -- Name, telephone number, e-mail address, company and notes, folded; and what lists are filtered by (`store::list`).
    -- Empty once it is deleted: it is then not in the index of words.
    search TEXT NOT NULL
) STRICT;
INSERT INTO leads VALUES(3,'LE_23456789ABCD','PE_23456789ABCD','ليلى حسن','ليلي حسن','+15005550006','layla@example.com','O''Brien & Co','new','web','ar','SC_23456789ABCD',replace('Line one\nline two','\n',char(10)),1762718400000,1762718402000,NULL,2,'ليلي حسن 15005550006 layla example com');
INSERT INTO leads VALUES(4,'LE_23456789ABCE','PE_23456789ABCE','','',NULL,NULL,NULL,'closed',NULL,NULL,NULL,'',1762718400000,1762718500000,1762718500000,3,'');
CREATE TABLE customers (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL REFERENCES persons (id),
    -- What the desk's own books call this customer.
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    phone TEXT,
    -- Masked when it arrived: six digits at the beginning and four at the end at most.
    card_masked TEXT,
    bank TEXT,
    amount_due INTEGER,
    -- To sort by: who owes nothing that is known stands before all others.
    amount_key INTEGER NOT NULL AS (coalesce(amount_due, -1)) VIRTUAL,
    -- 2026-11, or as it was given.
    due_month TEXT,
    overdue_days INTEGER,
    language TEXT,
    script TEXT REFERENCES scripts (id),
    notes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    search TEXT NOT NULL
) STRICT;
INSERT INTO customers VALUES(5,'CU_23456789ABCD','PE_23456789ABCD','4711','Layla Hassan','layla hassan','+15005550006','411111••••••1111','First Bank',250500,'2025-11',12,'en',NULL,'',1762718400000,1762718400000,NULL,1,'layla hassan first bank');
CREATE VIRTUAL TABLE leads_search USING fts5 (search, content = 'leads', content_rowid = 'seq', prefix = '1 2 3 4 5 6 8', tokenize = 'unicode61');
INSERT INTO leads_search (leads_search, rank) VALUES ('secure-delete', 1);
INSERT INTO leads_search (leads_search) VALUES ('rebuild');
CREATE VIRTUAL TABLE customers_search USING fts5 (search, content = 'customers', content_rowid = 'seq', prefix = '1 2 3 4 5 6 8', tokenize = 'unicode61');
INSERT INTO customers_search (customers_search, rank) VALUES ('secure-delete', 1);
INSERT INTO customers_search (customers_search) VALUES ('rebuild');
CREATE TABLE bookings (
    room TEXT NOT NULL PRIMARY KEY,
    lead TEXT REFERENCES leads (id),
    customer TEXT REFERENCES customers (id),
    script TEXT,
    script_version INTEGER,
    profile TEXT,
    language TEXT,
    -- The caller's display name; may be empty.
    caller_name TEXT NOT NULL,
    -- What whoever asked for the call knows; masked.
    context TEXT NOT NULL,
    direction TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- SHA-256 of what lets the person in, which is not kept; null: no link was made.
    link BLOB UNIQUE, owner TEXT,
    FOREIGN KEY (script, script_version) REFERENCES script_versions (script, number)
) STRICT, WITHOUT ROWID;
INSERT INTO bookings VALUES('call-4711',NULL,'CU_23456789ABCD','SC_23456789ABCD',2,'sales','ar','Layla','owes 250.500','outbound',1762718400000,1762804800000,X'41','US_23456789ABCD');
CREATE TABLE communications (
    id TEXT NOT NULL PRIMARY KEY,
    lead TEXT REFERENCES leads (id),
    customer TEXT REFERENCES customers (id),
    -- call, sms or note
    kind TEXT NOT NULL,
    direction TEXT,
    at INTEGER NOT NULL,
    text TEXT NOT NULL,
    outcome TEXT,
    call TEXT REFERENCES calls (id) ON DELETE SET NULL,
    sms TEXT REFERENCES sms_outbox (id) ON DELETE SET NULL,
    -- The member of staff; empty: the agent or the system.
    author TEXT NOT NULL
) STRICT;
INSERT INTO communications VALUES('CO_23456789ABCD','LE_23456789ABCD',NULL,'call','inbound',1762718460000,'','caller_left','CA_23456789ABCD',NULL,'');
INSERT INTO communications VALUES('CO_23456789ABCE','LE_23456789ABCD',NULL,'sms','outbound',1762718461000,'رسالة',NULL,NULL,'SM_23456789ABCD','عمر');
CREATE TABLE promises (
    id TEXT NOT NULL PRIMARY KEY,
    lead TEXT REFERENCES leads (id),
    customer TEXT REFERENCES customers (id),
    call TEXT REFERENCES calls (id) ON DELETE SET NULL,
    amount INTEGER NOT NULL,
    due_on TEXT NOT NULL,
    -- open, kept or broken
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
, deleted_at INTEGER) STRICT;
INSERT INTO promises VALUES('PM_23456789ABCD',NULL,'CU_23456789ABCD','CA_23456789ABCD',250500,'2025-11-30','open','',1762718460000,1762718460000,1,1762718500000);
CREATE TABLE callbacks (
    id TEXT NOT NULL PRIMARY KEY,
    lead TEXT REFERENCES leads (id),
    customer TEXT REFERENCES customers (id),
    call TEXT REFERENCES calls (id) ON DELETE SET NULL,
    due_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    -- open, done or dropped
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
, deleted_at INTEGER) STRICT;
INSERT INTO callbacks VALUES('CB_23456789ABCD','LE_23456789ABCD',NULL,NULL,1762804800000,'asked for "later"','open',1762718460000,1762718460000,1,1762718500000);
CREATE TABLE do_not_call (
    id TEXT NOT NULL PRIMARY KEY,
    -- HMAC-SHA-256 of the number: it is respected after the number itself was erased.
    phone_digest BLOB NOT NULL UNIQUE,
    -- E.164; null once the person was erased.
    phone TEXT,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    author TEXT NOT NULL
) STRICT;
INSERT INTO do_not_call VALUES('DN_23456789ABCD',X'51','+15005550007','asked',1762718460000,'Nadia Haddad');
INSERT INTO do_not_call VALUES('DN_23456789ABCE',X'52',NULL,'',1762718460000,'');
CREATE TABLE sms_outbox (
    id TEXT NOT NULL PRIMARY KEY,
    lead TEXT REFERENCES leads (id),
    customer TEXT REFERENCES customers (id),
    phone TEXT NOT NULL,
    text TEXT NOT NULL,
    -- held (outbox only), queued, sending, sent, delivered, failed, blocked (do not call) or unknown (it may have been sent)
    state TEXT NOT NULL,
    transport TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- When it is tried next; null: never.
    due_at INTEGER,
    -- What the transport calls it.
    reference TEXT,
    -- SHA-256 of the secret in the address where the transport reports on the latest attempt.
    callback BLOB UNIQUE,
    problem TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    author TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO sms_outbox VALUES('SM_23456789ABCD','LE_23456789ABCD',NULL,'+15005550006','Your link: "https://example.com"','held','outbox',0,NULL,NULL,NULL,NULL,1762718400000,1762718400000,'Nadia Haddad',1);
CREATE TABLE idempotency (
    -- Whose key it is: the API key's or user's id.
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    route TEXT NOT NULL,
    -- SHA-256 of the body.
    request BLOB NOT NULL,
    -- Null while the first request is still running.
    status INTEGER,
    -- Encrypted under the key file's key: answers hold tokens.
    sealed_answer BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency VALUES('AK_23456789ABCD','key-1','POST /api/voice/realtime',X'61',200,X'62',1762718460000);
INSERT INTO idempotency VALUES('AK_23456789ABCD','key-2','POST /api/voice/realtime',X'63',NULL,NULL,1762718460000);
CREATE TABLE imports (
    id TEXT NOT NULL PRIMARY KEY,
    -- leads or customers
    entity TEXT NOT NULL,
    -- The checked rows as JSON.
    rows TEXT NOT NULL,
    -- The id of the user or key.
    owner TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO imports VALUES('IM_23456789ABCD','leads','[{"name":"سارة"}]','US_23456789ABCD',1762718460000);
CREATE TABLE search_later (
    since INTEGER NOT NULL
) STRICT;
CREATE TABLE leads_search_due (
    -- The row's.
    seq INTEGER NOT NULL PRIMARY KEY,
    -- What the index has of it, for it forgets only what it is told; null: nothing.
    indexed TEXT
) STRICT;
INSERT INTO leads_search_due VALUES(3,'ليلي حسن 15005550006 layla example com');
CREATE TABLE customers_search_due (
    -- The row's.
    seq INTEGER NOT NULL PRIMARY KEY,
    -- What the index has of it, for it forgets only what it is told; null: nothing.
    indexed TEXT
) STRICT;
INSERT INTO customers_search_due VALUES(5,'layla hassan first bank');
CREATE TABLE wipe_due (
    since INTEGER NOT NULL
) STRICT;
INSERT INTO wipe_due VALUES(1762718400000);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('audit_log',2);
INSERT INTO sqlite_sequence VALUES('leads',4);
INSERT INTO sqlite_sequence VALUES('customers',5);
CREATE INDEX calls_by_start ON calls (started_at);
CREATE INDEX calls_not_ended ON calls (id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_user ON sessions (user);
CREATE INDEX audit_by_entity ON audit_log (entity, entity_id, seq);
CREATE INDEX audit_by_actor ON audit_log (actor, seq);
CREATE INDEX audit_by_person ON audit_log (person, entity) WHERE person IS NOT NULL;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE INDEX leads_by_update ON leads (updated_at, seq, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX leads_by_name ON leads (name_key, seq, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX leads_by_phone ON leads (phone);
CREATE INDEX leads_by_person ON leads (person);
CREATE UNIQUE INDEX customers_by_user_id ON customers (user_id) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_creation ON customers (seq, overdue_days, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_update ON customers (updated_at, seq, overdue_days, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_name ON customers (name_key, seq, overdue_days, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_amount ON customers (amount_key, seq, overdue_days, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_phone ON customers (phone);
CREATE INDEX customers_by_person ON customers (person);
CREATE INDEX bookings_by_expiry ON bookings (expires_at);
CREATE INDEX calls_not_erased ON calls (ended_at) WHERE erased_at IS NULL AND ended_at IS NOT NULL;
CREATE INDEX calls_by_lead ON calls (lead) WHERE lead IS NOT NULL;
CREATE INDEX calls_by_customer ON calls (customer) WHERE customer IS NOT NULL;
CREATE INDEX communications_by_lead ON communications (lead, at, id) WHERE lead IS NOT NULL;
CREATE INDEX communications_by_customer ON communications (customer, at, id) WHERE customer IS NOT NULL;
CREATE INDEX communications_by_call ON communications (call) WHERE call IS NOT NULL;
CREATE INDEX promises_by_due ON promises (due_on, id);
CREATE INDEX callbacks_by_due ON callbacks (due_at, id);
CREATE INDEX sms_by_due ON sms_outbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX sms_by_creation ON sms_outbox (created_at, id);
CREATE INDEX sms_by_state ON sms_outbox (state, created_at, id);
CREATE INDEX sms_by_lead ON sms_outbox (lead) WHERE lead IS NOT NULL;
CREATE INDEX sms_by_customer ON sms_outbox (customer) WHERE customer IS NOT NULL;
CREATE INDEX communications_by_sms ON communications (sms) WHERE sms IS NOT NULL;
CREATE INDEX idempotency_by_age ON idempotency (created_at);
CREATE INDEX imports_by_age ON imports (created_at);
CREATE TRIGGER leads_search_insert AFTER INSERT ON leads WHEN NOT EXISTS (SELECT 1 FROM search_later) BEGIN
    INSERT INTO leads_search (rowid, search) VALUES (new.seq, new.search);
END;
CREATE TRIGGER leads_search_insert_later AFTER INSERT ON leads WHEN EXISTS (SELECT 1 FROM search_later) BEGIN
    INSERT INTO leads_search_due (seq) VALUES (new.seq);
END;
CREATE TRIGGER leads_search_update AFTER UPDATE OF search ON leads
WHEN old.search IS NOT new.search AND NOT EXISTS (SELECT 1 FROM search_later)
    AND NOT EXISTS (SELECT 1 FROM leads_search_due WHERE seq = new.seq)
BEGIN
    INSERT INTO leads_search (leads_search, rowid, search) VALUES ('delete', old.seq, old.search);
    INSERT INTO leads_search (rowid, search) VALUES (new.seq, new.search);
END;
CREATE TRIGGER leads_search_update_later AFTER UPDATE OF search ON leads
WHEN old.search IS NOT new.search AND EXISTS (SELECT 1 FROM search_later) BEGIN
    INSERT OR IGNORE INTO leads_search_due (seq, indexed) VALUES (old.seq, old.search);
END;
CREATE TRIGGER leads_search_delete AFTER DELETE ON leads BEGIN
    INSERT INTO leads_search (leads_search, rowid, search)
        SELECT 'delete', old.seq, old.search WHERE NOT EXISTS (SELECT 1 FROM leads_search_due WHERE seq = old.seq)
        UNION ALL
        SELECT 'delete', seq, indexed FROM leads_search_due WHERE seq = old.seq AND indexed IS NOT NULL;
    DELETE FROM leads_search_due WHERE seq = old.seq;
END;
CREATE TRIGGER customers_search_insert AFTER INSERT ON customers WHEN NOT EXISTS (SELECT 1 FROM search_later) BEGIN
    INSERT INTO customers_search (rowid, search) VALUES (new.seq, new.search);
END;
CREATE TRIGGER customers_search_insert_later AFTER INSERT ON customers WHEN EXISTS (SELECT 1 FROM search_later) BEGIN
    INSERT INTO customers_search_due (seq) VALUES (new.seq);
END;
CREATE TRIGGER customers_search_update AFTER UPDATE OF search ON customers
WHEN old.search IS NOT new.search AND NOT EXISTS (SELECT 1 FROM search_later)
    AND NOT EXISTS (SELECT 1 FROM customers_search_due WHERE seq = new.seq)
BEGIN
    INSERT INTO customers_search (customers_search, rowid, search) VALUES ('delete', old.seq, old.search);
    INSERT INTO customers_search (rowid, search) VALUES (new.seq, new.search);
END;
CREATE TRIGGER customers_search_update_later AFTER UPDATE OF search ON customers
WHEN old.search IS NOT new.search AND EXISTS (SELECT 1 FROM search_later) BEGIN
    INSERT OR IGNORE INTO customers_search_due (seq, indexed) VALUES (old.seq, old.search);
END;
CREATE TRIGGER customers_search_delete AFTER DELETE ON customers BEGIN
    INSERT INTO customers_search (customers_search, rowid, search)
        SELECT 'delete', old.seq, old.search WHERE NOT EXISTS (SELECT 1 FROM customers_search_due WHERE seq = old.seq)
        UNION ALL
        SELECT 'delete', seq, indexed FROM customers_search_due WHERE seq = old.seq AND indexed IS NOT NULL;
    DELETE FROM customers_search_due WHERE seq = old.seq;
END;
CREATE INDEX bookings_by_owner ON bookings (owner, expires_at) WHERE owner IS NOT NULL;
COMMIT;
