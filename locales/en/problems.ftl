# What is wrong with what was sent. `problem-…` follows the name of a field, or stands below it; the keys are the API's own
# English sentences, with n for a number. `error-…` are whole sentences, by the kinds of problem details.
problem-is-missing = is missing
problem-is-missing-give-a-name-or-a-telephone-number = is missing: give a name or a telephone number
problem-must-be-a-text = must be a text
problem-must-not-be-empty = must not be empty
problem-has-control-characters-in-it = has control characters in it
problem-is-longer-than-n-characters = is longer than { $n } characters
problem-is-longer-than-n-kib = is longer than { $n } KiB
problem-must-not-be-a-payment-card-s-number = must not be a payment card's number
problem-must-be-one-of = must be one of
problem-names-no-script = names no script
problem-is-somebody-else-s = is somebody else's
problem-is-wrong = is wrong

error-no-session = You are not logged in any more: log in, and do it once more.
error-role = Your role does not allow this: ask an administrator.
error-foreign-page = This was not sent by a page of this server: open the page again, and repeat what you did.
error-form = This is not what the page's form sends: open the page again, and repeat what you did.
error-not-found = It is not there any more.
error-stale = Somebody else has changed this since you read it: read it again, and repeat what you changed.
error-too-often = Too many requests: try again in a moment.
error-store = The database does not answer: try again, and look at the log if it stays so.
error-failed = This request failed: the log says why.
error-late = No agent answered in time: try again in a moment.
