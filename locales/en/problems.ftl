# What is wrong with what was sent, in whole sentences, by the kinds of problem details. What is wrong with a field is the API's own
# English; other languages have it under `problem-` and that English.
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
