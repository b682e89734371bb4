-- A database of schema version 1, as that version's program has left it: the tests upgrade it. Never changed.
PRAGMA user_version = 1;
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
INSERT INTO "api_keys" VALUES('AK_23456789ABCD','shop','token dispatch',X'7692C3AD3540BB803C020B3AEE66CD8887123234EA0C6E7143C0ADD73FF431ED','csk_abcd',1762718400000,1762718405000,NULL);
INSERT INTO "api_keys" VALUES('AK_23456789ABCE','متجر','admin',X'3FC4CCFE745870E2C0D99F71F30FF0656C8DEDD41CC1D7D3D376B0DBE685E2F3','csk_efgh',1762718400000,NULL,1762718409000);
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
INSERT INTO "calls" VALUES('CA_23456789ABCD','call-7','browser-1','Amanda Castlemaine','en','default','inbound',1762718400000,1762718401200,1762718460000,'caller_left');
INSERT INTO "calls" VALUES('CA_23456789ABCE','support/عربي','phone-2','سارة أحمد','ar','default','inbound',1762718490000,NULL,1762718495000,'busy');
INSERT INTO "calls" VALUES('CA_23456789ABCF','call ''x''; --','browser-3','',NULL,'sales','outbound',1762718500000,1762718501000,NULL,NULL);
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
INSERT INTO "turns" VALUES('CA_23456789ABCD',1,'agent','Hello, this is an automated agent.',1200,3400,2200,0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "turns" VALUES('CA_23456789ABCD',2,'caller','My card is 411111••••••1111.',4000,7000,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "turns" VALUES('CA_23456789ABCD',3,'agent','Thank you.
Goodbye!',8000,9500,900,1,224,410,520,540,720,2100);
INSERT INTO "turns" VALUES('CA_23456789ABCF',1,'caller','أريد أن أسأل عن الفاتورة',1500,4200,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX calls_by_start ON calls (started_at);
CREATE INDEX calls_not_ended ON calls (id) WHERE ended_at IS NULL;
COMMIT;
