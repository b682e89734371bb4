# What is going on.
today-calls = { $count ->
    [one] call today
   *[other] calls today
}
today-answered = { $count ->
    [one] of them answered
   *[other] of them answered
}
today-promises = { $count ->
    [one] promise given today
   *[other] promises given today
}
today-callbacks = { $count ->
    [one] callback due
   *[other] callbacks due
}

now = Calls now
now-lines = { $count ->
    [0] Nobody is calling. { $capacity ->
        [one] One call can be served at a time.
       *[other] { $capacity } calls can be served at a time.
    }
   *[other] { $count } of { $capacity } lines are taken.
}
now-since = since { $name }

waiting = How long callers wait
waiting-hint = Seconds from a caller's last word to the first sound of the answer, in the last 24 hours.
waiting-nothing = Nobody was answered in the last 24 hours.
waiting-hour = Hour
waiting-median = Half wait less than
waiting-slow = One in twenty waits longer than
waiting-answers = Answers
as-table = As a table

job-vad = Tells speech from silence
job-stt = Hears
job-turn = Knows when a caller has finished
job-llm = Thinks
job-tts = Speaks

stock = Models and disk
stock-free = { $name } free on the disk of the data folder
stock-no-models = No model is installed yet.
