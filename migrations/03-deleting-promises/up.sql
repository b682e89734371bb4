-- Promises and callbacks can be deleted like what they are about: they are hidden, and calls and the audit log still name them.
ALTER TABLE promises ADD COLUMN deleted_at INTEGER;
ALTER TABLE callbacks ADD COLUMN deleted_at INTEGER;
