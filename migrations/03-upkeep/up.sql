-- The rows of a file are written at once, and their words indexed afterwards, a few at a time, so that nobody waits for long.

-- Has a row as long as a transaction wants that: its rows are then due, and not indexed. No transaction leaves one behind.
CREATE TABLE search_later (
    since INTEGER NOT NULL
) STRICT;

CREATE TABLE leads_search_due (
    -- The row's.
    seq INTEGER NOT NULL PRIMARY KEY,
    -- What the index has of it, for it forgets only what it is told; null: nothing.
    indexed TEXT
) STRICT;

DROP TRIGGER leads_search_insert;
CREATE TRIGGER leads_search_insert AFTER INSERT ON leads WHEN NOT EXISTS (SELECT 1 FROM search_later) BEGIN
    INSERT INTO leads_search (rowid, search) VALUES (new.seq, new.search);
END;
CREATE TRIGGER leads_search_insert_later AFTER INSERT ON leads WHEN EXISTS (SELECT 1 FROM search_later) BEGIN
    INSERT INTO leads_search_due (seq) VALUES (new.seq);
END;

DROP TRIGGER leads_search_update;
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

DROP TRIGGER leads_search_delete;
CREATE TRIGGER leads_search_delete AFTER DELETE ON leads BEGIN
    INSERT INTO leads_search (leads_search, rowid, search)
        SELECT 'delete', old.seq, old.search WHERE NOT EXISTS (SELECT 1 FROM leads_search_due WHERE seq = old.seq)
        UNION ALL
        SELECT 'delete', seq, indexed FROM leads_search_due WHERE seq = old.seq AND indexed IS NOT NULL;
    DELETE FROM leads_search_due WHERE seq = old.seq;
END;

CREATE TABLE customers_search_due (
    -- The row's.
    seq INTEGER NOT NULL PRIMARY KEY,
    -- What the index has of it, for it forgets only what it is told; null: nothing.
    indexed TEXT
) STRICT;

DROP TRIGGER customers_search_insert;
CREATE TRIGGER customers_search_insert AFTER INSERT ON customers WHEN NOT EXISTS (SELECT 1 FROM search_later) BEGIN
    INSERT INTO customers_search (rowid, search) VALUES (new.seq, new.search);
END;
CREATE TRIGGER customers_search_insert_later AFTER INSERT ON customers WHEN EXISTS (SELECT 1 FROM search_later) BEGIN
    INSERT INTO customers_search_due (seq) VALUES (new.seq);
END;

DROP TRIGGER customers_search_update;
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

DROP TRIGGER customers_search_delete;
CREATE TRIGGER customers_search_delete AFTER DELETE ON customers BEGIN
    INSERT INTO customers_search (customers_search, rowid, search)
        SELECT 'delete', old.seq, old.search WHERE NOT EXISTS (SELECT 1 FROM customers_search_due WHERE seq = old.seq)
        UNION ALL
        SELECT 'delete', seq, indexed FROM customers_search_due WHERE seq = old.seq AND indexed IS NOT NULL;
    DELETE FROM customers_search_due WHERE seq = old.seq;
END;

-- What was erased may still be found in the file until it is written anew: since when that is due. One row at most.
CREATE TABLE wipe_due (
    since INTEGER NOT NULL
) STRICT;

-- The id of the user or key who has booked it; null: nobody knows.
ALTER TABLE bookings ADD COLUMN owner TEXT;
CREATE INDEX bookings_by_owner ON bookings (owner, expires_at) WHERE owner IS NOT NULL;
-- Promises and callbacks can be deleted like what they are about: they are hidden, and calls and the audit log still name them.
ALTER TABLE promises ADD COLUMN deleted_at INTEGER;
ALTER TABLE callbacks ADD COLUMN deleted_at INTEGER;
-- Which model or voice of the provider each stage ran.
ALTER TABLE turns ADD COLUMN stt_model TEXT;
ALTER TABLE turns ADD COLUMN llm_model TEXT;
ALTER TABLE turns ADD COLUMN tts_voice TEXT;
-- What the language model read, how much of that it found in its cache, and what it wrote; null when it was not asked, or
-- did not come to its end.
ALTER TABLE turns ADD COLUMN prompt_tokens INTEGER;
ALTER TABLE turns ADD COLUMN cached_tokens INTEGER;
ALTER TABLE turns ADD COLUMN generated_tokens INTEGER;
