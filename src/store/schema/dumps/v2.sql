-- A database of schema version 2, as that version's program has left it: the tests upgrade it. Never changed.
PRAGMA user_version = 2;
BEGIN TRANSACTION;
-- Moments are milliseconds since 1970, UTC. Spans are milliseconds. Words (reasons, sides, scopes) are those of the code.

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
    end_reason TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT;

CREATE INDEX calls_by_start ON calls (started_at);

-- Those that are running: few, among very many.
CREATE INDEX calls_not_ended ON calls (id) WHERE ended_at IS NULL;

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
    total_ms INTEGER,
    PRIMARY KEY (call, seq)
) STRICT, WITHOUT ROWID;

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
INSERT INTO "api_keys" VALUES('AK_23456789ABCD','shop','token dispatch',X'7692C3AD3540BB803C020B3AEE66CD8887123234EA0C6E7143C0ADD73FF431ED','csk_abcd',1762718400000,1762718405000,NULL);
INSERT INTO "api_keys" VALUES('AK_23456789ABCE','متجر','admin',X'3FC4CCFE745870E2C0D99F71F30FF0656C8DEDD41CC1D7D3D376B0DBE685E2F3','csk_efgh',1762718400000,NULL,1762718409000);
INSERT INTO "calls" VALUES('CA_23456789ABCD','call-7','browser-1','Amanda Castlemaine','en','default','inbound',1762718400000,1762718401200,1762718460000,'caller_left');
INSERT INTO "calls" VALUES('CA_23456789ABCE','support/عربي','phone-2','سارة أحمد','ar','default','inbound',1762718490000,NULL,1762718495000,'busy');
INSERT INTO "calls" VALUES('CA_23456789ABCF','call ''x''; --','browser-3','',NULL,'sales','outbound',1762718500000,1762718501000,NULL,NULL);
INSERT INTO "turns" VALUES('CA_23456789ABCD',1,'agent','Hello, this is an automated agent.',1200,3400,2200,0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "turns" VALUES('CA_23456789ABCD',2,'caller','My card is 411111••••••1111.',4000,7000,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "turns" VALUES('CA_23456789ABCD',3,'agent','Thank you.
Goodbye!',8000,9500,900,1,224,410,520,540,720,2100);
INSERT INTO "turns" VALUES('CA_23456789ABCF',1,'caller','أريد أن أسأل عن الفاتورة',1500,4200,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL);
-- Moments are milliseconds since 1970, UTC. Days are text (2026-11-21). Amounts are thousandths of the currency's unit.
-- Words (roles, states, kinds) are those of the code. `version` counts the changes of a row, for ETag and If-Match.

-- One row: a digest that only the right key file makes.
CREATE TABLE vault (
    key_check BLOB NOT NULL
) STRICT;

-- People whose data is kept, as far as erasing it goes: a lead and a customer with the same telephone number are one.
CREATE TABLE persons (
    id TEXT NOT NULL PRIMARY KEY,
    -- HMAC-SHA-256 of the telephone number under a key that is not in this file; null when there is no number.
    phone_digest BLOB UNIQUE,
    -- What is said of this person in the audit log can be read with this key only (itself encrypted under the key file's).
    -- Erasing the person erases it.
    sealed_key BLOB,
    erased_at INTEGER
) STRICT;

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

-- One-time links: the first set-up, invitations, forgotten passwords.
CREATE TABLE user_links (
    digest BLOB NOT NULL PRIMARY KEY,
    -- Null: makes the first admin.
    user TEXT REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE INDEX sessions_by_user ON sessions (user);

-- Where members of staff have logged in from: guesses from elsewhere do not shut them out there.
CREATE TABLE known_networks (
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- An address; of IPv6 the first half.
    network TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (user, network)
) STRICT, WITHOUT ROWID;

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

CREATE INDEX audit_by_entity ON audit_log (entity, entity_id, seq);
CREATE INDEX audit_by_actor ON audit_log (actor, seq);
CREATE INDEX audit_by_person ON audit_log (person, entity) WHERE person IS NOT NULL;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    -- JSON.
    value TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys of other services, encrypted under the key file's key.
CREATE TABLE provider_keys (
    provider TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    -- The last characters, to tell keys apart by.
    hint TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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
) STRICT;

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

-- Never changed; saving makes another.
CREATE TABLE script_versions (
    script TEXT NOT NULL REFERENCES scripts (id),
    number INTEGER NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- The name of the member of staff.
    author TEXT NOT NULL,
    PRIMARY KEY (script, number)
) STRICT, WITHOUT ROWID;

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

-- Each has what a list asks for beside the order, so that rows which do not fit are passed over without being read.
CREATE INDEX leads_by_update ON leads (updated_at, seq, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX leads_by_name ON leads (name_key, seq, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX leads_by_phone ON leads (phone);
CREATE INDEX leads_by_person ON leads (person);

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

CREATE UNIQUE INDEX customers_by_user_id ON customers (user_id) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_creation ON customers (seq, overdue_days, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_update ON customers (updated_at, seq, overdue_days, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_name ON customers (name_key, seq, overdue_days, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_amount ON customers (amount_key, seq, overdue_days, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_phone ON customers (phone);
CREATE INDEX customers_by_person ON customers (person);

-- Words that are searched for, also by their beginnings: with an index for each length, however many words begin so, the
-- first page is there at once. `secure-delete` leaves nothing of a deleted row in the index.
CREATE VIRTUAL TABLE leads_search USING fts5 (search, content = 'leads', content_rowid = 'seq', prefix = '1 2 3 4 5 6 8', tokenize = 'unicode61');
INSERT INTO leads_search (leads_search, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER leads_search_insert AFTER INSERT ON leads BEGIN
    INSERT INTO leads_search (rowid, search) VALUES (new.seq, new.search);
END;
CREATE TRIGGER leads_search_delete AFTER DELETE ON leads BEGIN
    INSERT INTO leads_search (leads_search, rowid, search) VALUES ('delete', old.seq, old.search);
END;
CREATE TRIGGER leads_search_update AFTER UPDATE OF search ON leads WHEN old.search IS NOT new.search BEGIN
    INSERT INTO leads_search (leads_search, rowid, search) VALUES ('delete', old.seq, old.search);
    INSERT INTO leads_search (rowid, search) VALUES (new.seq, new.search);
END;

CREATE VIRTUAL TABLE customers_search USING fts5 (search, content = 'customers', content_rowid = 'seq', prefix = '1 2 3 4 5 6 8', tokenize = 'unicode61');
INSERT INTO customers_search (customers_search, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER customers_search_insert AFTER INSERT ON customers BEGIN
    INSERT INTO customers_search (rowid, search) VALUES (new.seq, new.search);
END;
CREATE TRIGGER customers_search_delete AFTER DELETE ON customers BEGIN
    INSERT INTO customers_search (customers_search, rowid, search) VALUES ('delete', old.seq, old.search);
END;
CREATE TRIGGER customers_search_update AFTER UPDATE OF search ON customers WHEN old.search IS NOT new.search BEGIN
    INSERT INTO customers_search (customers_search, rowid, search) VALUES ('delete', old.seq, old.search);
    INSERT INTO customers_search (rowid, search) VALUES (new.seq, new.search);
END;

-- What an agent needs to know in a room that was made for somebody. The caller's client has no say in it.
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
    link BLOB UNIQUE,
    FOREIGN KEY (script, script_version) REFERENCES script_versions (script, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX bookings_by_expiry ON bookings (expires_at);

ALTER TABLE calls ADD COLUMN lead TEXT REFERENCES leads (id);
ALTER TABLE calls ADD COLUMN customer TEXT REFERENCES customers (id);
ALTER TABLE calls ADD COLUMN script TEXT REFERENCES scripts (id);
ALTER TABLE calls ADD COLUMN script_version INTEGER;
-- What came of it, in a word of the desk's; null: nothing was noted.
ALTER TABLE calls ADD COLUMN outcome TEXT;
-- voice or text.
ALTER TABLE calls ADD COLUMN medium TEXT NOT NULL DEFAULT 'voice';
-- Since then the transcript is gone.
ALTER TABLE calls ADD COLUMN erased_at INTEGER;
ALTER TABLE calls ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
-- Those whose transcripts will be too old some day.
CREATE INDEX calls_not_erased ON calls (ended_at) WHERE erased_at IS NULL AND ended_at IS NOT NULL;
CREATE INDEX calls_by_lead ON calls (lead) WHERE lead IS NOT NULL;
CREATE INDEX calls_by_customer ON calls (customer) WHERE customer IS NOT NULL;

-- Which engine or service served each stage.
ALTER TABLE turns ADD COLUMN stt_provider TEXT;
ALTER TABLE turns ADD COLUMN llm_provider TEXT;
ALTER TABLE turns ADD COLUMN tts_provider TEXT;

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

CREATE INDEX communications_by_lead ON communications (lead, at, id) WHERE lead IS NOT NULL;
CREATE INDEX communications_by_customer ON communications (customer, at, id) WHERE customer IS NOT NULL;
CREATE INDEX communications_by_call ON communications (call) WHERE call IS NOT NULL;

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
) STRICT;

CREATE INDEX promises_by_due ON promises (due_on, id);

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
) STRICT;

CREATE INDEX callbacks_by_due ON callbacks (due_at, id);

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

CREATE INDEX sms_by_due ON sms_outbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX sms_by_creation ON sms_outbox (created_at, id);
CREATE INDEX sms_by_state ON sms_outbox (state, created_at, id);
CREATE INDEX sms_by_lead ON sms_outbox (lead) WHERE lead IS NOT NULL;
CREATE INDEX sms_by_customer ON sms_outbox (customer) WHERE customer IS NOT NULL;
CREATE INDEX communications_by_sms ON communications (sms) WHERE sms IS NOT NULL;

-- Answers to requests with an Idempotency-Key, to be given again.
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

CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- Files that wait to be confirmed after their preview.
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

CREATE INDEX imports_by_age ON imports (created_at);
INSERT INTO vault VALUES(X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F');
INSERT INTO persons VALUES('PE_23456789ABCD',X'101112131415161718191A1B1C1D1E1F000102030405060708090A0B0C0D0E0F',X'00FF01FE',NULL);
INSERT INTO persons VALUES('PE_23456789ABCE',NULL,NULL,1795000000000);
INSERT INTO users VALUES('US_23456789ABCD','Admin@Example.com','admin@example.com','سارة','admin','$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',X'AABB',59833333,NULL,'ar',1795000000000,1795000001000,1795000002000,NULL,3);
INSERT INTO users VALUES('US_23456789ABCE','new@example.com','new@example.com','O''Neil; --','viewer',NULL,NULL,NULL,X'CC',NULL,1795000000000,1795000000000,NULL,1795000003000,1);
INSERT INTO user_links VALUES(X'01',NULL,1795000000000,1795003600000);
INSERT INTO user_links VALUES(X'02','US_23456789ABCE',1795000000000,1795003600000);
INSERT INTO sessions VALUES(X'03','SE_23456789ABCD','US_23456789ABCD',1795000000000,1795000001000,'192.0.2.7','متصفح');
INSERT INTO known_networks VALUES('US_23456789ABCD','192.0.2.7',1795000000000);
INSERT INTO settings VALUES('country','"EG"',1,1795000000000);
INSERT INTO settings VALUES('retentionDays','{"transcripts":30}',2,1795000000000);
INSERT INTO provider_keys VALUES('twilio',X'0102','…abcd',1795000000000);
INSERT INTO scripts VALUES('SC_23456789ABCD','ترحيب','ar','for ''new'' leads',2,1795000000000,1795000001000,NULL,1,'ترحيب');
INSERT INTO script_versions VALUES('SC_23456789ABCD',1,'Say hello.',1795000000000,'سارة');
INSERT INTO script_versions VALUES('SC_23456789ABCD',2,'قل مرحبا
ثم اسأل.',1795000001000,'');
INSERT INTO agent_profiles VALUES('AP_23456789ABCD','default',NULL,NULL,1.0,'Be kind.','{"en":"Hello"}','SC_23456789ABCD',1795000000000,1795000000000,1);
INSERT INTO room_rules VALUES('RR_23456789ABCD',1,'call-*','default',1795000000000,1795000000000,1);
INSERT INTO room_rules VALUES('RR_23456789ABCE',2,'*',NULL,1795000000000,1795000000000,1);
INSERT INTO leads VALUES(1,'LE_23456789ABCD','PE_23456789ABCD','Amanda O''Neil','amanda o''neil','+442079460958','a@example.com',NULL,'new','web','en','SC_23456789ABCD','',1795000000000,1795000000000,NULL,1,'amanda o''neil
442079460958');
INSERT INTO leads VALUES(3,'LE_23456789ABCE','PE_23456789ABCE','سارة أحمد','ساره احمد',NULL,NULL,'شركة','lost',NULL,NULL,NULL,'ملاحظة',1795000000000,1795000005000,1795000005000,2,'');
INSERT INTO customers (seq, id, person, user_id, name, name_key, phone, card_masked, bank, amount_due, due_month, overdue_days, language, script, notes, created_at, updated_at, deleted_at, version, search)
VALUES(1,'CU_23456789ABCD','PE_23456789ABCD','7','عمر','عمر','+442079460958','411111••••••1111','بنك',12500000,'2026-11',40,'ar',NULL,'',1795000000000,1795000000000,NULL,1,'عمر
7');
INSERT INTO customers (seq, id, person, user_id, name, name_key, notes, created_at, updated_at, deleted_at, version, search)
VALUES(2,'CU_23456789ABCE','PE_23456789ABCE','8','','','',1795000000000,1795000000000,1795000009000,4,'');
INSERT INTO bookings VALUES('voice-support-1','LE_23456789ABCD',NULL,'SC_23456789ABCD',2,'default','en','Amanda','wants a call','outbound',1795000000000,1795086400000,X'0A');
UPDATE calls SET lead = 'LE_23456789ABCD', script = 'SC_23456789ABCD', script_version = 1, outcome = 'promised' WHERE id = 'CA_23456789ABCD';
UPDATE calls SET erased_at = 1795000000000, medium = 'text', version = 2 WHERE id = 'CA_23456789ABCE';
INSERT INTO sms_outbox VALUES('SM_23456789ABCD','LE_23456789ABCD',NULL,'+442079460958','Hello; it''s us','sent','twilio',1,NULL,'SM1',X'0B',NULL,1795000000000,1795000001000,'سارة',2);
INSERT INTO sms_outbox VALUES('SM_23456789ABCE',NULL,'CU_23456789ABCD','+442079460958','مرحبا','held','outbox',0,NULL,NULL,NULL,NULL,1795000000000,1795000001000,'',1);
INSERT INTO communications VALUES('CO_23456789ABCD','LE_23456789ABCD',NULL,'call','inbound',1795000000000,'ملخص','promised','CA_23456789ABCD',NULL,'');
INSERT INTO communications VALUES('CO_23456789ABCE',NULL,'CU_23456789ABCD','sms','outbound',1795000000000,'مرحبا',NULL,NULL,'SM_23456789ABCE','سارة');
INSERT INTO promises VALUES('PM_23456789ABCD',NULL,'CU_23456789ABCD','CA_23456789ABCD',5000,'2026-12-01','open','',1795000000000,1795000000000,1);
INSERT INTO callbacks VALUES('CB_23456789ABCD','LE_23456789ABCD',NULL,NULL,1795100000000,'بعد الظهر','open',1795000000000,1795000000000,1);
INSERT INTO do_not_call VALUES('DN_23456789ABCD',X'0C',NULL,'',1795000000000,'سارة');
INSERT INTO do_not_call VALUES('DN_23456789ABCE',X'0D','+442079460111','asked',1795000000000,'');
INSERT INTO idempotency VALUES('AK_23456789ABCD','k1','POST /api/call',X'0E',200,X'0F',1795000000000);
INSERT INTO idempotency VALUES('AK_23456789ABCD','k2','POST /api/call',X'0E',NULL,NULL,1795000000000);
INSERT INTO imports VALUES('IM_23456789ABCD','leads','{"rows":[]}','US_23456789ABCD',1795000000000);
INSERT INTO audit_log VALUES(1,1795000000000,'user','US_23456789ABCD','سارة','192.0.2.7','create','lead','LE_23456789ABCD',NULL,'PE_23456789ABCD',X'11');
INSERT INTO audit_log VALUES(2,1795000000001,'console','','','','update','setting','country','{"before":null,"after":"EG"}',NULL,NULL);
COMMIT;
